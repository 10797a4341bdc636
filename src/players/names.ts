/** Names are 1 to 26 characters and unique without regard to case, width and spaces. */
export const MAX_NAME_CHARACTERS = 26

/** What two equal names have in common; undefined for what is no name. */
export function nameKey(name: string): string | undefined {
  const trimmed = name.normalize('NFKC').trim()
  const length = [...trimmed].length
  if (length < 1 || length > MAX_NAME_CHARACTERS || /\p{C}/u.test(trimmed)) return undefined
  const key = trimmed.toLowerCase().replaceAll(/\s/gu, '')
  return key === '' ? undefined : key
}
