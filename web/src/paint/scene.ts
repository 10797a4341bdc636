import { effect } from '@preact/signals'
import { type Area, intersection } from '../../../src/boards/canvas/geometry.ts'
import type { ChunkEdits } from '../../../src/live/protocol.ts'
import type { Picture, PictureListener } from '../board/picture.ts'
import type { Store } from '../store.ts'
import { type Size, visibleArea } from '../view/view.ts'
import { hexOf } from '../words/colors.ts'
import { ChunkImages } from './chunk-images.ts'
import { chunkPlaces } from './chunk-places.ts'
import { drawCursor, drawGrid, drawLocks, drawOwnPaint, drawVeil } from './overlays.ts'
import { Projection } from './projection.ts'
import { type Theme, themeOf } from './theme.ts'

/**
 * Draws the board onto the page's canvas, at most once a frame of the display, and only when something that
 * shows has changed.
 */
export class Scene implements PictureListener, Disposable {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #store: Store
  readonly #picture: Picture
  readonly #images: ChunkImages
  #palette: readonly number[] = []
  #theme: Theme
  #frame: number | undefined
  readonly #stop: (() => void)[] = []

  constructor(canvas: HTMLCanvasElement, store: Store, picture: Picture) {
    const context = canvas.getContext('2d', { alpha: false })
    if (context === null) throw new Error('this browser cannot draw on a canvas')
    this.#canvas = canvas
    this.#context = context
    this.#store = store
    this.#picture = picture
    this.#images = new ChunkImages(picture.replica, [])
    this.#theme = themeOf(canvas)
    picture.listener = this
    this.#followSize()
    this.#followTheme()
    this.#stop.push(effect(() => this.#onStore()))
  }

  #followSize(): void {
    const resized = (): void => {
      const { clientWidth: width, clientHeight: height } = this.#canvas
      this.#store.size.value = { width: Math.max(1, width), height: Math.max(1, height) }
      this.overlay()
    }
    const observer = new ResizeObserver(resized)
    observer.observe(this.#canvas)
    resized()
    this.#stop.push(() => observer.disconnect())
  }

  #followTheme(): void {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const changed = (): void => {
      this.#theme = themeOf(this.#canvas)
      this.overlay()
    }
    dark.addEventListener('change', changed)
    this.#stop.push(() => dark.removeEventListener('change', changed))
  }

  /** Runs again whenever one of the signals it reads changes. */
  #onStore(): void {
    const { info, view, cursor, color, isGridOn, leftOut, dialog } = this.#store
    for (const signal of [view, cursor, color, isGridOn, leftOut, dialog]) signal.value
    const palette = info.value?.palette ?? []
    if (palette !== this.#palette) {
      this.#palette = palette
      this.all()
    }
    this.overlay()
  }

  cells(groups: readonly ChunkEdits[]): void {
    this.#images.cells(groups)
    this.overlay()
  }

  chunk(index: number): void {
    this.#images.chunk(index)
    this.overlay()
  }

  all(): void {
    this.#images.reset(this.#picture.replica, this.#palette)
    this.overlay()
  }

  overlay(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      this.#draw()
    })
  }

  #draw(): void {
    const { info, view, size, cursor, color, isGridOn } = this.#store
    const context = this.#context
    const ratio = this.#fitCanvas(size.value)
    context.fillStyle = this.#theme.backdrop
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height)
    const board = info.value
    if (board === undefined) return
    const projection = new Projection(view.value, size.value, ratio)
    const visible = intersection(visibleArea(view.value, size.value), board.extent)
    this.#drawBoard(projection, board.extent, hexOf(board.palette[board.background] ?? 0xffffff))
    if (visible !== undefined) this.#drawChunks(projection, board.extent, visible)
    drawOwnPaint(context, projection, this.#picture, board.extent, board.palette)
    drawVeil(context, projection, board.extent, board.rules.activeZone, this.#theme)
    drawLocks(context, projection, board.extent, board.locks)
    if (isGridOn.value && visible !== undefined) drawGrid(context, projection, visible)
    if (cursor.value !== undefined) {
      drawCursor(context, projection, cursor.value, board.palette[color.value] ?? 0)
    }
  }

  /** Device pixels a CSS pixel. */
  #fitCanvas({ width, height }: Size): number {
    const ratio = window.devicePixelRatio || 1
    const deviceWidth = Math.round(width * ratio)
    const deviceHeight = Math.round(height * ratio)
    if (this.#canvas.width !== deviceWidth) this.#canvas.width = deviceWidth
    if (this.#canvas.height !== deviceHeight) this.#canvas.height = deviceHeight
    return ratio
  }

  #drawBoard(projection: Projection, extent: Area, background: string): void {
    const { x, y, width, height } = projection.rect(extent)
    const context = this.#context
    const edge = Math.max(1, Math.round(projection.ratio))
    context.fillStyle = this.#theme.border
    context.fillRect(x - edge, y - edge, width + 2 * edge, height + 2 * edge)
    context.fillStyle = background
    context.fillRect(x, y, width, height)
  }

  #drawChunks(projection: Projection, extent: Area, visible: Area): void {
    const context = this.#context
    // Nearest neighbour, but where several cells share a pixel their mean is the truer picture.
    context.imageSmoothingEnabled = projection.scale < 1
    context.imageSmoothingQuality = 'medium'
    for (const index of this.#picture.painted) {
      for (const { origin, part } of chunkPlaces(index, extent)) {
        const seen = intersection(part, visible)
        if (seen === undefined) continue
        const to = projection.rect(seen)
        if (to.width === 0 || to.height === 0) continue
        const image = this.#images.image(index)
        if (image === undefined) {
          context.fillStyle = this.#theme.loading
          context.fillRect(to.x, to.y, to.width, to.height)
          continue
        }
        const from = { x: seen.left - origin.x, y: seen.top - origin.y }
        context.drawImage(image, from.x, from.y, seen.width, seen.height, to.x, to.y, to.width, to.height)
      }
    }
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stop) stop()
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame)
    this.#picture.listener = undefined
  }
}
