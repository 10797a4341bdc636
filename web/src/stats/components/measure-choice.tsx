import { measureOf, measuresOf } from '../measures.ts'
import type { StatsPage } from '../stats-page.ts'

/** What is ranked. */
export function MeasureChoice({ page }: { page: StatsPage }) {
  const { place, asked } = page
  const chosen = measureOf(place, asked.value.measure)
  return (
    <fieldset class="tabs">
      <legend class="hidden">What is counted</legend>
      {measuresOf(place).map(({ id, label }, i) => (
        <label key={id} class="tab">
          <input
            type="radio"
            name="measure"
            value={id}
            checked={id === chosen.id}
            onChange={() => page.change({ measure: i === 0 ? undefined : id }, true)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  )
}
