import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { fieldOf, secondOfField } from '../local-time.ts'
import { isRolling, isSpan, lengthOf, QUICK, type Quick, type Span, within } from '../spans.ts'
import type { StatsPage } from '../stats-page.ts'
import { unitOr, unitsFor } from '../units.ts'
import type { Looked } from '../wanted.ts'

const QUICK_WORDS: Readonly<Record<Quick, string>> = { hour: 'Hour', day: 'Day', week: 'Week', all: 'All' }

/** What the chart goes over, and how finely; and the span in numbers. */
export function SpanChoice({ page, looked }: { page: StatsPage; looked: Looked }) {
  const { asked, shown, span, zone } = looked
  return (
    <div class="span-choice">
      <fieldset class="quick">
        <legend class="hidden">Span up to now</legend>
        {QUICK.map((quick) => (
          <button
            type="button"
            key={quick}
            aria-pressed={asked.shown === quick}
            onClick={() => page.change({ shown: quick, span: undefined, unit: undefined }, true)}
          >
            {QUICK_WORDS[quick]}
          </button>
        ))}
      </fieldset>
      <label class="choice">
        <span>by</span>
        <select
          value={unitOr(asked.unit, shown)}
          onChange={({ currentTarget: { value } }) =>
            page.change({ unit: unitsFor(shown).find((unit) => unit === value) })
          }
        >
          {unitsFor(shown).map((unit) => (
            <option key={unit} value={unit}>
              {unit}
            </option>
          ))}
        </select>
      </label>
      <SpanFields zone={zone} span={span} onSpan={(chosen) => choose(page, looked, chosen)} />
      {asked.span !== undefined && lengthOf(asked.span) > 1 && (
        <button
          type="button"
          onClick={() => page.change({ shown: span, span: undefined, unit: undefined }, true)}
        >
          Zoom in
        </button>
      )}
      {(asked.span !== undefined || !isRolling(asked.shown)) && (
        <button
          type="button"
          onClick={() =>
            page.change(
              asked.span === undefined ? { shown: 'all', unit: undefined } : { span: undefined },
              true,
            )
          }
        >
          {asked.span === undefined ? 'Zoom out' : 'Clear'}
        </button>
      )}
    </div>
  )
}

/** A span that the chart does not show is shown whole. */
function choose(page: StatsPage, { shown }: Looked, span: Span): void {
  const isInside = within(span, shown)?.from === span.from && span.to <= shown.to
  page.change(isInside ? { span } : { shown: span, span: undefined, unit: undefined }, true)
}

interface SpanFieldsProps {
  readonly zone: string
  readonly span: Span
  readonly onSpan: (span: Span) => void
}

/** A span as two times; the second is its end, which does not belong to it. */
export function SpanFields({ zone, span, onSpan }: SpanFieldsProps) {
  const change = (from: number | undefined, end: number | undefined): void => {
    if (from === undefined || end === undefined) return
    const chosen = { from, to: end - 1 }
    if (isSpan(chosen)) onSpan(chosen)
  }
  return (
    <>
      <TimeField
        label="from"
        value={fieldOf(zone, span.from)}
        onValue={(value) => change(secondOfField(zone, value), span.to + 1)}
      />
      <TimeField
        label="until"
        value={fieldOf(zone, span.to + 1)}
        onValue={(value) => change(span.from, secondOfField(zone, value))}
      />
    </>
  )
}

interface TimeFieldProps {
  readonly label: string
  readonly value: string
  readonly onValue: (value: string) => void
}

/** Browsers take as long to make one as for a chart: until the first frame was there, its place is kept. */
function TimeField({ label, value, onValue }: TimeFieldProps) {
  const isMade = useSignal(false)
  useEffect(() => {
    isMade.value = true
  }, [isMade])
  if (!isMade.value) {
    return (
      <span class="choice time">
        <span>{label}</span>
        <span class="time-place" />
      </span>
    )
  }
  return (
    <label class="choice time">
      <span>{label}</span>
      <input
        type="datetime-local"
        step="1"
        value={value}
        onChange={({ currentTarget: { value } }) => onValue(value)}
      />
    </label>
  )
}
