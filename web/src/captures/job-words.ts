import type { Job } from '../../../src/client/jobs.ts'
import type { JobCounts, JobState } from '../../../src/jobs/port.ts'
import { countWords, lengthWords } from './words.ts'

export const JOB_STATES: Readonly<Record<JobState, string>> = {
  waiting: 'Waiting',
  running: 'Running',
  retrying: 'Retrying',
  dead: 'Failed',
  done: 'Done',
}

const KINDS: Readonly<Record<string, string>> = { 'lost-frame': 'Frames that could not be had' }

/** One that a later server has is shown as it is called. */
export function kindWords(kind: string): string {
  return KINDS[kind] ?? kind
}

/** What a job is about: of a frame its capture, canvas and file. */
export function aboutJob({ data }: Pick<Job, 'data'>): { what: string; where: string; title: string } {
  const of = (name: string): unknown =>
    typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined
  const [capture, canvas, url] = [of('capture'), of('canvas'), of('url')]
  const all = JSON.stringify(data)
  const where = typeof capture === 'string' ? capture : ''
  if (typeof url !== 'string') return { what: all, where, title: all }
  const what = url.split(/[?#]/, 1)[0]?.split('/').findLast(Boolean) ?? url
  return { what, where: typeof canvas === 'number' ? `${where}, canvas ${canvas}` : where, title: url }
}

/** How often it was tried, and when it will be. */
export function triesWords({ state, attempts, startMs }: Job, nowMs: number): string {
  const tries = attempts === 1 ? '1 try' : `${attempts} tries`
  if (state === 'retrying' || state === 'waiting') {
    const next = startMs > nowMs ? `next in ${lengthWords(startMs - nowMs)}` : 'next now'
    return attempts === 0 ? next : `${tries}, ${next}`
  }
  return tries
}

/** Whether somebody may have it begin now. */
export function canRetry({ state, startMs }: Job, nowMs: number): boolean {
  return state === 'dead' || ((state === 'retrying' || state === 'waiting') && startMs > nowMs)
}

/** What is running cannot be taken back. */
export function canDrop({ state }: Job): boolean {
  return state === 'dead' || state === 'retrying' || state === 'waiting'
}

/** `2 failed, 1 retrying`; empty where there is none. */
export function countsWords({ dead, retrying, running, waiting }: JobCounts): string {
  const parts: readonly (readonly [number, string])[] = [
    [dead, 'failed'],
    [retrying, 'retrying'],
    [running, 'running'],
    [waiting, 'waiting'],
  ]
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${countWords(count)} ${what}`)
    .join(', ')
}

export function jobsWords(count: number): string {
  return count === 1 ? '1 job' : `${countWords(count)} jobs`
}
