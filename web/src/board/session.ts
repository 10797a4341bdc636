import { effect } from '@preact/signals'
import type { BoardInfo } from '../../../src/boards/canvas/canvas.ts'
import { type Api, ProblemError } from '../../../src/client/api.ts'
import { reconnectDelayMs } from '../../../src/client/backoff.ts'
import { BoardConnection } from '../../../src/client/board.ts'
import type { Store } from '../store.ts'
import { visibleArea } from '../view/view.ts'
import { chunksToWatch, isSmall, type Selection } from '../view/watching.ts'
import { sentenceOf } from '../words/problems.ts'
import type { Picture } from './picture.ts'

/** The view has to rest for so long before other chunks are followed. */
const SETTLE_MS = 120

/**
 * One board on the page, from opening to closing: keeps the picture and the store up to date. A server that
 * is away is waited for; a board that does not exist is a failure that stays.
 */
export class Session implements Disposable {
  readonly board: string
  readonly #api: Api
  readonly #store: Store
  readonly #picture: Picture
  readonly #onInfo: (info: BoardInfo) => void
  #connection: BoardConnection | undefined
  #watched = ''
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Set while the server is waited for before there is a connection. */
  #reopen: (() => void) | undefined
  #unwatch: (() => void) | undefined
  #isOver = false

  /** @param onInfo called with the board's first information, before anything is fetched for it */
  constructor(api: Api, board: string, store: Store, picture: Picture, onInfo: (info: BoardInfo) => void) {
    this.board = board
    this.#api = api
    this.#store = store
    this.#picture = picture
    this.#onInfo = onInfo
    void this.#open(1)
  }

  get connection(): BoardConnection | undefined {
    return this.#connection
  }

  /** Ends a wait for the server, if this is one. */
  retryNow(): void {
    this.#reopen?.()
    this.#connection?.retryNow()
  }

  async #open(attempt: number): Promise<void> {
    try {
      const [{ position: _position, timeMs: _timeMs, isCaptured, ...info }, { chunks }] = await Promise.all([
        this.#api.board(this.board),
        this.#api.chunkIndexes(this.board),
      ])
      if (this.#isOver) return
      this.#picture.painted = new Set(chunks)
      this.#store.isCaptured.value = isCaptured
      this.#store.info.value = info
      this.#onInfo(info)
      this.#connect(info)
    } catch (error) {
      if (this.#isOver) return
      if (error instanceof ProblemError && error.problem.status < 500 && error.problem.status !== 429) {
        this.#store.failure.value = sentenceOf(error)
        this.#store.status.value = 'closed'
        return
      }
      this.#store.status.value = 'waiting'
      this.#reopen = () => {
        this.#reopen = undefined
        clearTimeout(this.#timer)
        void this.#open(attempt + 1)
      }
      this.#timer = setTimeout(this.#reopen, reconnectDelayMs(attempt, Math.random()))
    }
  }

  #connect(info: BoardInfo): void {
    const store = this.#store
    const picture = this.#picture
    const first = isSmall(info.extent) ? undefined : this.#select(info)
    const connection: BoardConnection = new BoardConnection({
      api: this.#api,
      board: this.board,
      ...(first === undefined ? {} : { chunks: first.chunks }),
      onStatus: (status) => {
        if (this.#isOver) return
        store.status.value = status
        if (status === 'live') store.nextMs.value = connection.nextMs - connection.clockOffsetMs
      },
      onBoard: (next) => {
        this.#followReplica(connection)
        store.info.value = next
      },
      onEdits: (groups, position) => picture.changed(groups, position),
      onChunk: (index) => picture.loaded(index),
      onHidden: () => picture.listener?.overlay(),
    })
    this.#connection = connection
    this.#followReplica(connection)
    connection.ready.catch((error: unknown) => {
      if (!this.#isOver) store.failure.value = sentenceOf(error)
    })
    if (first !== undefined) this.#watched = first.chunks.join()
    this.#unwatch = effect(() => {
      store.view.value
      store.size.value
      store.info.value
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#watch(), SETTLE_MS)
    })
  }

  #followReplica(connection: BoardConnection): void {
    if (this.#picture.replica !== connection.replica) {
      this.#picture.replace(connection.replica, connection.hidden)
    }
  }

  #select(info: BoardInfo): Selection {
    const { view, size } = this.#store
    return chunksToWatch(info.extent, visibleArea(view.value, size.value), this.#picture.painted)
  }

  /** Follows what is seen now. A board that was always small is followed whole from the start. */
  #watch(): void {
    const info = this.#store.info.value
    if (info === undefined || (this.#watched === '' && isSmall(info.extent))) return
    const { chunks, leftOut } = this.#select(info)
    this.#store.leftOut.value = leftOut
    const watched = chunks.join()
    if (watched === this.#watched) return
    this.#watched = watched
    this.#connection?.watch(chunks)
    this.#picture.listener?.all()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#unwatch?.()
    this.#connection?.close()
  }
}
