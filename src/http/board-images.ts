import type { Clock } from '../base/clock.ts'
import type { BoardHost } from '../boards/host.ts'
import { crop } from '../boards/render/crop.ts'
import type { Renderer } from '../boards/render/renderer.ts'

/** A board's image is encoded no more often than this. */
const MIN_INTERVAL_MS = 250

export interface VersionedImage {
  readonly png: Buffer
  readonly position: number
  readonly etag: string
}

/**
 * The whole image of one board: encoded at most once a version and at most every 250 ms, whoever asks. In
 * between, the last one is served, under its own version.
 */
export class BoardImages {
  readonly #host: BoardHost
  readonly #renderer: Renderer
  readonly #clock: Clock
  #image: VersionedImage | undefined
  #encodedAtMs = Number.NEGATIVE_INFINITY
  #encoding: Promise<VersionedImage> | undefined
  /** Images encoded so far. */
  encodes = 0

  constructor(host: BoardHost, renderer: Renderer, clock: Clock) {
    this.#host = host
    this.#renderer = renderer
    this.#clock = clock
  }

  /** At `atLeast` or later. Errors: those of the renderer. */
  async whole(atLeast: number): Promise<VersionedImage> {
    for (;;) {
      const image = this.#image
      if (image !== undefined && image.position >= atLeast) {
        const isCurrent = image.position === this.#host.canvas.position
        if (isCurrent || this.#clock.elapsedMs() - this.#encodedAtMs < MIN_INTERVAL_MS) return image
      }
      const encoding = this.#encoding
      if (encoding === undefined) return this.#encode()
      const done = await encoding
      if (done.position >= atLeast) return done
    }
  }

  #encode(): Promise<VersionedImage> {
    this.#encoding = this.#encodeNow().finally(() => {
      this.#encoding = undefined
    })
    return this.#encoding
  }

  async #encodeNow(): Promise<VersionedImage> {
    const { position, info } = this.#host.canvas
    this.#encodedAtMs = this.#clock.elapsedMs()
    this.encodes += 1
    const pixels = crop(info.extent, this.#host.now().chunk, info.background)
    const png = await this.#renderer.png(pixels, info.extent.width, info.extent.height, info.palette)
    this.#image = { png, position, etag: `"${position}"` }
    return this.#image
  }
}

/** The images of every board. */
export class Images {
  readonly #renderer: Renderer
  readonly #clock: Clock
  readonly #boards = new Map<BoardHost, BoardImages>()

  constructor(renderer: Renderer, clock: Clock) {
    this.#renderer = renderer
    this.#clock = clock
  }

  of(host: BoardHost): BoardImages {
    let images = this.#boards.get(host)
    if (images === undefined) {
      images = new BoardImages(host, this.#renderer, this.#clock)
      this.#boards.set(host, images)
    }
    return images
  }

  /** Images encoded so far, over all boards. */
  get encodes(): number {
    return [...this.#boards.values()].reduce((sum, { encodes }) => sum + encodes, 0)
  }
}
