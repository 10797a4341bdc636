import { Command } from 'commander'
import type { Area } from '../../boards/canvas/geometry.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { area } from '../options.ts'
import { bodyOf, OUT_HELP, requireNoTerminal, writeOut } from '../output.ts'

interface Options extends ConnectionOptions {
  readonly at?: string
  readonly area?: Area
  readonly out: string
}

export function boardImageCommand(): Command {
  const command = new Command('image')
    .description('write a board as a PNG, as it is or as it was')
    .argument('<board>')
    .option('--at <moment>', 'a position, or an ISO 8601 time (default: now)')
    .option('--area <left,top,width,height>', 'part of the board (default: all of it)', area)
    .option('--out <file>', OUT_HELP, '-')
  return connectionOptions(command).action(image)
}

async function image(board: string, options: Options): Promise<void> {
  requireNoTerminal(options.out)
  await withServer(options, async (api) => {
    const query = new URLSearchParams()
    if (options.at !== undefined) query.set('at', options.at)
    for (const [name, value] of Object.entries(options.area ?? {})) query.set(name, String(value))
    const path = `/api/boards/${encodeURIComponent(board)}/image.png`
    const response = await api.request('GET', query.size === 0 ? path : `${path}?${query}`)
    await writeOut(options.out, bodyOf(response))
  })
}
