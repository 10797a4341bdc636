import { setTimeout as pause } from 'node:timers/promises'
import type { Api } from '../../client/api.ts'
import { type ConnectionOptions, withServer } from '../connection.ts'
import { type CaptureInfo, captureOf, pathOf } from './api.ts'

/** What a source has to answer before we say how it is going. */
const PATIENCE_MS = 10_000
const LOOK_EVERY_MS = 250
const FAILURES_BELIEVED = 6

/** Tells a server to follow, and says whether the source is there. */
export async function beginCapture(
  name: string,
  wanted: { readonly kind: string; readonly settings: Readonly<Record<string, unknown>> },
  options: ConnectionOptions,
): Promise<void> {
  const text = await withServer(options, async (api, isOwn) => {
    await api.request('PUT', pathOf(name), wanted)
    if (isOwn) return `${name} will be followed while the server runs, and none does: spate serve\n`
    return beginning(await begun(api, name))
  })
  process.stdout.write(text)
}

export function saidOf(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

/** A first failure may be over with the next try, so it is believed once it lasts. */
async function begun(api: Api, name: string): Promise<CaptureInfo> {
  const endMs = performance.now() + PATIENCE_MS
  for (let failures = 0; ; ) {
    const capture = await captureOf(api, name)
    const { state, problem } = capture
    failures = problem === null ? 0 : failures + 1
    const isWell = state === 'following' && problem === null
    if (isWell || state === 'stopped' || failures >= FAILURES_BELIEVED || performance.now() > endMs)
      return capture
    await pause(LOOK_EVERY_MS)
  }
}

function beginning({ name, kind, state, problem, report }: CaptureInfo): string {
  switch (state) {
    case 'following':
      return (
        `following ${report.source}${kind === 'place' ? `: ${report.canvases.length === 1 ? 'one canvas' : `${report.canvases.length} canvases`}` : ''}` +
        `${kind === 'feed' ? '' : `, onto board ${name}`}\n` +
        (problem === null ? '' : `but ${problem}\n`)
      )
    case 'stopped':
      return `${name} is stopped: ${problem}\n`
    default:
      return (
        `not following yet: ${problem ?? 'the source has not answered'}\n` +
        `It is tried again for ever: spate capture report ${name} says how it goes, spate capture stop ${name} ends it.\n`
      )
  }
}
