import { Command } from 'commander'
import { boardCreateCommand } from './create.ts'
import { boardExportCommand } from './export.ts'
import { boardImageCommand } from './image.ts'
import { boardImportCommand } from './import.ts'
import { boardListCommand } from './list.ts'

export function boardCommand(): Command {
  return new Command('board')
    .description('create, list, show, import and export boards')
    .addCommand(boardCreateCommand())
    .addCommand(boardListCommand())
    .addCommand(boardImageCommand())
    .addCommand(boardImportCommand())
    .addCommand(boardExportCommand())
}
