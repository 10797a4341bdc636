import { type Motion, type Step, stepOf } from '../view/motion.ts'
import { type Command, commandOf, motionOf } from './keys.ts'

export interface KeyboardActions {
  readonly command: (command: Exclude<Command, { type: 'hold' }>) => void
  /** What held keys do to the view, once a frame. */
  readonly step: (step: Step) => void
}

/** No frame counts for longer than this: a tab that slept must not leap. */
const LONGEST_FRAME_MS = 50
/** A key that is only tapped moves the view at least this much. */
const FIRST_FRAME_MS = 40

/** Keys anywhere on the page. Returns how to stop listening. */
export function listenToKeys(actions: KeyboardActions): () => void {
  const held = new Set<Motion>()
  const stop = new AbortController()
  const { signal } = stop
  let frame: number | undefined
  let lastMs = 0

  function run(nowMs: number): void {
    frame = held.size === 0 ? undefined : requestAnimationFrame(run)
    if (frame === undefined) return
    actions.step(stepOf(held, Math.min(nowMs - lastMs, LONGEST_FRAME_MS)))
    lastMs = nowMs
  }
  function hold(motion: Motion): void {
    if (held.has(motion)) return
    held.add(motion)
    actions.step(stepOf(new Set([motion]), FIRST_FRAME_MS))
    if (frame !== undefined) return
    lastMs = performance.now()
    frame = requestAnimationFrame(run)
  }

  window.addEventListener(
    'keydown',
    (event) => {
      const command = commandOf(event)
      if (command === undefined || belongsTo(event.target, command)) return
      if (event.repeat && (command.type === 'place' || command.type === 'undo')) return
      event.preventDefault()
      if (command.type === 'hold') hold(command.motion)
      else actions.command(command)
    },
    { signal },
  )
  window.addEventListener(
    'keyup',
    (event) => {
      const motion = motionOf(event)
      if (motion !== undefined) held.delete(motion)
    },
    { signal },
  )
  // Whatever was held is let go elsewhere.
  window.addEventListener('blur', () => held.clear(), { signal })
  return () => {
    stop.abort()
    if (frame !== undefined) cancelAnimationFrame(frame)
  }
}

/** Whether the element in focus has its own use for the key. */
function belongsTo(target: EventTarget | null, command: Command): boolean {
  if (!(target instanceof Element)) return false
  if (target.closest('dialog') !== null) return true
  if (target instanceof HTMLInputElement && target.type === 'radio') return command.type === 'move'
  if (target.closest('input, textarea, select') !== null) return true
  return command.type === 'place' && target.closest('button, a, summary') !== null
}
