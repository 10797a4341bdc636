import { InvalidArgumentError } from 'commander'

export function header(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Expected "Name: value".')
  return { ...before, [name]: value }
}

/** An empty one stands for none. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return text === '' ? before : [...before, text]
}
