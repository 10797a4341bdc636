import { Command, Option } from 'commander'
import type { Period } from '../../client/meters.ts'
import { PERIODS } from '../../meters/zone.ts'
import { table } from '../board/table.ts'
import { withServer } from '../connection.ts'
import { type AskingOptions, askingOptions, metersOf, rangeOf, show, timeOf } from './asking.ts'

interface Options extends AskingOptions {
  readonly by: Period
}

export function meterSeriesCommand(): Command {
  const command = new Command('series')
    .description('the sum of every period; without an entity, of all together')
    .argument('<meter>')
    .argument('[entity]')
    .addOption(new Option('--by <unit>', 'how long each period is').choices(PERIODS).default('day'))
  return askingOptions(command).action(series)
}

async function series(meter: string, entity: string | undefined, options: Options): Promise<void> {
  const query = { ...rangeOf(options), by: options.by, ...(entity === undefined ? {} : { entity }) }
  const answer = await withServer(options, (api) => metersOf(api, options).series(meter, query))
  show(answer, options, ({ points }) => {
    const rows = points.map(({ from, to, sum }) => [timeOf(from), timeOf(to), String(sum)])
    return table([['FROM', 'TO', 'SUM'], ...rows], new Set([2]))
  })
}
