import { keepNewest } from '../../../base/keep-newest.ts'
import type { BoardInfo } from '../../../boards/canvas/canvas.ts'
import type { Changes } from '../../../boards/canvas/changes.ts'
import { type Area, containsWrapped, unwrap } from '../../../boards/canvas/geometry.ts'
import type { BoardHost } from '../../../boards/host.ts'
import { Announcement } from './announcement.ts'
import { activeZoneOf, CANVAS_SIDE, type CanvasGrid, gridOf } from './canvases.ts'
import { CanvasFeed, type FeedServices, type FrameReader, type Head } from './feed.ts'
import { cellNumber } from './frame-pixels.ts'

/** Canvases whose last frame is remembered while nobody follows them. */
const MAX_HEADS = 8192

export interface ConfigurationReader {
  /** The reader takes it when it has room: only the last one counts. */
  configured(announcement: Announcement): void
}

/**
 * What a board tells over this protocol: its configuration, and its canvases, as long as somebody follows them.
 * Costs nothing while nobody does.
 */
export class PlaceBoard {
  readonly host: BoardHost
  /** Sockets that are open. */
  followers = 0
  readonly #services: FeedServices
  readonly #feeds = new Map<number, CanvasFeed>()
  readonly #heads = new Map<number, Head>()
  readonly #configured = new Set<ConfigurationReader>()
  #info: BoardInfo
  #grid: CanvasGrid
  #configuration: Announcement
  /** Feeds of the grid's canvases, row by row. */
  #slots: (CanvasFeed | undefined)[] = []
  #unlisten: (() => void) | undefined

  constructor(host: BoardHost, services: FeedServices) {
    this.host = host
    this.#services = services
    this.#info = host.canvas.info
    this.#grid = gridOf(this.#info.extent)
    this.#configuration = configurationOf(this.#info, this.#grid)
  }

  /** The part of the board that a canvas shows; undefined: it has no such canvas. */
  areaOf(canvas: number): Area | undefined {
    this.#refresh()
    const { canvases, width, height } = this.#grid
    const found = canvases.find(({ index }) => index === canvas)
    return found && { left: found.dx, top: found.dy, width, height }
  }

  get colors(): number {
    return this.host.canvas.info.palette.length
  }

  get canvases(): number {
    this.#refresh()
    return this.#grid.canvases.length
  }

  get configuration(): Announcement {
    this.#refresh()
    return this.#configuration
  }

  /** The reader is given the configuration, and every later one. */
  joinConfiguration(reader: ConfigurationReader): void {
    this.#listen()
    this.#configured.add(reader)
    reader.configured(this.#configuration)
  }

  leaveConfiguration(reader: ConfigurationReader): void {
    this.#configured.delete(reader)
    this.#restIfUnread()
  }

  /** A canvas that the board does not have is silent until it has. */
  joinCanvas(canvas: number, reader: FrameReader): void {
    this.#listen()
    let feed = this.#feeds.get(canvas)
    if (feed === undefined) {
      feed = new CanvasFeed(canvas, this.host.canvas, this.#heads.get(canvas), this.#services)
      this.#feeds.set(canvas, feed)
      feed.lies(this.areaOf(canvas), this.#info.extent, this.#info.extent)
      this.#fillSlots()
    }
    feed.join(reader)
  }

  leaveCanvas(canvas: number, reader: FrameReader): void {
    const feed = this.#feeds.get(canvas)
    if (feed === undefined) return
    feed.leave(reader)
    if (feed.readers > 0) return
    if (feed.head !== undefined) {
      this.#heads.delete(canvas)
      this.#heads.set(canvas, feed.head)
      keepNewest(this.#heads, MAX_HEADS)
    }
    feed[Symbol.dispose]()
    this.#feeds.delete(canvas)
    this.#fillSlots()
    this.#restIfUnread()
  }

  #listen(): void {
    this.#refresh()
    this.#unlisten ??= this.host.listen((_position, changes, infoChanged) => {
      if (infoChanged) this.#refresh()
      if (changes.count > 0 && this.#feeds.size > 0) this.#onChanges(changes)
    })
  }

  #restIfUnread(): void {
    if (this.#feeds.size > 0 || this.#configured.size > 0) return
    this.#unlisten?.()
    this.#unlisten = undefined
  }

  #onChanges({ count, x: xs, y: ys }: Changes): void {
    const { extent } = this.#info
    const { canvases, columns } = this.#grid
    const first = canvases[0]
    if (first === undefined) return
    for (let i = 0; i < count; i++) {
      const x = xs[i] ?? 0
      const y = ys[i] ?? 0
      if (!containsWrapped(extent, x, y)) continue
      const right = unwrap(x, extent.left) - first.dx
      const down = unwrap(y, extent.top) - first.dy
      const slot = Math.floor(down / CANVAS_SIDE) * columns + Math.floor(right / CANVAS_SIDE)
      this.#slots[slot]?.changed(cellNumber(right % CANVAS_SIDE, down % CANVAS_SIDE))
    }
  }

  /** The board may have become another since it was last looked at. */
  #refresh(): void {
    const before = this.#info
    const now = this.host.canvas.info
    if (before === now) return
    this.#info = now
    const isReshaped = !equalAreas(before.extent, now.extent)
    if (isReshaped) this.#reshape(before.extent, now.extent)
    const configuration = configurationOf(now, this.#grid)
    if (JSON.stringify(configuration.told) !== JSON.stringify(this.#configuration.told)) {
      this.#configuration = configuration
      for (const reader of this.#configured) reader.configured(configuration)
    }
    if (before.palette.some((rgb, i) => rgb !== now.palette[i]))
      for (const feed of this.#feeds.values()) feed.changedEverywhere()
  }

  #reshape(before: Area, now: Area): void {
    this.#grid = gridOf(now)
    for (const [canvas, feed] of this.#feeds) feed.lies(this.areaOf(canvas), before, now)
    this.#fillSlots()
  }

  #fillSlots(): void {
    this.#slots = this.#grid.canvases.map(({ index }) => this.#feeds.get(index))
  }

  [Symbol.dispose](): void {
    this.#unlisten?.()
    for (const feed of this.#feeds.values()) feed[Symbol.dispose]()
  }
}

function equalAreas(a: Area, b: Area): boolean {
  return a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height
}

function configurationOf(info: BoardInfo, { canvases, width, height }: CanvasGrid): Announcement {
  const colors = info.palette.map((rgb, index) => ({
    hex: `#${rgb.toString(16).padStart(6, '0').toUpperCase()}`,
    index,
  }))
  const fields = {
    colorPalette: { colors },
    canvasConfigurations: canvases,
    activeZone: activeZoneOf(info),
    canvasWidth: width,
    canvasHeight: height,
    adminConfiguration: { maxAllowedCircles: 0, maxUsersPerAdminBan: 0 },
  }
  return new Announcement({ kind: 'configuration', fields })
}
