import { Command } from 'commander'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { wholeNumber } from '../options.ts'

interface Options extends ConnectionOptions {
  readonly upTo?: number
}

export function archiveTrimCommand(): Command {
  const command = new Command('trim')
    .description('free the log of what the archive has of a board; it stays readable from there')
    .argument('<board>')
    .option('--up-to <position>', 'no further than this (default: all that is archived)', wholeNumber)
  return connectionOptions(command).action(async (board: string, { upTo, ...options }: Options) => {
    const { trimmed } = await withServer(options, (api) =>
      api.json<{ trimmed: number }>('POST', `/api/boards/${encodeURIComponent(board)}/trim`, { upTo }),
    )
    process.stdout.write(`the log of ${board} is free up to position ${trimmed}\n`)
  })
}
