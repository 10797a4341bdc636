import { Command } from 'commander'
import { table } from '../board/table.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { wholeNumber } from '../options.ts'
import { pathOf } from './api.ts'

interface Options extends ConnectionOptions {
  readonly ask?: true
  readonly json?: true
}

interface Change {
  readonly modifiedMs: number | null
  readonly player: string | null
  readonly name: string | null
  readonly colour?: string | null
}

export function capturePixelCommand(): Command {
  const command = new Command('pixel')
    .description('who changed a pixel when, as far as the source told')
    .argument('<name>')
    .argument('<x>', 'on the board', wholeNumber)
    .argument('<y>', 'on the board', wholeNumber)
    .option('--ask', 'ask the source now, before all else')
    .option('--json', 'the server’s answer as it is')
  return connectionOptions(command).action(pixel)
}

async function pixel(name: string, x: number, y: number, options: Options): Promise<void> {
  const path = `${pathOf(name)}/pixels/${x}/${y}`
  const [method, asked]: [string, string] = options.ask === true ? ['POST', `${path}/ask`] : ['GET', path]
  const answer = await withServer(options, (api) => api.json<Change | { changes: Change[] }>(method, asked))
  if (options.json === true) return void process.stdout.write(`${JSON.stringify(answer)}\n`)
  const changes = 'changes' in answer ? answer.changes : [answer]
  if (changes.every(({ modifiedMs }) => modifiedMs === null))
    return void process.stdout.write(`nothing is known of ${x},${y}\n`)
  const rows = changes.map(({ modifiedMs, player, name: called, colour }) => [
    modifiedMs === null ? '' : new Date(modifiedMs).toISOString(),
    colour ?? '',
    called ?? '',
    player ?? '',
  ])
  process.stdout.write(table([['MODIFIED', 'COLOUR', 'NAME', 'PLAYER'], ...rows], new Set()))
}
