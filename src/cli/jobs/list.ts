import { Command } from 'commander'
import { type JobsAnswer, jobsOf } from '../../client/jobs.ts'
import { table } from '../board/table.ts'
import { withServer } from '../connection.ts'
import { type JobsOptions, jobsOptions } from './options.ts'

interface Options extends JobsOptions {
  readonly json?: true
}

const COUNTS = ['KIND', 'WAITING', 'RETRYING', 'RUNNING', 'DEAD']
const HEADING = ['JOB', 'KIND', 'STATE', 'TRIES', 'SENT', 'STARTS', 'WHAT', 'REASON']

export function jobsListCommand(): Command {
  const command = new Command('list')
    .description('how many jobs there are, and the latest 200')
    .option('--json', 'the server’s answer as it is')
  return jobsOptions(command).action(list)
}

async function list(options: Options): Promise<void> {
  const answer = await withServer(options, (api) => jobsOf(api, options))
  process.stdout.write(options.json === true ? `${JSON.stringify(answer)}\n` : textOf(answer))
}

function textOf({ counts, jobs }: JobsAnswer): string {
  const totals = Object.entries(counts).map(([kind, { waiting, retrying, running, dead }]) => [
    kind,
    ...[waiting, retrying, running, dead].map(String),
  ])
  const all = table([COUNTS, ...totals], new Set([1, 2, 3, 4]))
  if (jobs.length === 0) return all
  const rows = jobs.map(({ id, kind, state, attempts, sentMs, startMs, data, reason }) => [
    id,
    kind,
    state,
    String(attempts),
    moment(sentMs),
    moment(startMs),
    JSON.stringify(data),
    reason ?? '',
  ])
  return `${all}\n${table([HEADING, ...rows], new Set([3]))}`
}

function moment(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).concat('Z')
}
