import { SingleBar } from 'cli-progress'

/** Where a long command tells how far it is. One phase at a time. */
export interface Progress {
  begin(what: string, total: number): void
  /** How much of the total is done. */
  update(done: number): void
  end(): void
}

const LINE_EVERY_MS = 5_000

/** On a terminal a bar that moves, else a line every few seconds. */
export class StreamProgress implements Progress {
  readonly #stream: NodeJS.WriteStream
  #bar: SingleBar | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  begin(what: string, total: number): void {
    const { isTTY } = this.#stream
    this.#bar = new SingleBar({
      stream: this.#stream,
      format: isTTY
        ? `${what.padEnd(8)} {bar} {percentage}%  {duration_formatted}, {eta_formatted} to go`
        : `${what}: {percentage}%, {duration_formatted}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      noTTYOutput: true,
      clearOnComplete: !isTTY,
      notTTYSchedule: LINE_EVERY_MS,
      // Its handler of signals would keep the process alive.
      gracefulExit: false,
    })
    this.#bar.start(total, 0)
  }

  update(done: number): void {
    this.#bar?.update(done)
  }

  end(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }
}
