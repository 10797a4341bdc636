import { Command } from 'commander'
import { captureFeedCommand } from './feed.ts'
import { captureListCommand } from './list.ts'
import { capturePixelCommand } from './pixel.ts'
import { capturePlaceCommand } from './place.ts'
import { captureReportCommand } from './report.ts'
import { captureSpateCommand } from './spate.ts'
import { captureStopCommand } from './stop.ts'

export function captureCommand(): Command {
  return new Command('capture')
    .description('follow somebody else’s canvas: everything kept, every gap written down')
    .addCommand(capturePlaceCommand())
    .addCommand(captureSpateCommand())
    .addCommand(captureFeedCommand())
    .addCommand(captureListCommand())
    .addCommand(captureReportCommand())
    .addCommand(capturePixelCommand())
    .addCommand(captureStopCommand())
}
