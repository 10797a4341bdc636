import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Api } from '../../../../src/client/api.ts'
import { Mark } from '../../components/icons.tsx'
import { sentenceOf } from '../../words/problems.ts'
import { amountWords } from '../amounts.ts'
import type { MeterInfo } from '../answers.ts'
import { pathOf } from '../place.ts'

/** All free-standing meters. */
export function MetersList({ origin }: { origin: string }) {
  const meters = useSignal<readonly MeterInfo[] | undefined>(undefined)
  const failure = useSignal<string | undefined>(undefined)
  const load = async (): Promise<void> => {
    failure.value = undefined
    try {
      meters.value = (
        await new Api({ baseUrl: origin }).json<{ meters: MeterInfo[] }>('GET', '/api/meters')
      ).meters
    } catch (error) {
      failure.value = sentenceOf(error)
    }
  }
  useEffect(() => {
    document.title = 'Meters · Spate'
    void load()
  }, [])
  return (
    <>
      <header class="panel page-header">
        <Mark />
        <a class="link-button" href="/">
          Boards
        </a>
        <h1>Meters</h1>
      </header>
      <main class="stats">
        <section class="panel part wide" aria-label="Meters">
          {failure.value !== undefined && (
            <div class="trouble" role="alert">
              <p>{failure.value}</p>
              <button type="button" class="primary" onClick={() => void load()}>
                Try again
              </button>
            </div>
          )}
          {meters.value?.length === 0 && (
            <p class="empty">
              There is no meter yet: the organiser declares them, with <code>spate meters declare</code>.
            </p>
          )}
          {meters.value !== undefined && meters.value.length > 0 && <MetersTable meters={meters.value} />}
        </section>
      </main>
    </>
  )
}

function MetersTable({ meters }: { meters: readonly MeterInfo[] }) {
  return (
    <div class="scroll">
      <table class="leaders">
        <caption class="hidden">Meters</caption>
        <thead>
          <tr>
            <th scope="col">Meter</th>
            <th scope="col">Dimensions</th>
            <th scope="col" class="amount">
              Entities
            </th>
          </tr>
        </thead>
        <tbody>
          {meters.map(({ name, dimensions, entities }) => (
            <tr key={name}>
              <th scope="row">
                <a href={pathOf({ kind: 'meter', meter: name })}>{name}</a>
              </th>
              <td class="quiet">{dimensions.join(', ')}</td>
              <td class="amount number">{amountWords(entities)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
