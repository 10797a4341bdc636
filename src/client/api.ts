import type { BoardInfo } from '../boards/canvas/canvas.ts'

/** An RFC 9457 problem document as the server sends it. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  /** ms; when asking again can help. */
  readonly retryAfterMs?: number
  /** Of a batch of writes, the first that cannot be. */
  readonly write?: number
  /** The range nearest to the one asked about that is exact; null: there is none. */
  readonly nearest?: { readonly from: number; readonly to: number } | null
}

/** The server said no, and why. */
export class ProblemError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ProblemError'
    this.problem = problem
  }
}

export interface Me {
  readonly player: number | null
  readonly name: string | null
}

export interface BoardSummary extends BoardInfo {
  readonly position: number
  readonly timeMs: number
  /** It shows what was captured elsewhere. */
  readonly isCaptured: boolean
}

export interface CellInfo {
  readonly x: number
  readonly y: number
  readonly color: number
  readonly player: { readonly number: number; readonly name: string | null } | null
  /** ISO 8601. */
  readonly at: string | null
}

export interface ApiOptions {
  /** Where the server is, without a slash at the end: in a page, `location.origin`. */
  readonly baseUrl: string
  readonly fetch?: typeof fetch
  /** Sent with every request, e.g. `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The HTTP side of a Spate server. Every method may throw a {@link ProblemError}. */
export class Api {
  readonly baseUrl: string
  readonly #fetch: typeof fetch
  readonly headers: Readonly<Record<string, string>>

  constructor(options: ApiOptions) {
    this.baseUrl = options.baseUrl
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init))
    this.headers = options.headers ?? {}
  }

  /** @param body bytes go as they are, anything else as JSON */
  async request(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const isBytes = body instanceof Uint8Array
    const type = isBytes ? 'application/octet-stream' : 'application/json'
    const response = await this.#fetch(`${this.baseUrl}${path}`, {
      method,
      headers: { ...this.headers, ...(body === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    })
    if (!response.ok) throw new ProblemError(await problemOf(response))
    return response
  }

  /** @returns the reply's JSON, whose shape the server's schemas guarantee */
  async json<T>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<T> {
    // The server validates what it sends against its schemas (see /docs).
    return (await (await this.request(method, path, body, headers)).json()) as T
  }

  me(): Promise<Me> {
    return this.json('GET', '/api/me')
  }

  boards(): Promise<{ boards: BoardSummary[] }> {
    return this.json('GET', '/api/boards')
  }

  board(id: string): Promise<BoardSummary> {
    return this.json('GET', `/api/boards/${id}`)
  }

  cell(id: string, x: number, y: number): Promise<CellInfo> {
    return this.json('GET', `/api/boards/${id}/cells/${x}/${y}`)
  }

  digest(id: string): Promise<{ position: number; colors: string; state: string }> {
    return this.json('GET', `/api/boards/${id}/digest`)
  }

  /** Numbers of the chunks that hold anything, and the position at which that is true. */
  async chunkIndexes(id: string): Promise<{ position: number; chunks: number[] }> {
    return this.json('GET', `/api/boards/${id}/chunks`)
  }

  /** The colours of a chunk; undefined: all background. `atLeast` asks for that position or a later one. */
  async chunk(
    id: string,
    index: number,
    atLeast?: number,
  ): Promise<{ position: number; colors: Uint8Array | undefined }> {
    const query = atLeast === undefined ? '' : `?v=${atLeast}`
    const path = `/api/boards/${id}/chunks/${index & 0xff}/${index >>> 8}${query}`
    const response = await this.request('GET', path)
    const position = Number(response.headers.get('x-content-version'))
    const colors = new Uint8Array(await response.arrayBuffer())
    return { position, colors: colors.length === 0 ? undefined : colors }
  }
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    // A server of ours sends problem documents; anything else in between is caught below.
    const problem = (await response.json()) as Problem
    if (typeof problem.code === 'string') return problem
  } catch {
    // Not JSON: a proxy's own page. The status is all there is to say.
  }
  const { status, statusText } = response
  return { type: 'about:blank', title: statusText, status, detail: `HTTP ${status}`, code: 'unavailable' }
}
