import { useSignal } from '@preact/signals'
import { ownZone } from '../local-time.ts'
import type { StatsPage } from '../stats-page.ts'

/** The own time zone, or another; all there are once somebody looks for one. */
export function ZoneChoice({ page }: { page: StatsPage }) {
  const isOpen = useSignal(false)
  const own = ownZone()
  const zones = isOpen.value ? Intl.supportedValuesOf('timeZone') : []
  const first = [...new Set([own, 'UTC', page.zone])]
  const open = (): void => {
    isOpen.value = true
  }
  return (
    <label class="choice">
      <span class="hidden">Time zone</span>
      <select
        value={page.zone}
        onFocus={open}
        onPointerDown={open}
        onChange={({ currentTarget: { value } }) => page.change({ zone: value === own ? undefined : value })}
      >
        {first.map((zone) => (
          <option key={zone} value={zone}>
            {zone === own ? `${zone} (yours)` : zone}
          </option>
        ))}
        {zones
          .filter((zone) => !first.includes(zone))
          .map((zone) => (
            <option key={zone} value={zone}>
              {zone}
            </option>
          ))}
      </select>
    </label>
  )
}
