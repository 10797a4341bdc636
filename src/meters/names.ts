/** How facts are named. Numbers stand before names, so a name may hold anything. */
export const METERS = 'd/'

export const meterFact = (name: string): string => METERS + name
/** What a feeder of the fold keeps for itself. */
export const feedersFact = (key: string): string => `f/${key}`
export const keyFact = (key: string): string => `k/${key}`
/** What became of a record that was not simply applied. */
export const outcomeFact = (position: number): string => `r/${position}`
/** Name to number. */
export const entityFact = (meter: number, name: string): string => `e/${meter}/${name}`
/** Numbers to names: a page. */
export const entityNamesFact = (meter: number, page: number): string => `n/${meter}/${page}`
export const valueFact = (meter: number, dimension: number, value: string): string =>
  `v/${meter}/${dimension}/${value}`
export const valueNameFact = (meter: number, dimension: number, number: number): string =>
  `w/${meter}/${dimension}/${number}`
/** Of an entity: what follows is the numbers of its values. */
export const seriesPrefix = (meter: number, entity: number): string => `s/${meter}/${entity}/`
export const seriesFact = (meter: number, entity: number, values: readonly number[]): string =>
  seriesPrefix(meter, entity) + values.join('/')
/** Of the series of an entity that have these first values, which are not all. */
export const groupPrefix = (meter: number, entity: number, values: readonly number[]): string =>
  `${seriesPrefix(meter, entity)}${values.map((value) => `${value}/`).join('')}`
/** What the series from a number on are of: their entities' and values' numbers. */
export const membersFact = (meter: number, part: number): string => `m/${meter}/${part}`
/** The series of a page of entities, of a meter whose entities are numbers. */
export const numberedSeriesFact = (meter: number, page: number): string => `p/${meter}/${page}`
/** The rows of an entity that share these first values. */
export const groupOf = (meter: number, entity: number, values: readonly number[]): string =>
  `${meter}/${entity}/${values.join('/')}`
/** The windows that totals of a group hold. */
export const windowsFact = (group: string): string => `t/${group}`
