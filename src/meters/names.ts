/** How facts are named. Numbers stand before names, so a name may hold anything. */
import type { Sheet } from './port.ts'

export const METERS = 'd/'

export const meterFact = (name: string): string => METERS + name
/** What a feeder of the fold keeps for itself. */
export const feedersFact = (key: string): string => `f/${key}`
export const keyFact = (key: string): string => `k/${key}`
/** Name to number. */
export const entityFact = (meter: number, name: string): string => `e/${meter}/${name}`
/** Number to name. */
export const entityNameFact = (meter: number, row: number): string => `n/${meter}/${row}`
export const valueFact = (meter: number, dimension: number, value: string): string =>
  `v/${meter}/${dimension}/${value}`
export const valueNameFact = (meter: number, dimension: number, number: number): string =>
  `w/${meter}/${dimension}/${number}`
/** Of an entity: what follows is the numbers of its values. */
export const seriesPrefix = (meter: number, entity: number): string => `s/${meter}/${entity}/`
export const seriesFact = (meter: number, entity: number, values: readonly number[]): string =>
  seriesPrefix(meter, entity) + values.join('/')
/** What the series from a number on are of: their entities' and values' numbers. */
export const membersFact = (meter: number, part: number): string => `m/${meter}/${part}`
export const windowsFact = (sheet: Sheet, row: number): string => `t/${sheet}/${row}`
