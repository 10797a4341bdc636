/** What a browser can tell about the clocks of time zones. */

export interface Local {
  readonly year: number
  /** From 1. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** What the clocks of a zone show at a second of the epoch. Errors: RangeError for a zone that is unknown. */
export type LocalClock = (zone: string, second: number) => Local

/** As far as it is used of what newer browsers have. */
export interface TemporalApi {
  readonly Now: { timeZoneId(): string }
  readonly Instant: { fromEpochMilliseconds(ms: number): { toZonedDateTimeISO(zone: string): Local } }
}

/** An ISO time names a zone for Temporal, too. */
const NAME = /^(?:[A-Za-z][\w+/-]*|[+-]\d\d:\d\d)$/

/** Takes microseconds, the first time, too. */
export function temporalClock({ Instant }: TemporalApi): LocalClock {
  return (zone, second) => {
    if (!NAME.test(zone)) throw new RangeError(`no time zone: ${zone}`)
    const zoned = Instant.fromEpochMilliseconds(second * 1000).toZonedDateTimeISO(zone)
    const { year, month, day, hour, minute } = zoned
    return { year, month, day, hour, minute, second: zoned.second }
  }
}

/** What every browser has. The first of Intl's formats takes tens of ms. */
export function intlClock(): LocalClock {
  const formats = new Map<string, Intl.DateTimeFormat>()
  const formatOf = (zone: string): Intl.DateTimeFormat => {
    let format = formats.get(zone)
    if (format === undefined) {
      format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        calendar: 'gregory',
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      })
      formats.set(zone, format)
    }
    return format
  }
  return (zone, second) => {
    // `M/D/YYYY, HH:MM:SS`, which en-US with these fields always is.
    const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, seconds = 0] = formatOf(zone)
      .format(second * 1000)
      .split(/[^\d]+/)
      .map(Number)
    return { year, month, day, hour, minute, second: seconds }
  }
}

/** Undefined: an older browser. */
export function temporalOf(scope: object): TemporalApi | undefined {
  // The language's own, where it is there.
  return (scope as { readonly Temporal?: TemporalApi }).Temporal
}
