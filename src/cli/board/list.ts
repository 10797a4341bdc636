import { Command } from 'commander'
import type { Cooldown } from '../../boards/canvas/rules.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { table } from './table.ts'

export function boardListCommand(): Command {
  return connectionOptions(new Command('list').description('list the boards')).action(list)
}

const HEADING = ['BOARD', 'SIZE', 'LEFT,TOP', 'COLOURS', 'COOLDOWN', 'POSITION', 'LAST CHANGE']

async function list(options: ConnectionOptions): Promise<void> {
  const { boards } = await withServer(options, (api) => api.boards())
  const rows = boards.map(({ id, extent, palette, rules, position, timeMs }) => [
    id,
    `${extent.width}×${extent.height}`,
    `${extent.left},${extent.top}`,
    String(palette.length),
    cooldownOf(rules.cooldown),
    String(position),
    new Date(timeMs).toISOString(),
  ])
  process.stdout.write(table([HEADING, ...rows], new Set([1, 2, 3, 5])))
}

function cooldownOf(cooldown: Cooldown): string {
  switch (cooldown.kind) {
    case 'none':
      return 'none'
    case 'stack':
      return `${cooldown.seconds} s${cooldown.stack > 1 ? `, stack of ${cooldown.stack}` : ''}`
    case 'window':
      return `${cooldown.budget} in ${cooldown.windowSeconds} s`
  }
}
