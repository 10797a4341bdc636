import { Command } from 'commander'
import type { Places } from '../../client/meters.ts'
import { table } from '../board/table.ts'
import { withServer } from '../connection.ts'
import { wholeNumber } from '../options.ts'
import {
  type AskingOptions,
  askingOptions,
  calledOf,
  collected,
  metersOf,
  rangeOf,
  show,
  timeOf,
  WHERE_HELP,
} from './asking.ts'

interface Options extends AskingOptions {
  readonly where?: readonly string[]
  readonly limit: number
  readonly neighbours: number
}

export function meterTopCommand(): Command {
  const command = new Command('top')
    .description('who leads')
    .argument('<meter>')
    .option('--limit <places>', 'how many', wholeNumber, 10)
    .option('--where <dimension:value>', WHERE_HELP, collected)
  return askingOptions(command).action(top)
}

export function meterRankCommand(): Command {
  const command = new Command('rank')
    .description('an entity’s own place, with its neighbours')
    .argument('<meter>')
    .argument('<entity>')
    .option('--neighbours <places>', 'how many on each side', wholeNumber, 5)
    .option('--where <dimension:value>', WHERE_HELP, collected)
  return askingOptions(command).action(rank)
}

async function top(meter: string, options: Options): Promise<void> {
  const { limit, where = [] } = options
  const query = { ...rangeOf(options), limit, where }
  show(await withServer(options, (api) => metersOf(api, options).top(meter, query)), options, tableOf)
}

async function rank(meter: string, entity: string, options: Options): Promise<void> {
  const { neighbours, where = [] } = options
  const query = { ...rangeOf(options), entity, neighbours, where }
  show(await withServer(options, (api) => metersOf(api, options).rank(meter, query)), options, tableOf)
}

function tableOf({ places }: Places): string {
  const rows = places.map((place) => [
    String(place.rank),
    place.entity,
    calledOf(place),
    String(place.sum),
    timeOf(place.lastSecond),
  ])
  return table([['RANK', 'ENTITY', 'CALLED', 'SUM', 'SINCE'], ...rows], new Set([0, 3]))
}
