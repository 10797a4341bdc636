import { Command } from 'commander'
import { reportText } from '../../capture/report.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { captureOf } from './api.ts'

interface Options extends ConnectionOptions {
  readonly json?: true
}

export function captureReportCommand(): Command {
  const command = new Command('report')
    .description('what a capture can vouch for, and what not: coverage, holes with causes, lag, counts')
    .argument('<name>')
    .option('--json', 'the report as data')
  return connectionOptions(command).action(report)
}

async function report(name: string, options: Options): Promise<void> {
  const capture = await withServer(options, (api) => captureOf(api, name))
  if (options.json === true) return void process.stdout.write(`${JSON.stringify(capture.report)}\n`)
  const { kind, state, problem } = capture
  process.stdout.write(
    `${reportText(capture.report, kind)}\n${state}${problem === null ? '' : `: ${problem}`}\n`,
  )
}
