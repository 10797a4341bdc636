import { Command } from 'commander'
import { type ConnectionOptions, connectionOptions } from '../connection.ts'
import { url } from '../options.ts'
import { beginCapture, saidOf } from './begin.ts'
import { header } from './options.ts'

interface Options extends ConnectionOptions {
  readonly board: string
  readonly source?: string
  readonly header?: Readonly<Record<string, string>>
}

export function captureSpateCommand(): Command {
  const command = new Command('spate')
    .description('follow a board of another Spate: every placement with its player and time')
    .argument('<name>', 'of the capture and its board: 1 to 64 of a–z 0–9 . _ -')
    .argument('<server>', 'its address, such as https://canvas.example', url('http'))
    .option('--board <id>', 'the board to follow', 'lobby')
    .option('--source <name>', 'what its players are called by here (default: the server’s host)')
    .option('--header <name: value>', 'sent with every connection; may be given several times', header)
  return connectionOptions(command).action(capture)
}

async function capture(name: string, server: string, options: Options): Promise<void> {
  const { board, source, header: headers } = options
  const settings = saidOf({ url: server, board, source, headers })
  await beginCapture(name, { kind: 'spate', settings }, options)
}
