import { Command } from 'commander'
import { table } from '../board/table.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import type { CaptureLine } from './api.ts'

interface Options extends ConnectionOptions {
  readonly json?: true
}

export function captureListCommand(): Command {
  const command = new Command('list')
    .description('list the captures')
    .option('--json', 'the server’s answer as it is')
  return connectionOptions(command).action(list)
}

const HEADING = ['CAPTURE', 'STATE', 'SOURCE', 'CANVASES', 'MESSAGES', 'COVERED', 'HOLES', 'LAG', 'WAITING']

async function list(options: Options): Promise<void> {
  const answer = await withServer(options, (api) =>
    api.json<{ captures: CaptureLine[] }>('GET', '/api/captures'),
  )
  if (options.json === true) return void process.stdout.write(`${JSON.stringify(answer)}\n`)
  process.stdout.write(table([HEADING, ...answer.captures.map(rowOf)], new Set([3, 4, 5, 6, 7, 8])))
}

function rowOf({ name, state, problem, waiting, report }: CaptureLine): string[] {
  const { canvases } = report
  const least = Math.min(1, ...canvases.map(({ coveredShare }) => coveredShare))
  const lagMs = Math.max(0, ...canvases.map(({ boardLag }) => boardLag.p99Ms))
  return [
    name,
    `${state}${waiting?.isStalled === true ? ', no room' : ''}${problem === null ? '' : ' (see report)'}`,
    report.source,
    String(canvases.length),
    String(report.counts.messages),
    canvases.every(({ seen }) => seen === undefined)
      ? ''
      : `${(Math.floor(least * 100_000) / 1000).toFixed(3)} %`,
    String(canvases.reduce((sum, { holes }) => sum + holes, 0)),
    `${lagMs} ms`,
    String(canvases.reduce((sum, canvas) => sum + canvas.waiting, 0)),
  ]
}
