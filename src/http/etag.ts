/**
 * Whether an If-None-Match names the entity that we have (RFC 9110, section 13.1.2): a list, compared weakly,
 * because a proxy that compresses makes our tags weak.
 */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  const opaque = opaqueOf(etag)
  // None of our tags has a comma in it.
  return ifNoneMatch.split(',').some((tag) => opaqueOf(tag.trim()) === opaque)
}

function opaqueOf(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}
