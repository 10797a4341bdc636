import { Command, InvalidArgumentError } from 'commander'
import type { Declared } from '../../client/meters.ts'
import { LEVELS } from '../../meters/calendar.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { wholeNumber } from '../options.ts'
import { metersOf } from './asking.ts'

interface Options extends ConnectionOptions {
  readonly dimensions?: readonly string[]
  readonly totalsOver?: number
  readonly keep?: Readonly<Record<string, number>>
  readonly late?: number
  readonly future?: number
}

export function meterDeclareCommand(): Command {
  const command = new Command('declare')
    .description('make a meter, or change what it keeps and takes')
    .argument('<meter>')
    .option('--dimensions <names>', 'up to four, with commas; never changed', (text) => text.split(','))
    .option('--totals-over <count>', 'of how many of the first dimensions a total is about', wholeNumber)
    .option('--keep <level=seconds>', `for how long: ${LEVELS.join(', ')} (default: for ever)`, kept)
    .option('--late <seconds>', 'how far back it takes writes (default: 366 days)', wholeNumber)
    .option('--future <seconds>', 'how far ahead (default: a day)', wholeNumber)
  return connectionOptions(command).action(declare)
}

function kept(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [level = '', seconds = ''] = text.split('=')
  if (!LEVELS.some((each) => each === level))
    throw new InvalidArgumentError(`Expected one of ${LEVELS.join(', ')}.`)
  return { ...before, [level]: wholeNumber(seconds) }
}

async function declare(meter: string, options: Options): Promise<void> {
  const { dimensions, totalsOver, keep, late, future } = options
  const declared: Declared = {
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(totalsOver === undefined ? {} : { totalsOver }),
    ...(keep === undefined ? {} : { retention: keep }),
    ...(late === undefined ? {} : { lateSeconds: late }),
    ...(future === undefined ? {} : { futureSeconds: future }),
  }
  const info = await withServer(options, (api) => metersOf(api, {}).declare(meter, declared))
  const by = info.dimensions.length === 0 ? '' : `, by ${info.dimensions.join(', ')}`
  process.stdout.write(`declared ${info.name}${by}\n`)
}
