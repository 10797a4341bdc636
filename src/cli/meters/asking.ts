import { type Command, Option } from 'commander'
import type { Api } from '../../client/api.ts'
import { MeterApi, type RangeQuery, type Span } from '../../client/meters.ts'
import { RANGE_PERIODS } from '../../http/meters/range.ts'
import { LAST_SECOND } from '../../meters/calendar.ts'
import { type ConnectionOptions, connectionOptions } from '../connection.ts'
import { wholeNumber } from '../options.ts'

/** Which meters, which seconds, and how the answer is shown. */
export interface AskingOptions extends ConnectionOptions, RangeQuery {
  readonly board?: string
  readonly json?: true
}

/** The options of every question. */
export function askingOptions(command: Command): Command {
  return connectionOptions(
    command
      .option('--board <id>', 'a board’s meters (default: those of the organiser)')
      .option('--from <time>', 'first second: 2026-03-29, 2026-03-29T09:00:00Z, 1774738800, …')
      .option('--to <time>', 'last second, or the last day, month, … that belongs to it; or now')
      .addOption(new Option('--period <unit>', 'the current period').choices(RANGE_PERIODS))
      .option('--offset <count>', 'with --period: -1 for the one before, …', wholeNumber)
      .option('--last <seconds>', 'so many seconds up to now', wholeNumber)
      .option('--zone <name>', 'whose clock dates and periods are of (default: UTC)')
      .option('--json', 'the server’s answer as it is'),
  )
}

export function collected(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

export const WHERE_HELP = 'only what has this value of a dimension; may be given several times'

export function rangeOf({ from, to, period, offset, last, zone }: AskingOptions): RangeQuery {
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(period === undefined ? {} : { period }),
    ...(offset === undefined ? {} : { offset }),
    ...(last === undefined ? {} : { last }),
    ...(zone === undefined ? {} : { zone }),
  }
}

export function metersOf(api: Api, { board }: { readonly board?: string }): MeterApi {
  return new MeterApi(api, board)
}

/** Prints the answer as a table that says which range it is of, or as it is. */
export function show<T extends Span>(
  answer: T,
  { json }: AskingOptions,
  tableOf: (answer: T) => string,
): void {
  process.stdout.write(
    json === true ? `${JSON.stringify(answer)}\n` : `${spanWords(answer)}\n${tableOf(answer)}`,
  )
}

/** All that a meter can hold ends in 2106, which nobody asked for. */
export function spanWords({ from, to }: Span): string {
  const isAll = from === 0 && to === LAST_SECOND - 1
  return isAll ? 'of all time' : `${timeOf(from)} to ${timeOf(to)}`
}

/** To the second, UTC. */
export function timeOf(second: number): string {
  return new Date(second * 1000).toISOString().replace('.000', '')
}

/** An entity as people know it. */
export function calledOf({ name, color }: { name?: string | null; color?: string }): string {
  return name ?? color ?? ''
}
