/** How places have changed between two moments. Pure. */

export type Movement =
  | { readonly kind: 'new' }
  | { readonly kind: 'same' }
  | { readonly kind: 'up' | 'down'; readonly places: number }

/** @param before undefined: it had no place then */
export function movementOf(rank: number, before: number | undefined): Movement {
  if (before === undefined) return { kind: 'new' }
  if (before === rank) return { kind: 'same' }
  return before > rank ? { kind: 'up', places: before - rank } : { kind: 'down', places: rank - before }
}

export function movementSign(movement: Movement): string {
  switch (movement.kind) {
    case 'new':
      return 'new'
    case 'same':
      return '='
    case 'up':
      return `▲ ${movement.places}`
    case 'down':
      return `▼ ${movement.places}`
  }
}

/** For those who hear it. */
export function movementWords(movement: Movement): string {
  switch (movement.kind) {
    case 'new':
      return 'was not there before'
    case 'same':
      return 'at the same place as before'
    default:
      return `${movement.kind} ${movement.places} ${movement.places === 1 ? 'place' : 'places'}`
  }
}
