import { ago } from '../../words/times.ts'
import type { CaptureLine } from '../answers.ts'
import type { CapturesPage, Shown } from '../captures-page.ts'
import { countsWords } from '../job-words.ts'
import { bytesWords, countWords, lengthWords, rateWords, STATES, shareWords } from '../words.ts'
import { CanvasesTable } from './canvases-table.tsx'
import { CoverageBar } from './coverage-bar.tsx'
import { HolesTable } from './holes-table.tsx'
import { focusJobs } from './jobs-panel.tsx'

const DOTS = { following: 'live', connecting: 'connecting', stopped: 'closed', ended: 'still' } as const

/** Of a capture's panel. */
export function panelId(name: string): string {
  return `capture-${name}`
}

/** How one capture is doing. */
export function CapturePanel({ page, shown }: { page: CapturesPage; shown: Shown }) {
  const nowMs = page.nowMs.value
  const isOrganiser = page.organiser.isIn.value
  const { line, report } = shown
  const { name, state, problem, waiting } = line
  const canvases = report?.canvases ?? []
  const hasBoard = line.kind !== 'feed' && line.report.canvases.length > 0
  const board = new URLSearchParams({ board: name })
  return (
    <section class="panel part" id={panelId(name)} aria-label={name}>
      <div class="capture-head">
        <h2>
          <bdi>{name}</bdi>
        </h2>
        <output class="status" data-status={DOTS[state]}>
          <span class="dot" aria-hidden="true" />
          <span>{STATES[state]}</span>
        </output>
        <span class="quiet source">
          <bdi>{line.report.source}</bdi>
        </span>
        {hasBoard && (
          <>
            <a class="link-button" href={`/?${board}`}>
              Board
            </a>
            <a class="link-button" href={`/boards/${encodeURIComponent(name)}/stats`}>
              Statistics
            </a>
          </>
        )}
        {isOrganiser && state !== 'ended' && (
          <button type="button" aria-haspopup="dialog" onClick={() => page.open({ kind: 'stop', name })}>
            Stop<span class="hidden"> following {name}</span>
          </button>
        )}
      </div>
      {problem !== null && (
        <p class="trouble" role="status">
          {problem}
        </p>
      )}
      {waiting?.isStalled === true && (
        <p class="trouble" role="status">
          The disk or the log takes nothing more now: raw messages go first, everything else waits.
        </p>
      )}
      <div class="capture-body">
        <div class="capture-facts">
          <Facts shown={shown} nowMs={nowMs}>
            {isOrganiser && line.kind !== 'feed' && <JobsFact page={page} name={name} />}
          </Facts>
          {canvases.map((canvas) => (
            <CoverageBar
              key={canvas.canvas}
              canvas={canvas}
              name={line.kind === 'place' ? `canvas ${canvas.canvas}` : 'coverage'}
            />
          ))}
        </div>
        {hasBoard && <LastFrame shown={shown} nowMs={nowMs} />}
      </div>
      {canvases.length > 0 && line.kind === 'place' && <CanvasesTable canvases={canvases} />}
      <HolesTable canvases={canvases} />
    </section>
  )
}

function Facts({
  shown,
  nowMs,
  children,
}: {
  shown: Shown
  nowMs: number
  children: preact.ComponentChildren
}) {
  const { line } = shown
  const { report, waiting, state } = line
  const rates = state === 'ended' ? undefined : shown.rates
  const lastMs = lastFrameOf(line)?.arrivedMs
  const holes = report.canvases.reduce((sum, canvas) => sum + canvas.holes, 0)
  const [lag50, lag99] = [worst(line, 'p50Ms'), worst(line, 'p99Ms')]
  return (
    <dl class="facts">
      <Fact name="Rate">
        {rates === undefined ? '–' : rateWords(rates.messages)}
        <Aside>
          {rates === undefined || line.kind !== 'place'
            ? 'messages'
            : `messages; ${rateWords(rates.frames)} frames`}
        </Aside>
      </Fact>
      <Fact name="Lag of the board">
        {lag99 === 0 ? '–' : lengthWords(lag99)}
        <Aside>{lag99 === 0 ? '' : `p99; p50 ${lengthWords(lag50)}`}</Aside>
      </Fact>
      <Fact name="Covered">
        {report.canvases.length === 0 ? '–' : shareWords(coveredOf(line))}
        <Aside>{holes === 1 ? '1 hole' : `${countWords(holes)} holes`}</Aside>
      </Fact>
      {line.kind === 'place' && (
        <>
          <Fact name="Jobs that wait">
            {waiting === null ? '–' : countWords(waiting.downloads + waiting.asks)}
            <Aside>
              {waiting === null
                ? 'not followed here'
                : `${countWords(waiting.downloads)} frames, ${countWords(waiting.asks)} questions for authors`}
            </Aside>
          </Fact>
          <Fact name="Authors told">
            {countWords(countOf(line, 'answered'))}
            <Aside>changes; {countWords(countOf(line, 'unasked'))} not asked for</Aside>
          </Fact>
        </>
      )}
      <Fact name="Kept">
        {countWords(report.counts.messages)}
        <Aside>messages, {bytesWords(report.counts.bytes)}</Aside>
      </Fact>
      <Fact name={line.kind === 'place' ? 'Last frame' : 'Last heard of'}>
        {lastMs === undefined ? '–' : ago(lastMs, nowMs)}
        <Aside>since {new Date(report.beganMs).toISOString().slice(0, 16).replace('T', ' ')} UTC</Aside>
      </Fact>
      {children}
    </dl>
  )
}

/** What the organiser sees of the jobs of one capture; all of them are in their own panel. */
function JobsFact({ page, name }: { page: CapturesPage; name: string }) {
  const { answer, asked } = page.jobs
  if (answer.value === undefined) return null
  const counts = answer.value.captures[name]
  const words = counts === undefined ? '' : countsWords(counts)
  return (
    <Fact name="Lost frames to fetch">
      {words === '' ? (
        'None'
      ) : (
        <button
          type="button"
          class="link"
          onClick={() => {
            page.jobs.ask({ ...asked.peek(), capture: name })
            focusJobs()
          }}
        >
          {words}
        </button>
      )}
    </Fact>
  )
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{children}</dd>
    </div>
  )
}

function Aside({ children }: { children: preact.ComponentChildren }) {
  return <span class="aside">{children}</span>
}

/** The board as it is now, which the last frames made. */
function LastFrame({ shown: { line, imageAtMs }, nowMs }: { shown: Shown; nowMs: number }) {
  const last = lastFrameOf(line)
  return (
    <figure class="last-frame">
      <a href={`/?${new URLSearchParams({ board: line.name })}`}>
        <img
          src={`/api/boards/${encodeURIComponent(line.name)}/image.png?look=${imageAtMs}`}
          alt={`The board ${line.name} as it is now`}
          decoding="async"
        />
      </a>
      {last !== null && line.kind === 'place' && (
        <figcaption class="small quiet">
          {/^https?:/i.test(last.url) ? (
            <a href={last.url} rel="noopener noreferrer" target="_blank">
              {last.url.split('/').at(-1)}
            </a>
          ) : (
            last.url
          )}{' '}
          {ago(last.arrivedMs, nowMs)}
        </figcaption>
      )}
    </figure>
  )
}

function lastFrameOf({ report }: CaptureLine) {
  const frames = report.canvases.flatMap(({ lastFrame }) => (lastFrame === null ? [] : [lastFrame]))
  return frames.sort((a, b) => b.arrivedMs - a.arrivedMs)[0] ?? null
}

function worst({ report }: CaptureLine, quantile: 'p50Ms' | 'p99Ms'): number {
  return Math.max(0, ...report.canvases.map(({ boardLag }) => boardLag[quantile]))
}

/** Of all canvases. */
function countOf({ report }: CaptureLine, name: string): number {
  return report.canvases.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0)
}

/** Of all that was seen of all canvases. */
function coveredOf({ report }: CaptureLine): number {
  let seenMs = 0
  let holeMs = 0
  for (const { seen, holeMs: missed } of report.canvases) {
    if (seen === undefined) continue
    seenMs += seen.toMs - seen.fromMs
    holeMs += missed
  }
  return seenMs === 0 ? 1 : 1 - holeMs / seenMs
}
