import { useLayoutEffect, useRef } from 'preact/hooks'
import { listenToKeys } from '../input/keyboard.ts'
import { listenToPointers } from '../input/pointer.ts'
import { obey } from '../obey.ts'
import type { Page } from '../page.ts'
import { Scene } from '../paint/scene.ts'

/** The board itself, all over the window. */
export function BoardCanvas({ page }: { page: Page }) {
  const ref = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    const canvas = ref.current
    if (canvas === null) return
    const scene = new Scene(canvas, page.store, page.picture)
    const stopPointers = listenToPointers(canvas, {
      gesture: (gesture) => page.gesture(gesture),
      hover: (at) => page.steering.hover(at),
      wheel: (at, factor) => page.steering.zoom(factor, at),
      context: (at) => page.inspectAt(at),
    })
    const stopKeys = listenToKeys({
      command: (command) => obey(command, page),
      step: (step) => page.steering.step(step),
    })
    return () => {
      scene[Symbol.dispose]()
      stopPointers()
      stopKeys()
    }
  }, [page])
  const { board, info } = page.store
  const extent = info.value?.extent
  const size = extent === undefined ? '' : `, ${extent.width} by ${extent.height} cells`
  return (
    // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: its keys are its own, as an application's
    <canvas
      ref={ref}
      class="board"
      tabIndex={0}
      role="application"
      aria-label={`Board ${board.value}${size}. Arrow keys move the cursor, Enter paints, question mark lists all keys.`}
    />
  )
}
