/** Lets any number of followers sleep until something was appended. A wake between two sleeps is not kept. */
export class Wakeup {
  #waiting: PromiseWithResolvers<void> | undefined

  wake(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }

  /** Resolves at the next `wake` or when `signal` aborts. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    this.#waiting ??= Promise.withResolvers<void>()
    const { promise } = this.#waiting
    const aborted = Promise.withResolvers<void>()
    const onAbort = (): void => aborted.resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.race([promise, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}
