import type { CanvasAnswer } from '../answers.ts'
import { causeWords, countWords, lengthWords, momentWords } from '../words.ts'

/** Rows shown at most; the report has all. */
const MOST_ROWS = 500

/** Every hole, the newest first. */
export function HolesTable({ canvases }: { canvases: readonly CanvasAnswer[] }) {
  const all = canvases
    .flatMap(({ canvas, holes }) => holes.map((hole) => ({ canvas, ...hole })))
    .sort((a, b) => b.fromMs - a.fromMs)
  if (all.length === 0) return null
  return (
    <details>
      <summary>{all.length === 1 ? '1 hole' : `${countWords(all.length)} holes`}</summary>
      <section class="scroll" aria-label="Holes">
        <table>
          <caption class="hidden">What was not seen</caption>
          <thead>
            <tr>
              <th scope="col">From (UTC)</th>
              <th scope="col">To</th>
              <th scope="col" class="amount">
                Length
              </th>
              <th scope="col" class="amount">
                Canvas
              </th>
              <th scope="col">Causes</th>
            </tr>
          </thead>
          <tbody>
            {all.slice(0, MOST_ROWS).map(({ canvas, fromMs, toMs, causes }) => (
              <tr key={`${canvas} ${fromMs}`}>
                <td class="number moment">{momentWords(fromMs)}</td>
                <td class="number moment">{momentWords(toMs)}</td>
                <td class="number amount">{lengthWords(toMs - fromMs)}</td>
                <td class="number amount">{canvas}</td>
                <td class="causes">{causeWords(causes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {all.length > MOST_ROWS && (
          <p class="quiet small">
            And {countWords(all.length - MOST_ROWS)} older ones: <code>spate capture report</code> has all.
          </p>
        )}
      </section>
    </details>
  )
}
