import type { Lifetime } from './tmp.ts'

export interface StreamEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** Reads server-sent events, and the comments between them, by the words of the HTML standard. */
export class EventStream {
  readonly response: Response
  readonly #lines: AsyncIterator<string>
  #commented = Promise.withResolvers<string>()
  lastId: string | undefined

  private constructor(response: Response) {
    this.response = response
    this.#lines = linesOf(response)[Symbol.asyncIterator]()
  }

  static async open(
    t: Lifetime,
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const end = new AbortController()
    t.after(() => end.abort())
    const response = await fetch(url, { headers, signal: end.signal })
    return new EventStream(response)
  }

  /** The next comment that is read while an event is awaited. */
  comment(): Promise<string> {
    return this.#commented.promise
  }

  /** The next event with data. */
  async next(): Promise<StreamEvent> {
    let event = 'message'
    let id: string | undefined
    const data: string[] = []
    for (;;) {
      const { value: line, done } = await this.#lines.next()
      if (done) throw new Error('the stream ended')
      if (line === '') {
        if (data.length > 0) return { event, id, data: data.join('\n') }
        event = 'message'
        id = undefined
        continue
      }
      if (line.startsWith(':')) {
        this.#commented.resolve(line.slice(1).trim())
        this.#commented = Promise.withResolvers()
      }
      const [, field = '', value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? []
      if (field === 'data') data.push(value)
      if (field === 'event') event = value
      if (field === 'id') {
        id = value
        this.lastId = value
      }
    }
  }
}

async function* linesOf(response: Response): AsyncIterable<string> {
  let rest = ''
  const decoder = new TextDecoder()
  if (response.body === null) return
  for await (const chunk of response.body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
