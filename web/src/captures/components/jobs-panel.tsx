import { deadOf, type Job } from '../../../../src/client/jobs.ts'
import type { JobCounts, JobState } from '../../../../src/jobs/port.ts'
import type { CapturesPage } from '../captures-page.ts'
import { aboutJob, canDrop, canRetry, JOB_STATES, kindWords, triesWords } from '../job-words.ts'
import { countWords } from '../words.ts'
import { type Column, DataTable } from './data-table.tsx'

/** As many as the server lists. */
const MOST_LISTED = 200
const COUNTED: readonly (keyof JobCounts)[] = ['waiting', 'running', 'retrying', 'dead']
const COLUMNS: readonly Column[] = [
  { name: 'Kind', kind: 'head' },
  ...COUNTED.map((each): Column => ({ name: JOB_STATES[each], kind: 'amount' })),
]
const STATES: readonly JobState[] = ['dead', 'retrying', 'running', 'waiting', 'done']

/** Where the focus goes when a job that had it is no more. */
const JOBS_HEADING = 'jobs'

export function focusJobs(): void {
  document.getElementById(JOBS_HEADING)?.focus()
}

/** What is done although nobody waits for it: to see it, to try it again, to drop it. The organiser's. */
export function JobsPanel({ page }: { page: CapturesPage }) {
  const { answer, asked, trouble } = page.jobs
  const { counts = {}, captures = {}, jobs } = answer.value ?? {}
  const { capture, state } = asked.value
  const dead = answer.value === undefined ? 0 : deadOf(answer.value, { capture })
  const names = new Set([...Object.keys(captures), ...(capture === undefined ? [] : [capture])])
  return (
    <section class="panel part" aria-label="Jobs" aria-busy={answer.value === undefined}>
      <h2 id={JOBS_HEADING} tabIndex={-1}>
        Jobs
      </h2>
      {trouble.value !== undefined && (
        <p class="trouble" role="status">
          {trouble.value}
        </p>
      )}
      <DataTable
        caption="Jobs by kind"
        columns={COLUMNS}
        rows={Object.entries(counts).map(([kind, ofKind]) => ({
          key: kind,
          cells: [kindWords(kind), ...COUNTED.map((each) => countWords(ofKind[each]))],
        }))}
      />
      <div class="choices">
        <label>
          <span class="quiet small">For</span>
          <select
            value={capture ?? ''}
            onChange={({ currentTarget: { value } }) =>
              page.jobs.ask({ ...asked.peek(), capture: value === '' ? undefined : value })
            }
          >
            <option value="">all captures</option>
            {[...names].sort().map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span class="quiet small">Which</span>
          <select
            value={state ?? ''}
            onChange={({ currentTarget: { value } }) =>
              page.jobs.ask({ ...asked.peek(), state: STATES.find((each) => each === value) })
            }
          >
            <option value="">all</option>
            {STATES.map((each) => (
              <option key={each} value={each}>
                {JOB_STATES[each].toLowerCase()}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="primary" disabled={dead === 0} onClick={() => void page.retryFailed()}>
          Retry all that failed ({countWords(dead)})
        </button>
      </div>
      {jobs !== undefined && jobs.length === 0 && <p class="empty">No such jobs.</p>}
      {jobs !== undefined && jobs.length > 0 && (
        <ul class="jobs" aria-label="Jobs, the latest first">
          {jobs.map((job) => (
            <JobItem key={job.id} page={page} job={job} />
          ))}
        </ul>
      )}
      {jobs !== undefined && jobs.length >= MOST_LISTED && (
        <p class="quiet small">
          These are the latest {MOST_LISTED}; <code>spate jobs</code> settles more at once.
        </p>
      )}
    </section>
  )
}

function JobItem({ page, job }: { page: CapturesPage; job: Job }) {
  const nowMs = page.nowMs.value
  const { what, where, title } = aboutJob(job)
  return (
    <li>
      <div class="job-about">
        <span class="job-state" data-state={job.state}>
          {JOB_STATES[job.state]}
        </span>{' '}
        <bdi class="job-what" title={title}>
          {what}
        </bdi>{' '}
        <span class="quiet small">
          {where !== '' && <bdi>{where}: </bdi>}
          {triesWords(job, nowMs)}
        </span>
        {job.reason !== null && <p class="job-reason small">{job.reason}</p>}
      </div>
      <div class="choices">
        {canRetry(job, nowMs) && (
          <button type="button" aria-label={`Retry ${what}`} onClick={() => void page.retry(job)}>
            Retry
          </button>
        )}
        {canDrop(job) && (
          <button
            type="button"
            aria-label={`Drop ${what}`}
            aria-haspopup="dialog"
            onClick={() => page.open({ kind: 'drop', job })}
          >
            Drop
          </button>
        )}
      </div>
    </li>
  )
}
