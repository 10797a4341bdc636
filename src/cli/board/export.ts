import { Command, Option } from 'commander'
import { SpateError } from '../../base/errors.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { bodyOf, OUT_HELP, requireNoTerminal, writeOut } from '../output.ts'

const PATHS = {
  csv2022: 'history.csv',
  ndjson: 'history.ndjson',
  png: 'image.png',
} as const

interface Options extends ConnectionOptions {
  readonly format: keyof typeof PATHS
  readonly out: string
}

export function boardExportCommand(): Command {
  const command = new Command('export')
    .description('write all that ever happened on a board, or its picture')
    .argument('<board>')
    .addOption(
      new Option('--format <name>', 'csv2022: as the r/place dataset of 2022; ndjson: a JSON line each; png')
        .choices(Object.keys(PATHS))
        .default('csv2022'),
    )
    .option('--out <file>', OUT_HELP, '-')
  return connectionOptions(command).action(run)
}

async function run(board: string, { format, out, ...connection }: Options): Promise<void> {
  if (format === 'png') requireNoTerminal(out)
  await withServer(connection, async (api) => {
    const response = await api.request('GET', `/api/boards/${encodeURIComponent(board)}/${PATHS[format]}`)
    const chunks = bodyOf(response)
    await writeOut(out, format === 'ndjson' ? ended(chunks) : chunks)
  })
}

const LAST_LINE_BYTES = 256

/** The same chunks. Errors: `unavailable` when what came is not all, as its last line says. */
async function* ended(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let tail = Buffer.alloc(0)
  for await (const chunk of chunks) {
    yield chunk
    tail = Buffer.concat([tail, chunk.subarray(-LAST_LINE_BYTES)]).subarray(-LAST_LINE_BYTES)
  }
  if (!/(^|\n)\{"kind":"end"[^\n]*\}\n$/.test(tail.toString())) {
    throw new SpateError('unavailable', 'the server’s answer broke off')
  }
}
