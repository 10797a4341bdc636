import sharp from 'sharp'
import { TestSocket } from './socket.ts'
import type { Lifetime } from './tmp.ts'

/** As the event's own clients asked. */
export const SUBSCRIPTION = `subscription follow($input: SubscribeInput!) {
  subscribe(input: $input) {
    id
    ... on BasicMessage {
      data {
        __typename
        ... on ConfigurationMessageData {
          colorPalette { colors { hex index } }
          canvasConfigurations { index dx dy }
          activeZone { topLeft { x y } bottomRight { x y } }
          canvasWidth
          canvasHeight
        }
        ... on FullFrameMessageData { name timestamp }
        ... on DiffFrameMessageData { name currentTimestamp previousTimestamp }
      }
      __typename
    }
    __typename
  }
}`

export interface Configuration {
  readonly __typename: 'ConfigurationMessageData'
  readonly colorPalette: { readonly colors: readonly { readonly hex: string; readonly index: number }[] }
  readonly canvasConfigurations: readonly {
    readonly index: number
    readonly dx: number
    readonly dy: number
  }[]
  readonly activeZone: unknown
  readonly canvasWidth: number
  readonly canvasHeight: number
}

export type Frame =
  | { readonly __typename: 'FullFrameMessageData'; readonly name: string; readonly timestamp: number }
  | {
      readonly __typename: 'DiffFrameMessageData'
      readonly name: string
      readonly currentTimestamp: number
      readonly previousTimestamp: number
    }

export interface PlaceMessage {
  readonly type: string
  readonly id?: string
  readonly payload?: {
    readonly data?: { readonly subscribe?: { readonly id: string; readonly data: unknown } } | null
    readonly message?: string
    readonly errors?: readonly { readonly message: string }[]
  }
}

export type Subprotocol = 'graphql-ws' | 'graphql-transport-ws' | undefined

export function placeUrl(url: string, board = 'lobby'): string {
  return `${url}/compat/place/${board}`
}

/** What the page gives to who asks. */
export async function placeToken(url: string, board = 'lobby'): Promise<string> {
  const page = await (await fetch(`${placeUrl(url, board)}/`)).text()
  const token = /"accessToken":"([^"]+)"/.exec(page)?.[1]
  if (token === undefined) throw new Error(`the page holds no token: ${page}`)
  return token
}

/** A socket that is greeted, in any of the protocol's ways. */
export class PlaceSocket {
  readonly socket: TestSocket
  readonly #protocol: Subprotocol

  private constructor(socket: TestSocket, protocol: Subprotocol) {
    this.socket = socket
    this.#protocol = protocol
  }

  static async open(
    t: Lifetime,
    url: string,
    { protocol = undefined as Subprotocol, board = 'lobby', inHeader = false, token = '' } = {},
  ): Promise<PlaceSocket> {
    const shown = token === '' ? await placeToken(url, board) : token
    const authorization = `Bearer ${shown}`
    const socket = await TestSocket.open(t, `${placeUrl(url, board)}/query`, {
      ...(protocol === undefined ? {} : { protocol }),
      headers: inHeader ? { authorization } : {},
    })
    const place = new PlaceSocket(socket, protocol)
    place.send({ type: 'connection_init', payload: inHeader ? {} : { Authorization: authorization } })
    return place
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message))
  }

  /** The next that is no sign of life. */
  async next(): Promise<PlaceMessage> {
    for (;;) {
      // What a test reads of a message, it asserts.
      const message = JSON.parse(String(await this.socket.next())) as PlaceMessage
      if (message.type !== 'ka' && message.type !== 'ping') return message
    }
  }

  ask(id: string, query: string, variables: object = {}): void {
    const type = this.#protocol === 'graphql-transport-ws' ? 'subscribe' : 'start'
    this.send({ id, type, payload: { query, variables } })
  }

  /** @param tag of a canvas; undefined: the configuration */
  follow(id: string, tag: number | undefined, query = SUBSCRIPTION): void {
    const channel =
      tag === undefined
        ? { teamOwner: 'AFD2022', category: 'CONFIG' }
        : { teamOwner: 'AFD2022', category: 'CANVAS', tag: String(tag) }
    this.ask(id, query, { input: { channel } })
  }

  /** What the next message tells. Errors: it tells of nothing. */
  async told<T = Frame>(): Promise<T> {
    const message = await this.next()
    const data = message.payload?.data?.subscribe?.data
    if (data === undefined) throw new Error(`told of nothing: ${JSON.stringify(message)}`)
    // As above.
    return data as T
  }
}

/** An image with its transparency: 0xRRGGBB, or -1 where it shows nothing. */
export interface FrameImage {
  readonly width: number
  readonly height: number
  readonly rgb: Int32Array
}

export async function frameImage(png: Buffer): Promise<FrameImage> {
  const { data, info } = await sharp(png)
    .ensureAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const rgb = new Int32Array(width * height)
  for (let i = 0; i < rgb.length; i++) rgb[i] = data[i * 4 + 3] === 0 ? -1 : data.readUIntBE(i * 4, 3)
  return { width, height, rgb }
}

/** A canvas made of the frames that a socket is told of, one after the other. */
export class FollowedCanvas {
  readonly #socket: PlaceSocket
  #image: FrameImage = { width: 0, height: 0, rgb: new Int32Array(0) }
  #lastMs: number | undefined
  readonly frames: Frame[] = []

  constructor(socket: PlaceSocket) {
    this.#socket = socket
  }

  get timestampMs(): number {
    return this.#lastMs ?? Number.NaN
  }

  get image(): FrameImage {
    return this.#image
  }

  /** Errors: a broken chain, an image that cannot be fetched. */
  async step(): Promise<Frame> {
    const frame = await this.#socket.told()
    const response = await fetch(frame.name)
    if (response.status !== 200) throw new Error(`${frame.name}: ${response.status}`)
    const image = await frameImage(Buffer.from(await response.arrayBuffer()))
    if (frame.__typename === 'FullFrameMessageData') {
      this.#image = image
      this.#lastMs = frame.timestamp
    } else {
      const { previousTimestamp, currentTimestamp } = frame
      if (previousTimestamp !== this.#lastMs || currentTimestamp <= previousTimestamp)
        throw new Error(`${currentTimestamp} after ${previousTimestamp} does not continue ${this.#lastMs}`)
      this.#lastMs = currentTimestamp
      image.rgb.forEach((color, i) => {
        if (color >= 0) this.#image.rgb[i] = color
      })
    }
    this.frames.push(frame)
    return frame
  }
}
