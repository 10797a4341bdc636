import type { Clock } from '../base/clock.ts'
import type { BoardInfo } from '../boards/canvas/canvas.ts'
import type { Area } from '../boards/canvas/geometry.ts'
import type { BoardHost } from '../boards/host.ts'
import { crop } from '../boards/render/crop.ts'
import type { Renderer } from '../boards/render/renderer.ts'

/** A board's image is encoded no more often than this. */
const MIN_INTERVAL_MS = 250

export interface VersionedImage {
  readonly png: Buffer
  readonly position: number
}

interface Encoded extends VersionedImage {
  readonly begunMs: number
}

/** What of a board its image shows. Errors: `too-large`. */
export type Framing = (info: BoardInfo) => Area

/**
 * One image of one board, kept as long as it is current: encoded at most once a version and at most every
 * 250 ms, whoever asks. In between, the last one is served, under its own version; who needs a later one waits.
 * What is served was true at most 250 ms before it was asked for, however long encoding takes.
 */
class BoardImage {
  readonly #host: BoardHost
  readonly #framing: Framing
  readonly #renderer: Renderer
  readonly #clock: Clock
  #image: Encoded | undefined
  #begunMs = Number.NEGATIVE_INFINITY
  #next: Promise<Encoded> | undefined
  encodes = 0

  constructor(host: BoardHost, framing: Framing, renderer: Renderer, clock: Clock) {
    this.#host = host
    this.#framing = framing
    this.#renderer = renderer
    this.#clock = clock
  }

  async at(atLeast: number): Promise<VersionedImage> {
    const askedMs = this.#clock.elapsedMs()
    for (;;) {
      const image = this.#image
      if (image !== undefined && image.position >= atLeast) {
        const isCurrent = image.position === this.#host.canvas.position
        if (isCurrent || this.#dueInMs() > 0) return image
      }
      this.#next ??= this.#encode().finally(() => {
        this.#next = undefined
      })
      const next = await this.#next
      // One that was begun too long before the question is for those who asked earlier.
      if (next.position >= atLeast && next.begunMs > askedMs - MIN_INTERVAL_MS) return next
    }
  }

  #dueInMs(): number {
    return this.#begunMs + MIN_INTERVAL_MS - this.#clock.elapsedMs()
  }

  async #encode(): Promise<Encoded> {
    const dueInMs = this.#dueInMs()
    if (dueInMs > 0) await new Promise<void>((resolve) => this.#clock.after(dueInMs, resolve))
    const { position, info } = this.#host.canvas
    const area = this.#framing(info)
    const begunMs = this.#clock.elapsedMs()
    this.#begunMs = begunMs
    this.encodes += 1
    const pixels = crop(area, this.#host.now().chunk, info.background)
    const png = await this.#renderer.png(pixels, area.width, area.height, info.palette)
    this.#image = { png, position, begunMs }
    return this.#image
  }
}

/** The images that many ask for, of every board. */
export class Images {
  readonly #renderer: Renderer
  readonly #clock: Clock
  readonly #images = new Map<BoardHost, Map<Framing, BoardImage>>()

  constructor(renderer: Renderer, clock: Clock) {
    this.#renderer = renderer
    this.#clock = clock
  }

  /**
   * @param framing the same function for the same image
   * @param atLeast a position that the board has reached
   * Errors: those of the framing and of the renderer.
   */
  get(host: BoardHost, framing: Framing, atLeast: number): Promise<VersionedImage> {
    let images = this.#images.get(host)
    if (images === undefined) {
      images = new Map()
      this.#images.set(host, images)
    }
    let image = images.get(framing)
    if (image === undefined) {
      image = new BoardImage(host, framing, this.#renderer, this.#clock)
      images.set(framing, image)
    }
    return image.at(atLeast)
  }

  /** Images encoded so far, over all boards. */
  get encodes(): number {
    let sum = 0
    for (const images of this.#images.values()) for (const { encodes } of images.values()) sum += encodes
    return sum
  }
}
