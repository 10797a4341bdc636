import { randomUUID } from 'node:crypto'
import { keepNewest } from '../../../base/keep-newest.ts'
import { textFrame } from '../../../live/websocket-frame.ts'
import { dataMessage, type OperationId, type Subprotocol } from './dialects.ts'
import type { FrameKind } from './frame-name.ts'
import type { Selection } from './selections.ts'

/** Ways of saying one message in one selection: most clients give their operations the same names. */
const MAX_FRAMES = 64

/** What a channel tells: the fields of its message, before a client's selection of them. */
export type Told =
  | { readonly kind: 'configuration'; readonly fields: Readonly<Record<string, unknown>> }
  | {
      readonly kind: FrameKind
      /** The last part of the frame's address. */
      readonly file: string
      readonly timestampMs: number
      /** Of a diff: the frame that it continues. */
      readonly previousMs: number
    }

/** One message of a channel to all who listen: executed once a selection, encoded once a way of saying it. */
export class Announcement {
  readonly told: Told
  readonly #id = randomUUID()
  /** It may be told for days: of selections that are given back, nothing stays. */
  readonly #said = new WeakMap<Selection, Said>()

  constructor(told: Told) {
    this.told = told
  }

  /** A frame for a WebSocket. */
  frameFor(selection: Selection, dialect: Subprotocol, id: OperationId): Uint8Array {
    let said = this.#said.get(selection)
    if (said === undefined) {
      said = { payload: this.#payloadFor(selection), frames: new Map() }
      this.#said.set(selection, said)
    }
    const key = `${dialect} ${JSON.stringify(id)}`
    let frame = said.frames.get(key)
    if (frame === undefined) {
      frame = textFrame(dataMessage(dialect, id, said.payload))
      said.frames.set(key, frame)
      keepNewest(said.frames, MAX_FRAMES)
    }
    return frame
  }

  #payloadFor(selection: Selection): string {
    const data = messageData(this.told, selection.media)
    return selection.payloadOf({ __typename: 'BasicMessage', id: this.#id, data })
  }
}

interface Said {
  /** JSON of the result. */
  readonly payload: string
  readonly frames: Map<string, Uint8Array>
}

function messageData(told: Told, media: string): Readonly<Record<string, unknown>> {
  switch (told.kind) {
    case 'configuration':
      return { __typename: 'ConfigurationMessageData', ...told.fields }
    case 'full':
      return { __typename: 'FullFrameMessageData', name: media + told.file, timestamp: told.timestampMs }
    case 'diff':
      return {
        __typename: 'DiffFrameMessageData',
        name: media + told.file,
        currentTimestamp: told.timestampMs,
        previousTimestamp: told.previousMs,
      }
  }
}
