import { Command, Option } from 'commander'
import type { Period } from '../../client/meters.ts'
import { PERIODS } from '../../meters/zone.ts'
import { table } from '../board/table.ts'
import { withServer } from '../connection.ts'
import {
  type AskingOptions,
  askingOptions,
  collected,
  metersOf,
  rangeOf,
  show,
  timeOf,
  WHERE_HELP,
} from './asking.ts'

interface Options extends AskingOptions {
  readonly where?: readonly string[]
  readonly by: Period
}

export function meterSeriesCommand(): Command {
  const command = new Command('series')
    .description('the sum of every period; without an entity, of all together')
    .argument('<meter>')
    .argument('[entity]')
    .addOption(new Option('--by <unit>', 'how long each period is').choices(PERIODS).default('day'))
    .option('--where <dimension:value>', WHERE_HELP, collected)
  return askingOptions(command).action(series)
}

async function series(meter: string, entity: string | undefined, options: Options): Promise<void> {
  const { by, where = [] } = options
  const query = { ...rangeOf(options), by, where, ...(entity === undefined ? {} : { entity }) }
  const answer = await withServer(options, (api) => metersOf(api, options).series(meter, query))
  show(answer, options, ({ points }) => {
    const rows = points.map(({ from, to, sum }) => [timeOf(from), timeOf(to), String(sum)])
    return table([['FROM', 'TO', 'SUM'], ...rows], new Set([2]))
  })
}
