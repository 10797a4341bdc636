import { effect } from '@preact/signals'
import type { Store } from '../store.ts'

const TICK_MS = 200
const NOTICE_MS = 6_000

/** Lets time pass in the store while something counts down, and takes notices away. Returns how to stop. */
export function tickWhileNeeded(store: Store): () => void {
  let timer: ReturnType<typeof setInterval> | undefined
  const stopCountdown = effect(() => {
    const endMs = Math.max(store.nextMs.value, store.undoUntilMs.value)
    clearInterval(timer)
    store.nowMs.value = Date.now()
    if (endMs <= Date.now()) return
    timer = setInterval(() => {
      store.nowMs.value = Date.now()
      if (Date.now() > endMs) clearInterval(timer)
    }, TICK_MS)
  })
  let vanishing: ReturnType<typeof setTimeout> | undefined
  const stopNotices = effect(() => {
    const notice = store.notice.value
    clearTimeout(vanishing)
    if (notice === undefined) return
    vanishing = setTimeout(() => {
      store.notice.value = undefined
    }, NOTICE_MS)
  })
  return () => {
    stopCountdown()
    stopNotices()
    clearInterval(timer)
    clearTimeout(vanishing)
  }
}
