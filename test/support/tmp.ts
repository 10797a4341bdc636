import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Something that ends and cleans up then: a test's context, or a bench. */
export interface Lifetime {
  after(hook: () => unknown): void
}

/** An empty folder of the test's own, removed once everything else that the test cleans up is gone. */
export function tempFolder(t: Lifetime): string {
  const path = mkdtempSync(join(tmpdir(), 'spate-test-'))
  afterAllElse(t, () => rmSync(path, { recursive: true, force: true }))
  return path
}

/**
 * Runs after the hooks that the test registers later. Hooks run in the order of registration, which would take
 * a folder away from under the server that was opened in it; so the hook registers its work again, at the end.
 */
export function afterAllElse(t: Lifetime, cleanUp: () => void): void {
  t.after(() => t.after(cleanUp))
}
