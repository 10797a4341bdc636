import { Type } from 'typebox'

const Url = (protocols: string) => Type.String({ pattern: `^(${protocols})://`, maxLength: 2000 })
const Milliseconds = Type.Integer({ minimum: 1, maximum: 24 * 3600 * 1000 })
const Name = Type.String({ minLength: 1, maxLength: 200 })

/** What of {@link PlaceSettings} may be said; none has to be. */
export const PlaceSettingsSchema = Type.Object(
  {
    pageUrl: Type.Optional(Type.Union([Url('https?'), Type.Null()])),
    token: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 8192 }), Type.Null()])),
    queryUrl: Type.Optional(Url('wss?')),
    historyUrl: Type.Optional(Type.Union([Url('wss?'), Type.Null()])),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: "^[!#-'*+.^-z|~-]{1,100}$" }), Type.String({ maxLength: 8192 })),
    ),
    subprotocols: Type.Optional(
      Type.Array(Type.String({ pattern: "^[!#-'*+.^-z|~-]{1,100}$" }), { maxItems: 8 }),
    ),
    teamOwner: Type.Optional(Name),
    configCategory: Type.Optional(Name),
    canvasCategory: Type.Optional(Name),
    lines: Type.Optional(Type.Integer({ minimum: 1, maximum: 8 })),
    silenceMs: Type.Optional(Milliseconds),
    configSilenceMs: Type.Optional(Milliseconds),
    quietMs: Type.Optional(Milliseconds),
    connectMs: Type.Optional(Milliseconds),
    acknowledgeMs: Type.Optional(Milliseconds),
    retryFirstMs: Type.Optional(Milliseconds),
    retryMostMs: Type.Optional(Milliseconds),
    stableMs: Type.Optional(Milliseconds),
    breakMs: Type.Optional(Milliseconds),
    patienceMs: Type.Optional(Milliseconds),
    refreshEveryMs: Type.Optional(Milliseconds),
    downloads: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
    downloadTries: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    downloadMs: Type.Optional(Milliseconds),
    historySockets: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
    historyRequestsPerSecond: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 10_000 })),
    historyMs: Type.Optional(Milliseconds),
  },
  { additionalProperties: false },
)

export const WantedSchema = Type.Object(
  { kind: Type.Literal('place'), settings: Type.Optional(PlaceSettingsSchema) },
  { additionalProperties: false },
)

export const CaptureParams = Type.Object({ name: Type.String({ maxLength: 64 }) })

const Coordinate = Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })
export const PixelParams = Type.Object({ ...CaptureParams.properties, x: Coordinate, y: Coordinate })

const Span = Type.Object({ fromMs: Type.Number(), toMs: Type.Number() })
const Lag = Type.Object({ p50Ms: Type.Number(), p99Ms: Type.Number() })
const Counts = Type.Record(Type.String(), Type.Integer())

const Canvas = Type.Object({
  canvas: Type.Integer(),
  dx: Type.Integer(),
  dy: Type.Integer(),
  seen: Type.Optional(Span),
  covered: Type.Array(Span),
  holes: Type.Array(Type.Object({ ...Span.properties, causes: Type.Array(Type.String()) })),
  coveredShare: Type.Number(),
  holeMs: Type.Number(),
  waiting: Type.Integer(),
  openAsks: Type.Integer(),
  connections: Type.Integer(),
  lastFrame: Type.Union([Type.Object({ url: Type.String(), arrivedMs: Type.Number() }), Type.Null()]),
  messageLag: Lag,
  boardLag: Lag,
  counts: Counts,
})

export const ReportSchema = Type.Object({
  name: Type.String(),
  source: Type.String(),
  beganMs: Type.Number(),
  position: Type.Integer(),
  counts: Type.Object({
    messages: Type.Integer(),
    bytes: Type.Integer(),
    others: Type.Integer(),
    opened: Type.Integer(),
    starts: Type.Integer(),
    closed: Counts,
  }),
  unknownColors: Type.Array(Type.String()),
  canvases: Type.Array(Canvas),
})

const { covered: _covered, holes: _holes, ...canvasTotals } = Canvas.properties

const STATUS = {
  name: Type.String(),
  state: Type.Union(['following', 'connecting', 'stopped', 'ended'].map((state) => Type.Literal(state))),
  problem: Type.Union([Type.String(), Type.Null()], { description: 'for the organiser alone' }),
  waiting: Type.Union([
    Type.Object({
      downloads: Type.Integer(),
      asks: Type.Integer(),
      rawBytes: Type.Integer(),
      isStalled: Type.Boolean(),
    }),
    Type.Null(),
  ]),
  tablesPosition: Type.Union([Type.Integer(), Type.Null()]),
}

/** One capture with all its holes. */
export const CaptureSchema = Type.Object({ ...STATUS, report: ReportSchema })

/** One of a list: its holes are counted. */
export const CaptureLineSchema = Type.Object({
  ...STATUS,
  report: Type.Object({
    ...ReportSchema.properties,
    canvases: Type.Array(Type.Object({ ...canvasTotals, holes: Type.Integer() })),
  }),
})
