import { type Area, hullOf, MAX_SIDE } from '../../boards/canvas/geometry.ts'
import { type LogRecord, type Position, positionOf, START } from '../../log/port.ts'
import { decodeCaptureRecord } from '../codec.ts'
import {
  type Began,
  CaptureRecordType,
  type Closed,
  CONFIG_CHANNEL,
  HISTORY_CHANNEL,
  MAX_CANVAS,
  type RawMessage,
} from '../records.ts'
import { type CaptureReport, captureReport } from '../report.ts'
import { Chain, type ChainState, type Frame } from './chain.ts'
import { type CanvasPlace, type PlaceConfig, type PlaceMessage, placeMessageOf } from './messages.ts'

/** Connections that a canvas does not miss when they end. */
const HARMLESS: ReadonlySet<string> = new Set(['served', 'stopped'])
/** Canvases that a capture has in all its life; more are not followed. */
const MAX_CHAINS = 1024
const MAX_UNKNOWN_COLORS = 4096
/** A clock that is ahead of ours by so much tells no time: all that follows would be late. */
const MAX_AHEAD_MS = 86_400_000
const decoder = new TextDecoder()

export interface CaptureCounts {
  messages: number
  bytes: number
  /** Of the protocol, or of kinds that are not known; kept like all others. */
  others: number
  opened: number
  starts: number
  closed: Record<string, number>
}

/**
 * The fold of a stream `capture/<name>`: which frames there are, what became of them, what was covered. It decides from
 * the stream alone, so folded anew it is the same. Memory: what waits (see `chain.ts`) and 4,096 names a canvas.
 */
export class CaptureFold {
  position: Position = START
  began: Began | undefined
  beganMs = 0
  nextConnection = 1
  config: PlaceConfig | undefined
  /** Also of those that the source no longer has. */
  readonly chains = new Map<number, Chain>()
  /** Of all canvases that there ever were. */
  #extent: Area | undefined
  /** 0xRRGGBB, of frames; unknown to the source's palette. */
  readonly unknownColors = new Set<number>()
  counts: CaptureCounts = { messages: 0, bytes: 0, others: 0, opened: 0, starts: 0, closed: {} }
  /** Frames that were told of since they were taken last; no part of the state. */
  #fresh: Frame[] = []
  readonly #open = new Map<number, number>()
  /** By channel. */
  readonly #lastHeard = new Map<number, { readonly bytes: Uint8Array; readonly message: PlaceMessage }>()
  /** By channel, why its last connection ended. */
  readonly #ends = new Map<number, string>()

  takeFresh(): Frame[] {
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }

  /** Errors: `newer-version`, `corrupt`. */
  apply(record: LogRecord): void {
    const { type, body } = decodeCaptureRecord(record.type, record.body)
    this.position = record.position
    switch (type) {
      case CaptureRecordType.began:
        this.#begin(body, record.timeMs)
        return
      case CaptureRecordType.opened:
        this.nextConnection = Math.max(this.nextConnection, body.connection + 1)
        this.#open.set(body.connection, body.channel)
        this.counts.opened += 1
        return
      case CaptureRecordType.closed:
        this.#close(body)
        return
      case CaptureRecordType.messages:
        for (const message of body) this.#hear(message)
        return
      case CaptureRecordType.fetched:
        for (const fetched of body.frames) this.chains.get(fetched.canvas)?.fetched(fetched)
        return
      case CaptureRecordType.answered:
        for (const answer of body) this.chains.get(answer.canvas)?.answered(answer)
        return
      case CaptureRecordType.rebased:
        this.chains.get(body.canvas)?.rebased(body)
        return
      case CaptureRecordType.changed:
        this.chains.get(body.canvas)?.changed.set(body.timestampMs, body)
        return
      case CaptureRecordType.overdue:
        this.chains.get(body.canvas)?.overdue(body)
        return
      case CaptureRecordType.applied:
        for (const applied of body) this.chains.get(applied.canvas)?.applied(applied, record.timeMs)
        return
      case CaptureRecordType.coloured:
        for (const color of body.colors) {
          if (this.unknownColors.size < MAX_UNKNOWN_COLORS) this.unknownColors.add(color)
        }
        return
    }
  }

  #begin(body: Began, timeMs: number): void {
    this.began = body
    this.counts.starts += 1
    if (this.counts.starts === 1) this.beganMs = timeMs
    this.#open.clear()
    this.#ends.clear()
    for (const chain of this.chains.values()) chain.trouble = 'restarted'
  }

  #close({ connection, channel, cause, detail }: Closed): void {
    this.nextConnection = Math.max(this.nextConnection, connection + 1)
    this.#open.delete(connection)
    this.counts.closed[cause] = (this.counts.closed[cause] ?? 0) + 1
    if (HARMLESS.has(cause)) return
    this.#ends.set(channel, detail === '' ? cause : `${cause}: ${detail}`)
    const chain = this.chains.get(channel)
    if (chain !== undefined) chain.trouble = cause
  }

  #hear({ channel, arrivedMs, bytes }: RawMessage): void {
    this.counts.messages += 1
    this.counts.bytes += bytes.length
    const message = this.#messageOf(channel, bytes)
    if ('timestampMs' in message && message.timestampMs > arrivedMs + MAX_AHEAD_MS) {
      this.counts.others += 1
      return
    }
    switch (message.kind) {
      case 'other':
        this.counts.others += 1
        return
      case 'config':
        if (channel === CONFIG_CHANNEL) this.#configure(message.config)
        return
      case 'full':
        this.#tell(channel, { ...message, previousMs: message.timestampMs }, arrivedMs)
        return
      case 'diff':
        this.#tell(channel, message, arrivedMs)
        return
    }
  }

  /** What two connections bring is understood once. */
  #messageOf(channel: number, bytes: Uint8Array): PlaceMessage {
    const last = this.#lastHeard.get(channel)
    if (last !== undefined && Buffer.compare(last.bytes, bytes) === 0) return last.message
    const message = placeMessageOf(decoder.decode(bytes))
    if (message.kind !== 'other') this.#lastHeard.set(channel, { bytes, message })
    return message
  }

  #tell(channel: number, message: Parameters<Chain['tell']>[0], arrivedMs: number): void {
    if (channel > MAX_CANVAS) return
    const frame = this.chains.get(channel)?.tell(message, arrivedMs)
    if (frame !== undefined) this.#fresh.push(frame)
  }

  /** What no board could show beside the others, or would be one canvas too many, is left out. */
  #configure(config: PlaceConfig): void {
    const canvases = config.canvases.filter((place) => this.#takes(place, config))
    this.config = canvases.length === config.canvases.length ? config : { ...config, canvases }
  }

  #takes(place: CanvasPlace, { canvasWidth: width, canvasHeight: height }: PlaceConfig): boolean {
    const area = { left: place.dx, top: place.dy, width, height }
    const extent = hullOf(this.#extent ?? area, area)
    const chain = this.chains.get(place.index)
    if (Math.max(extent.width, extent.height) > MAX_SIDE) return false
    if (chain === undefined && this.chains.size >= MAX_CHAINS) return false
    this.#extent = extent
    if (chain === undefined) this.chains.set(place.index, new Chain(place))
    else chain.place = place
    return true
  }

  /** Connections that are open on a channel. */
  openOn(channel: number): number {
    let count = 0
    for (const on of this.#open.values()) if (on === channel) count += 1
    return count
  }

  /** What of the source is not heard now, and why; null where all is. For the organiser: it quotes the source. */
  get problem(): string | null {
    const configEnd = this.#ends.get(CONFIG_CHANNEL)
    if (this.config === undefined && this.openOn(CONFIG_CHANNEL) > 0) {
      const before = configEnd === undefined ? '' : ` (before: ${configEnd})`
      return `connected, but the source has not said which canvases there are${before}: is it an r/place?`
    }
    const missing = new Map<string, string[]>()
    const look = (channel: number, what: string): void => {
      const end = this.#ends.get(channel)
      if (end === undefined || this.openOn(channel) > 0) return
      missing.set(end, [...(missing.get(end) ?? []), what])
    }
    look(CONFIG_CHANNEL, 'the configuration')
    for (const { index } of this.config?.canvases ?? []) look(index, `canvas ${index}`)
    look(HISTORY_CHANNEL, 'authors')
    if (missing.size === 0) return null
    return Array.from(missing, ([end, what]) => `no connection for ${what.join(', ')}: ${end}`).join('; ')
  }

  toJSON(): FoldState {
    return {
      version: STATE_VERSION,
      position: this.position,
      began: this.began ?? null,
      beganMs: this.beganMs,
      nextConnection: this.nextConnection,
      config: this.config ?? null,
      extent: this.#extent ?? null,
      chains: [...this.chains.values()].map((chain) => chain.toJSON()),
      unknownColors: [...this.unknownColors],
      counts: this.counts,
      open: [...this.#open],
      ends: [...this.#ends],
    }
  }

  report(name: string): CaptureReport {
    return captureReport(name, this)
  }

  /** Undefined for the state of another kind or release: it is folded anew. */
  static load(saved: unknown): CaptureFold | undefined {
    // Written by `toJSON`; what else it is shows in its version.
    return CaptureFold.fromJSON(saved as FoldState)
  }

  static fromJSON(state: FoldState): CaptureFold | undefined {
    if (state.version !== STATE_VERSION) return undefined
    const fold = new CaptureFold()
    fold.position = positionOf(state.position)
    fold.began = state.began ?? undefined
    fold.beganMs = state.beganMs
    fold.nextConnection = state.nextConnection
    fold.config = state.config ?? undefined
    fold.#extent = state.extent ?? undefined
    for (const chain of state.chains) fold.chains.set(chain.place.index, Chain.fromJSON(chain))
    for (const color of state.unknownColors) fold.unknownColors.add(color)
    fold.counts = { ...state.counts, closed: { ...state.counts.closed } }
    for (const [connection, channel] of state.open) fold.#open.set(connection, channel)
    for (const [channel, end] of state.ends) fold.#ends.set(channel, end)
    return fold
  }
}

/** Part of the state, so that one of another layout is folded anew. */
const STATE_VERSION = 5

export interface FoldState {
  readonly version: number
  readonly position: number
  readonly began: Began | null
  readonly beganMs: number
  readonly nextConnection: number
  readonly config: PlaceConfig | null
  readonly extent: Area | null
  readonly chains: readonly ChainState[]
  readonly unknownColors: readonly number[]
  readonly counts: CaptureCounts
  readonly open: readonly (readonly [number, number])[]
  readonly ends: readonly (readonly [number, string])[]
}
