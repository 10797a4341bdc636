import { WebSocket } from 'ws'
import { readPng } from './png.ts'

/** The seed's palette as its client has it. */
const PALETTE = [
  [255, 255, 255],
  [228, 228, 228],
  [136, 136, 136],
  [34, 34, 34],
  [255, 167, 209],
  [229, 0, 9],
  [229, 149, 0],
  [160, 106, 66],
  [229, 217, 0],
  [148, 224, 68],
  [2, 190, 1],
  [0, 211, 221],
  [0, 131, 199],
  [0, 0, 234],
  [207, 110, 228],
  [130, 0, 128],
].map(([r = 0, g = 0, b = 0]) => (r << 16) | (g << 8) | b)

const SIDE = 1000
/** Less than what the seed's page waits, and more than an image is kept by the server. */
const RELOAD_AFTER_MS = 300
const FOLLOW_AFTER_MS = 450
const MAX_SOCKETS = 32

export interface SeedFrame {
  readonly version: number
  readonly edits: readonly { readonly x: number; readonly y: number; readonly color: number }[]
}

/** Reads a frame by the words of the protocol's description. */
export function decodeSeedFrame(frame: Buffer): SeedFrame {
  if ((frame.length - 4) % 3 !== 0) throw new Error(`a frame of ${frame.length} bytes`)
  const edits = []
  for (let i = 4; i < frame.length; i += 3) {
    const [low = 0, middle = 0, high = 0] = frame.subarray(i, i + 3)
    const x = low + 256 * (middle % 4)
    const y = Math.floor(middle / 4) + 64 * (high % 16)
    edits.push({ x, y, color: Math.floor(high / 16) })
  }
  return { version: frame.readUInt32LE(0), edits }
}

/**
 * Behaves as the seed's page does: fetches the picture, follows it over a socket from that picture's version,
 * paints speculatively and takes it back on anything but 200, comes back after a drop with the version it saw
 * last, and on `reload` fetches the picture again while the socket that closes comes back as well. What it only
 * hopes for lies beside the picture: the seed's page keeps both in one, and may take back a colour that somebody
 * else has painted meanwhile.
 */
export class SeedClient {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #sockets = new Set<WebSocket>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  /** As told by the server, row by row. */
  readonly rgb = new Uint32Array(SIDE * SIDE)
  readonly #hopes = new Map<number, number>()
  reloads = 0
  /** Pictures that are still to be fetched, and that are being fetched. */
  #reloading = 0
  #fetching = 0
  accepted = 0
  limited = 0
  #closed = false
  /** What the page shows reflects the board up to here. */
  version = -1
  #moved: (() => void)[] = []

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url
    this.#headers = headers
  }

  get sockets(): number {
    return this.#sockets.size
  }

  async connect(): Promise<void> {
    const response = await fetch(`${this.#url}/sp/current`, { headers: this.#headers })
    const version = response.headers.get('x-content-version')
    const image = await readPng(Buffer.from(await response.arrayBuffer()))
    this.rgb.set(image.rgb)
    this.#hopes.clear()
    this.#seen(Number(version))
    this.#follow(String(version))
  }

  async #reload(): Promise<void> {
    this.#reloading -= 1
    this.#fetching += 1
    try {
      await this.connect()
    } catch (error) {
      // A server that ends with the test answers nobody any more.
      if (!this.#closed) throw error
    }
    this.#fetching -= 1
    this.#seen(this.version)
  }

  #seen(version: number): void {
    this.version = version
    for (const wake of this.#moved.splice(0)) wake()
  }

  #follow(from: string): void {
    if (this.#closed) return
    if (this.#sockets.size > MAX_SOCKETS) throw new Error('the server lets the sockets of a page grow')
    let version = from
    const ws = new WebSocket(`${this.#url.replace('http', 'ws')}/sp/ws?from=${from}`, {
      headers: { ...this.#headers },
    })
    this.#sockets.add(ws)
    ws.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) {
        if (data.toString() !== 'reload') throw new Error(`unexpected: ${data}`)
        this.reloads += 1
        this.#reloading += 1
        ws.close()
        if (!this.#closed) this.#later(RELOAD_AFTER_MS, () => void this.#reload())
        return
      }
      const frame = decodeSeedFrame(data)
      version = String(frame.version)
      for (const { x, y, color } of frame.edits) {
        this.rgb[y * SIDE + x] = PALETTE[color] ?? 0
        this.#hopes.delete(y * SIDE + x)
      }
      // Without edits it only says what to come back with; the picture is still to be fetched.
      if (frame.edits.length > 0) this.#seen(frame.version)
    })
    ws.on('error', () => {})
    ws.on('close', () => {
      this.#sockets.delete(ws)
      this.#later(FOLLOW_AFTER_MS, () => this.#follow(version))
    })
  }

  /** Paints as a click does; the pixel is taken back when the server says no. */
  async paint(x: number, y: number, color: number): Promise<void> {
    const at = y * SIDE + x
    const rgb = PALETTE[color] ?? 0
    if ((this.#hopes.get(at) ?? this.rgb[at]) === rgb) return
    this.#hopes.set(at, rgb)
    const { status } = await fetch(`${this.#url}/sp/edit?x=${x}&y=${y}&c=${color}`, {
      method: 'POST',
      headers: this.#headers,
    })
    if (status === 200) {
      this.accepted += 1
      return
    }
    if (status !== 403) throw new Error(`HTTP ${status}`)
    this.limited += 1
    this.#hopes.delete(at)
  }

  #later(delayMs: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      task()
    }, delayMs)
    this.#timers.add(timer)
  }

  /** Drops the connections as a network would. */
  drop(): void {
    for (const ws of this.#sockets) ws.terminate()
  }

  /** Resolves when what is shown reflects the board up to `version`. */
  async reached(version: number): Promise<void> {
    while (this.version < version || this.#reloading + this.#fetching > 0)
      await new Promise<void>((resolve) => this.#moved.push(resolve))
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.drop()
  }
}
