import { effect } from '@preact/signals'
import { Api } from '../../src/client/api.ts'
import { Picture } from './board/picture.ts'
import { Playing } from './board/playing.ts'
import { Session } from './board/session.ts'
import { tickWhileNeeded } from './board/ticking.ts'
import type { Gesture } from './input/gestures.ts'
import { Steering } from './steering.ts'
import { createStore, type Dialog, type Store } from './store.ts'
import { readPlace, searchOf, viewOf } from './view/location.ts'
import { type Cell, fitted, type Point } from './view/view.ts'
import { colorName } from './words/colors.ts'
import { sentenceOf } from './words/problems.ts'

/** The address is brought up to date when the view has rested for so long: browsers ration it. */
const ADDRESS_MS = 250

/** What a person can do on the page. Components call it; it changes the store, which they show. */
export class Page {
  readonly store: Store = createStore()
  readonly picture = new Picture()
  readonly steering = new Steering(this.store)
  readonly #api: Api
  readonly #playing: Playing
  #session: Session | undefined

  constructor(origin: string) {
    this.#api = new Api({ baseUrl: origin })
    this.#playing = new Playing(this.store, this.picture, () => this.#session?.connection)
  }

  /** Opens what the address names, and follows it when the person goes back and forth. */
  async start(): Promise<void> {
    tickWhileNeeded(this.store)
    this.#keepAddress()
    addEventListener('popstate', () => this.#openAddress())
    addEventListener('online', () => this.#session?.retryNow())
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#session?.retryNow()
    })
    // The identity comes first: the live connection is made in its name.
    await this.#meet()
    this.#openAddress()
  }

  async #meet(): Promise<void> {
    try {
      this.store.me.value = await this.#api.me()
    } catch {
      // The connection tells that the server is away; it gives an identity too.
    }
  }

  #openAddress(): void {
    const place = readPlace(location.search)
    const { store } = this
    if (store.board.value === place.board) return
    this.#session?.[Symbol.dispose]()
    this.picture.speculations.clear()
    store.board.value = place.board
    store.info.value = undefined
    store.isCaptured.value = false
    store.failure.value = undefined
    store.inspection.value = undefined
    store.cursor.value = undefined
    store.leftOut.value = new Set()
    store.nextMs.value = 0
    store.undoUntilMs.value = 0
    store.status.value = 'connecting'
    this.#session = new Session(this.#api, place.board, store, this.picture, ({ extent, palette }) => {
      this.steering.show(viewOf(place, fitted(extent, store.size.value)))
      if (store.color.value === 0 || store.color.value >= palette.length)
        store.color.value = firstColor(palette)
    })
  }

  #keepAddress(): void {
    let timer: ReturnType<typeof setTimeout> | undefined
    effect(() => {
      const { info, view, board } = this.store
      if (info.value === undefined) return
      const search = searchOf(board.value, view.value)
      clearTimeout(timer)
      timer = setTimeout(() => history.replaceState(null, '', search), ADDRESS_MS)
    })
    effect(() => {
      document.title = `${this.store.board.value || 'Spate'} · Spate`
    })
  }

  goTo(board: string): void {
    this.store.dialog.value = undefined
    if (board === this.store.board.value) return
    history.pushState(null, '', `?${new URLSearchParams({ board })}`)
    this.#openAddress()
  }

  gesture(gesture: Gesture): void {
    switch (gesture.type) {
      case 'pan':
        this.steering.drag(gesture.dx, gesture.dy)
        break
      case 'pinch':
        this.steering.drag(gesture.dx, gesture.dy)
        this.steering.zoom(gesture.factor, gesture.at)
        break
      case 'long-press':
        this.inspectAt(gesture.at)
        break
      case 'tap':
        this.#tap(gesture.at, gesture.isTouch)
        break
    }
  }

  #tap(at: Point, isTouch: boolean): void {
    const cell = this.steering.cellAt(at)
    if (cell === undefined) return
    if (isTouch && !this.steering.isPrecise(at)) {
      this.store.notice.value = { text: 'Come closer: now tap the cell to paint.', tone: 'plain' }
      return
    }
    this.place(cell)
    this.steering.reveal(at)
  }

  /** Moves the keyboard's cursor, and says what lies there. */
  moveCursor(dx: number, dy: number): void {
    this.steering.moveCursor(dx, dy)
    const { cursor, info, announcement } = this.store
    if (cursor.value === undefined || info.value === undefined) return
    const { x, y } = cursor.value
    announcement.value = `${x}, ${y}: ${colorName(info.value.palette[this.picture.colorAt(x, y)] ?? 0)}`
  }

  toggleGrid(): void {
    const { isGridOn } = this.store
    isGridOn.value = !isGridOn.value
  }

  place(cell: Cell): void {
    void this.#playing.place(cell)
  }

  undo(): void {
    void this.#playing.undo()
  }

  /** Ignored when the palette has no such colour. */
  pick(index: number): void {
    const { info, color } = this.store
    if (index >= 0 && index < (info.value?.palette.length ?? 0)) color.value = index
  }

  /** Picks the colour that a cell shows. */
  pickFrom({ x, y }: Cell): void {
    this.pick(this.picture.colorAt(x, y))
  }

  /** The coordinates of the cursor, or of the middle of the window. */
  async copyPlace(): Promise<void> {
    const { cursor, view, notice } = this.store
    const { x, y } = cursor.value ?? { x: Math.floor(view.value.x), y: Math.floor(view.value.y) }
    const text = `${x}, ${y}`
    try {
      await navigator.clipboard.writeText(text)
      notice.value = { text: `Copied ${text}.`, tone: 'plain' }
    } catch {
      notice.value = { text: `The browser does not let this page copy: it is ${text}.`, tone: 'bad' }
    }
  }

  inspectAt(at: Point): void {
    const cell = this.steering.cellAt(at)
    if (cell !== undefined) void this.inspect(cell)
  }

  async inspect({ x, y }: Cell): Promise<void> {
    const { inspection, board } = this.store
    const nowMs = Date.now() + (this.#session?.connection?.clockOffsetMs ?? 0)
    const asked = { x, y, nowMs, answer: undefined, failure: undefined }
    inspection.value = asked
    try {
      const answer = await this.#api.cell(board.value, x, y)
      if (inspection.value === asked) inspection.value = { ...asked, answer }
    } catch (error) {
      if (inspection.value === asked) inspection.value = { ...asked, failure: sentenceOf(error) }
    }
  }

  open(dialog: Dialog): void {
    this.store.dialog.value = dialog
    if (dialog === 'boards') void this.#loadBoards()
  }

  closeDialog(): void {
    this.store.dialog.value = undefined
  }

  async #loadBoards(): Promise<void> {
    try {
      this.store.boards.value = (await this.#api.boards()).boards
    } catch (error) {
      this.store.notice.value = { text: sentenceOf(error), tone: 'bad' }
    }
  }

  /** Resolves with why the name cannot be had; undefined once it is the player's. */
  async rename(name: string): Promise<string | undefined> {
    try {
      this.store.me.value = await this.#api.json('PUT', '/api/me', { name })
      return undefined
    } catch (error) {
      return sentenceOf(error)
    }
  }
}

/** A colour to begin with that is to be seen on a new board. */
function firstColor(palette: readonly number[]): number {
  const red = palette.findIndex((rgb) => colorName(rgb) === 'red')
  return red === -1 ? palette.length - 1 : red
}
