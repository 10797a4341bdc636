import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { tempFolder } from '../../test/support/tmp.ts'
import type { Run } from './bench.ts'
import { Generator } from './generator.ts'
import type { ViewerCommands } from './viewers.ts'

const FLOOR = join(import.meta.dirname, '../floor')

export interface WriteLoopOptions {
  readonly connections: number
  readonly frameBytes: number
  readonly hz: number
}

/** A bare loop of writes to connections that only read: in C where a compiler is found, else in Node. */
export class WriteLoop {
  readonly name: string
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #readers: Generator<ViewerCommands>

  private constructor(
    name: string,
    child: ChildProcess,
    lines: AsyncIterator<string>,
    readers: Generator<ViewerCommands>,
  ) {
    this.name = name
    this.#child = child
    this.#lines = lines
    this.#readers = readers
  }

  static async start(run: Run, { connections, frameBytes, hz }: WriteLoopOptions): Promise<WriteLoop> {
    const args = [connections, frameBytes, hz].map(String)
    const program = compiled(run)
    const child =
      program === undefined
        ? fork(join(FLOOR, 'write-loop.ts'), args, { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] })
        : spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    run.after(() => child.kill('SIGKILL'))
    if (child.stdout === null) throw new Error('no stdout')
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const port = Number(/^port (\d+)$/.exec(await next(lines))?.[1])
    const readers = Generator.start<ViewerCommands>(run, 'viewers.ts')
    await readers.call('drain', { port, count: connections })
    if ((await next(lines)) !== 'ready') throw new Error('the write loop is not ready')
    return new WriteLoop(
      program === undefined ? 'bare socket.write' : 'bare write loop in C',
      child,
      lines,
      readers,
    )
  }

  /** µs of CPU of its own that a write costs, over so many seconds. */
  async round(seconds: number): Promise<number> {
    this.#child.stdin?.write(`${seconds}\n`)
    const [writes = 0, shorts = 0, cpuUs = 0] = (await next(this.#lines)).split(' ').map(Number)
    if (shorts > 0) throw new Error(`${shorts} of ${writes + shorts} writes found a full socket`)
    return cpuUs / writes
  }

  async end(): Promise<void> {
    await this.#readers.end()
    this.#child.kill('SIGKILL')
  }
}

async function next(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next()
  if (done) throw new Error('the write loop ended')
  return value
}

function compiled(run: Run): string | undefined {
  const program = join(tempFolder(run), 'write-loop')
  try {
    execFileSync('cc', ['-O2', '-o', program, join(FLOOR, 'write-loop.c')], { stdio: 'ignore' })
    return program
  } catch {
    // No compiler, or none that works: the loop in Node says so in its name.
    return undefined
  }
}
