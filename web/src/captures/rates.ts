/** How much a second, over the last samples. */
export interface Rates {
  readonly messages: number
  readonly frames: number
}

export interface Sample extends Rates {
  readonly atMs: number
}

const OVER_MS = 20_000

/** The samples that count with the new one. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  // Counted anew: by another server, or from the beginning.
  const isSame = last !== undefined && sample.messages >= last.messages && sample.frames >= last.frames
  const kept = isSame ? samples.filter(({ atMs }) => atMs >= sample.atMs - OVER_MS) : []
  return [...kept, sample]
}

/** Undefined until there are two. */
export function ratesOf(samples: readonly Sample[]): Rates | undefined {
  const [first] = samples
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined
  const seconds = (last.atMs - first.atMs) / 1000
  return {
    messages: (last.messages - first.messages) / seconds,
    frames: (last.frames - first.frames) / seconds,
  }
}
