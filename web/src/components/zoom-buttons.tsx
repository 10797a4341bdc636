import type { Page } from '../page.ts'
import { FitIcon, GridIcon, MinusIcon, PlusIcon } from './icons.tsx'

export function ZoomButtons({ page }: { page: Page }) {
  const { steering, store } = page
  return (
    <div class="panel zoom" role="toolbar" aria-label="View" aria-orientation="vertical">
      <button type="button" class="plain" aria-label="Zoom in" onClick={() => steering.zoomStep(1)}>
        <PlusIcon />
      </button>
      <button type="button" class="plain" aria-label="Zoom out" onClick={() => steering.zoomStep(-1)}>
        <MinusIcon />
      </button>
      <button type="button" class="plain" aria-label="Whole board" onClick={() => steering.fit()}>
        <FitIcon />
      </button>
      <button
        type="button"
        class="plain"
        aria-label="Grid"
        aria-pressed={store.isGridOn.value}
        onClick={() => page.toggleGrid()}
      >
        <GridIcon />
      </button>
    </div>
  )
}
