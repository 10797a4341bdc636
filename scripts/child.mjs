/**
 * Child processes of the scripts.
 *
 * A child never outlives the script by a signal that the script was sent: SIGINT and SIGTERM reach the child
 * exactly once. A terminal sends Ctrl-C to the whole foreground group, so there the child has it already;
 * from anywhere else the script passes it on.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { NODE_ENV, NODE_FLAGS } from './node.mjs'

/** A failure whose message says everything: printed without a stack, after what the failed tool printed. */
export class Refusal extends Error {
  constructor(message, { output = '', cause } = {}) {
    super(message, { cause })
    this.output = output
  }
}

/** Runs to the end with the script's own stdio. Resolves with the exit code, 128 + n for a signal. */
export function run(command, args, options = {}) {
  return settled(spawn(command, args, { ...options, stdio: 'inherit' }))
}

/** Runs to the end in silence; what it printed goes with the refusal if it fails. */
export async function runQuietly(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed = []
  child.stdout.on('data', (data) => printed.push(data))
  child.stderr.on('data', (data) => printed.push(data))
  const code = await settled(child)
  if (code === 0) return
  throw new Refusal(`${command} ${args.join(' ')} failed with exit code ${code}`, {
    output: Buffer.concat(printed).toString(),
  })
}

/** Becomes `node file args`: by replacing this process where Node can, else as its only child. */
export async function become(node, file, args) {
  const argv = [...NODE_FLAGS, file, ...args]
  const env = { ...NODE_ENV, ...process.env }
  if (typeof process.execve === 'function') {
    process.removeAllListeners('warning')
    process.execve(node, [node, ...argv], env)
  }
  process.exitCode = await run(node, argv, { env })
}

/** Runs a script's body: a refusal is one line and exit code 1, anything else is a bug and keeps its stack. */
export async function script(body) {
  try {
    await body()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`${error.output}spate: ${error.message}\n`)
    process.exitCode = 1
  }
}

function settled(child) {
  const terminal = [0, 1, 2].some((fd) => isatty(fd))
  const interrupt = () => {
    if (!terminal) child.kill('SIGINT')
  }
  const terminate = () => child.kill('SIGTERM')
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', terminate)
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Refusal(error.message, { cause: error })))
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  }).finally(() => {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', terminate)
  })
}
