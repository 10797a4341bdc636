import type { Clock } from '../base/clock.ts'
import type { BoardHost } from '../boards/host.ts'
import { Room } from './room.ts'

/** One room a board, made when the first viewer asks for it. */
export class Rooms {
  readonly #clock: Clock
  readonly #rooms = new Map<BoardHost, Room>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  of(host: BoardHost): Room {
    let room = this.#rooms.get(host)
    if (room === undefined) {
      room = new Room(host, this.#clock)
      this.#rooms.set(host, room)
    }
    return room
  }

  all(): { board: string; room: Room }[] {
    return [...this.#rooms].map(([host, room]) => ({ board: host.id, room }))
  }

  [Symbol.dispose](): void {
    for (const room of this.#rooms.values()) room[Symbol.dispose]()
    this.#rooms.clear()
  }
}
