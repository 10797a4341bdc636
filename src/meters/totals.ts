/**
 * What a total does. Pure.
 *
 * A total says what its window sums up to. It fixes the difference of the running sum between the window's two
 * ends, so totals are the edges of a graph whose nodes are ends of windows. A total is *in force* while newer ones
 * do not already fix the difference of its ends: those in force are the newest spanning forest. A new total
 * - takes the place of the oldest total on the path between its ends, if there is a path;
 * - shifts the running sum at the ends that hang together with one of its own, so its window becomes right and the
 *   sum of every other window in force stays what it was.
 * So totals that do not contradict each other hold all at once, in whatever order and however often they come.
 */
import { LAST_SECOND } from './calendar.ts'

/** From an end to an end: the seconds `from` to before `end`. */
export interface Window {
  readonly from: number
  readonly end: number
}

export interface Landing {
  readonly second: number
  /** 1 or −1: how often the missing amount is added there. */
  readonly sign: 1 | -1
}

/** What a total shifts: also what lies beside and after its window, or only the ends that hang together with its own. */
export type Reach = 'what-follows' | 'own-ends'

export interface Placing {
  /** Oldest first. */
  readonly inForce: readonly Window[]
  readonly landings: readonly Landing[]
}

/** Windows in force for one series at most; the oldest is settled: its sum is held no longer. */
export const MAX_IN_FORCE = 32

/**
 * @param inForce oldest first, a forest
 * @param settledBefore windows that begin earlier are held no longer
 */
export function placeTotal(
  inForce: readonly Window[],
  window: Window,
  settledBefore: number,
  reach: Reach = 'what-follows',
): Placing {
  const held = inForce.filter(({ from }) => from >= settledBefore)
  const path = pathBetween(held, window.from, window.end)
  const oldest = held.find((each) => path.includes(each))
  const others = held.filter((each) => each !== oldest)
  return {
    inForce: [...others, window].slice(-MAX_IN_FORCE),
    landings: reach === 'what-follows' ? landingsOf(others, window) : landingsOfOwnEnds(others, window),
  }
}

/** The windows that lead from one end to another; none if nothing does. */
function pathBetween(windows: readonly Window[], from: number, to: number): readonly Window[] {
  const cameBy = new Map<number, Window | undefined>([[from, undefined]])
  for (const node of cameBy.keys()) {
    for (const window of windows) {
      const next = window.from === node ? window.end : window.end === node ? window.from : undefined
      if (next !== undefined && !cameBy.has(next)) cameBy.set(next, window)
    }
  }
  const path: Window[] = []
  for (let node = to, by = cameBy.get(to); by !== undefined; by = cameBy.get(node)) {
    path.push(by)
    node = by.from === node ? by.end : by.from
  }
  return path
}

/**
 * Each group of connected ends is shifted whole or not at all. Of the two groups that the window joins, the one
 * that begins first stays. Another group stays too if it begins before both; else it does as the last end of the
 * two groups at or before its own last end. The amount lands in the last second before an end at which the shift
 * changes: with one window, or several one after another, that is the last second of the new one.
 */
function landingsOf(windows: readonly Window[], window: Window): Landing[] {
  const { groups, ofFrom, ofEnd, isFromFirst } = joinedBy(windows, window)
  const shifts = new Map<number, -1 | 0 | 1>()
  for (const node of ofFrom) shifts.set(node, isFromFirst ? 0 : -1)
  for (const node of ofEnd) shifts.set(node, isFromFirst ? 1 : 0)
  const decided = [...shifts.keys()].sort((a, b) => a - b)
  for (const group of groups) {
    if (group === ofFrom || group === ofEnd) continue
    const lastEnd = group.at(-1) ?? 0
    const leader =
      firstOf(group) < (decided[0] ?? 0) ? undefined : decided.findLast((node) => node <= lastEnd)
    for (const node of group) shifts.set(node, leader === undefined ? 0 : (shifts.get(leader) ?? 0))
  }
  const landings: Landing[] = []
  let before = 0
  for (const [node, shift] of [...shifts].sort(([a], [b]) => a - b)) {
    if (shift !== before) landings.push({ second: node - 1, sign: shift > before ? 1 : -1 })
    before = shift
  }
  return landings
}

/** Of the same two groups the same one is shifted, and nothing else: each of its ends, and back right after it. */
function landingsOfOwnEnds(windows: readonly Window[], window: Window): Landing[] {
  const { ofFrom, ofEnd, isFromFirst } = joinedBy(windows, window)
  const [moved, sign] = isFromFirst ? [ofEnd, 1 as const] : [ofFrom, -1 as const]
  const ends = new Set(moved)
  return moved.flatMap((end): Landing[] => [
    ...(ends.has(end - 1) ? [] : [{ second: end - 1, sign }]),
    // After the last second nothing is to be shifted back.
    ...(ends.has(end + 1) || end === LAST_SECOND
      ? []
      : [{ second: end, sign: sign === 1 ? (-1 as const) : (1 as const) }]),
  ])
}

interface Joined {
  readonly groups: readonly number[][]
  readonly ofFrom: readonly number[]
  readonly ofEnd: readonly number[]
  /** The group that begins later is the one to shift. */
  readonly isFromFirst: boolean
}

/** The groups of connected ends, and which of them the window joins. */
function joinedBy(windows: readonly Window[], window: Window): Joined {
  const ends = [...windows.flatMap(({ from, end }) => [from, end]), window.from, window.end]
  const groups = groupsOf(ends, windows)
  const ofFrom = groups.find((group) => group.includes(window.from)) ?? []
  const ofEnd = groups.find((group) => group.includes(window.end)) ?? []
  return { groups, ofFrom, ofEnd, isFromFirst: firstOf(ofFrom) < firstOf(ofEnd) }
}

function firstOf(group: readonly number[]): number {
  return group[0] ?? Number.POSITIVE_INFINITY
}

/** Connected ends, each group in order. */
function groupsOf(nodes: readonly number[], windows: readonly Window[]): number[][] {
  const groups = new Map<number, Set<number>>()
  for (const node of nodes) groups.set(node, groups.get(node) ?? new Set([node]))
  for (const { from, end } of windows) {
    const [left, right] = [groups.get(from), groups.get(end)]
    if (left === undefined || right === undefined || left === right) continue
    for (const node of right) {
      left.add(node)
      groups.set(node, left)
    }
  }
  return [...new Set(groups.values())].map((group) => [...group].sort((a, b) => a - b))
}
