import { Command } from 'commander'
import type { MeterInfo } from '../../client/meters.ts'
import { table } from '../board/table.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { metersOf } from './asking.ts'

interface Options extends ConnectionOptions {
  readonly board?: string
  readonly json?: true
}

export function meterListCommand(): Command {
  return connectionOptions(
    new Command('list')
      .description('list the meters')
      .option('--board <id>', 'those of a board (default: those of the organiser)')
      .option('--json', 'the server’s answer as it is'),
  ).action(list)
}

const HEADING = ['METER', 'DIMENSIONS', 'ENTITIES', 'KEEPS', 'LATE', 'FUTURE']

async function list(options: Options): Promise<void> {
  const meters = await withServer(options, (api) => metersOf(api, options).list())
  if (options.json === true) return void process.stdout.write(`${JSON.stringify({ meters })}\n`)
  const rows = meters.map((meter) => [
    meter.name,
    meter.dimensions.join(', '),
    String(meter.entities),
    keptOf(meter),
    `${meter.lateSeconds} s`,
    `${meter.futureSeconds} s`,
  ])
  process.stdout.write(table([HEADING, ...rows], new Set([2, 4, 5])))
}

function keptOf({ retention }: MeterInfo): string {
  const limited = Object.entries(retention).filter(([, seconds]) => seconds !== null)
  return limited.length === 0 ? 'all' : limited.map(([level, seconds]) => `${level} ${seconds} s`).join(', ')
}
