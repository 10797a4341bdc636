/** Columns as Postgres' own form of an array: drivers build it slower, or not at all. */

export function numbers(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`
}

export function texts(values: readonly (string | null)[]): string {
  return `{${values.map(quoted).join(',')}}`
}

/** Text without U+0000, which Postgres cannot hold. */
function quoted(value: string | null): string {
  if (value === null) return 'NULL'
  return `"${value.replaceAll('\0', '').replace(/["\\]/g, '\\$&')}"`
}
