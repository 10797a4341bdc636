import { Command } from 'commander'
import { table } from '../board/table.ts'
import { withServer } from '../connection.ts'
import {
  type AskingOptions,
  askingOptions,
  calledOf,
  collected,
  metersOf,
  rangeOf,
  show,
  WHERE_HELP,
} from './asking.ts'

interface Options extends AskingOptions {
  readonly where?: readonly string[]
}

export function meterSumCommand(): Command {
  const command = new Command('sum')
    .description('what entities sum up to; without one, all together')
    .argument('<meter>')
    .argument('[entities...]')
    .option('--where <dimension:value>', WHERE_HELP, collected)
  return askingOptions(command).action(sum)
}

async function sum(meter: string, entities: readonly string[], options: Options): Promise<void> {
  const { where = [] } = options
  const query = { ...rangeOf(options), where, ...(entities.length === 0 ? {} : { entity: entities }) }
  const answer = await withServer(options, (api) => metersOf(api, options).sum(meter, query))
  show(answer, options, ({ sums }) => {
    const rows = sums.map((each) => [each.entity ?? '(all)', calledOf(each), String(each.sum)])
    return table([['ENTITY', 'CALLED', 'SUM'], ...rows], new Set([2]))
  })
}
