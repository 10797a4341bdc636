/** What a page of statistics is about, as its path says. */
export type Place =
  | { readonly kind: 'board'; readonly board: string }
  | { readonly kind: 'meters' }
  | { readonly kind: 'meter'; readonly meter: string }

/** @param path of a URL, e.g. `/boards/lobby/stats` */
export function placeOf(path: string): Place {
  const [area = '', name = '', rest] = path.split('/').filter(Boolean).map(decoded)
  if (area === 'boards' && name !== '' && rest === 'stats') return { kind: 'board', board: name }
  if (area === 'meters' && name !== '') return { kind: 'meter', meter: name }
  return { kind: 'meters' }
}

export function pathOf(place: Place): string {
  switch (place.kind) {
    case 'board':
      return `/boards/${encodeURIComponent(place.board)}/stats`
    case 'meter':
      return `/meters/${encodeURIComponent(place.meter)}`
    case 'meters':
      return '/meters'
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
