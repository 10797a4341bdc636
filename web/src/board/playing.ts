import { contains } from '../../../src/boards/canvas/geometry.ts'
import type { BoardConnection } from '../../../src/client/board.ts'
import type { Placement } from '../../../src/client/requests.ts'
import type { Store } from '../store.ts'
import type { Cell } from '../view/view.ts'
import { sentenceOf } from '../words/problems.ts'
import { type Circumstances, placingSentence, undoingSentence } from '../words/verdicts.ts'
import type { Picture } from './picture.ts'

const AWAY = 'Not connected: painting works again as soon as the connection is back.'

/** What a player does to a board: paints, and takes back. Every refusal is told in a sentence. */
export class Playing {
  readonly #store: Store
  readonly #picture: Picture
  readonly #connection: () => BoardConnection | undefined

  constructor(store: Store, picture: Picture, connection: () => BoardConnection | undefined) {
    this.#store = store
    this.#picture = picture
    this.#connection = connection
  }

  /** Shows the paint at once, and takes it back when it is refused. */
  async place({ x, y }: Cell): Promise<void> {
    const store = this.#store
    const { speculations, listener } = this.#picture
    const connection = this.#connection()
    if (connection?.status !== 'live') {
      this.#tell(AWAY)
      return
    }
    const color = store.color.value
    const id = speculations.add(x, y, color)
    listener?.overlay()
    try {
      const placement = await connection.place(x, y, color)
      this.#learn(connection, placement)
      if (placement.accepted) speculations.accept(id, placement.position)
      else speculations.drop(id)
      if (placement.verdict !== 'accepted') this.#tell(placingSentence(placement.verdict, this.#at({ x, y })))
      else this.#painted()
      this.#picture.settled(connection.position)
    } catch (error) {
      speculations.drop(id)
      this.#tell(sentenceOf(error))
    }
    listener?.overlay()
  }

  async undo(): Promise<void> {
    const store = this.#store
    const connection = this.#connection()
    if ((store.info.value?.rules.undoSeconds ?? 0) === 0 || connection?.status !== 'live') {
      this.#tell(connection?.status === 'live' ? 'This board has no undo.' : AWAY)
      return
    }
    try {
      const placement = await connection.undo()
      this.#learn(connection, placement)
      store.undoUntilMs.value = 0
      const sentence = undoingSentence(placement.verdict, this.#at(undefined))
      if (placement.accepted) store.announcement.value = sentence
      else this.#tell(sentence)
    } catch (error) {
      this.#tell(sentenceOf(error))
    }
  }

  #painted(): void {
    const store = this.#store
    const undoMs = (store.info.value?.rules.undoSeconds ?? 0) * 1000
    store.undoUntilMs.value = Date.now() + undoMs
    store.notice.value = undefined
    store.announcement.value = 'Painted.'
  }

  #learn(connection: BoardConnection, { nextMs }: Placement): void {
    this.#store.nextMs.value = nextMs - connection.clockOffsetMs
  }

  #at(cell: Cell | undefined): Circumstances {
    const { info, nextMs } = this.#store
    const locks = info.value?.locks ?? []
    const lock = cell && locks.find((area) => contains(area, cell.x, cell.y))
    return { waitMs: nextMs.value - Date.now(), lockReason: lock?.reason ?? '' }
  }

  #tell(text: string): void {
    this.#store.notice.value = { text, tone: 'bad' }
  }
}
