/**
 * `npm run bench`: one file a question, each in a process of its own, one after the other.
 *
 *     npm run bench                       every question, as a table
 *     npm run bench -- fanout log         only files whose names contain one of these
 *     npm run bench -- --json             a JSON line a row; what is said beside the rows goes to stderr
 *     npm run bench -- --smoke            everything small, to prove that it works
 *     npm run bench -- --profile FOLDER   the measured processes leave their CPU profiles there
 *
 * Exit code 1 when a bench fails or measures nothing; a missed target is not a failure.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BenchMessage } from './support/bench.ts'
import { tableHead, tableLine } from './support/row.ts'

const QUESTIONS = [
  'fold',
  'log',
  'rebuild',
  'past',
  'travel',
  'image',
  'archive',
  'ingest',
  'fanout',
  'kafka',
  'objects',
  'parquet',
  'meters',
  'stats',
  'tables',
  'capture',
  'page',
] as const
const LIMIT_MS = (process.env.SPATE_BENCH_LONG === '1' ? 60 : 10) * 60_000
const SMOKE_LIMIT_MS = 60_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
})

const selected = QUESTIONS.filter(
  (name) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
)
let isStopped = false
if (selected.length === 0) {
  console.error(`bench: no question of that name; there are ${QUESTIONS.join(', ')}`)
  process.exitCode = 1
} else {
  if (!values.json) console.log(tableHead())
  for (const name of selected) {
    if (isStopped) break
    if (!(await answered(name))) process.exitCode = 1
  }
}

/** False when the bench failed. */
async function answered(name: string): Promise<boolean> {
  const args = [
    ...(values.smoke ? ['--smoke'] : []),
    ...(values.profile === undefined ? [] : ['--profile', values.profile]),
  ]
  const child = fork(join(import.meta.dirname, `${name}.ts`), args, { execArgv: process.execArgv })
  const limitMs = values.smoke ? SMOKE_LIMIT_MS : LIMIT_MS
  const limit = setTimeout(() => {
    console.error(`bench: ${name}: not done after ${limitMs / 1000} s`)
    child.kill('SIGKILL')
  }, limitMs)
  // A terminal's Ctrl-C has reached the child already.
  const interrupt = (signal: NodeJS.Signals): void => {
    isStopped = true
    if (signal === 'SIGTERM') child.kill(signal)
  }
  process.once('SIGTERM', interrupt)
  process.once('SIGINT', interrupt)
  child.on('message', (message) => show(message as BenchMessage))
  const [code] = await once(child, 'exit')
  clearTimeout(limit)
  process.off('SIGTERM', interrupt)
  process.off('SIGINT', interrupt)
  if (code !== 0) console.error(`bench: ${name}: failed`)
  return code === 0
}

function show(message: BenchMessage): void {
  if ('row' in message) console.log(values.json ? JSON.stringify(message.row) : tableLine(message.row))
  else if (values.json) console.error(message.note)
  else console.log(`  ${message.note}`)
}
