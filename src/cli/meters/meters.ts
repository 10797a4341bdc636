import { Command } from 'commander'
import { meterDeclareCommand } from './declare.ts'
import { meterFeedCommand } from './feed/feed.ts'
import { meterListCommand } from './list.ts'
import { meterRankCommand, meterTopCommand } from './places.ts'
import { meterSeriesCommand } from './series.ts'
import { meterSumCommand } from './sum.ts'
import { meterAddCommand, meterCountCommand, meterTotalCommand } from './write.ts'

export function metersCommand(): Command {
  return new Command('meters')
    .description('declare, write, ask and feed meters')
    .addCommand(meterDeclareCommand())
    .addCommand(meterListCommand())
    .addCommand(meterAddCommand())
    .addCommand(meterCountCommand())
    .addCommand(meterTotalCommand())
    .addCommand(meterSumCommand())
    .addCommand(meterTopCommand())
    .addCommand(meterRankCommand())
    .addCommand(meterSeriesCommand())
    .addCommand(meterFeedCommand())
}
