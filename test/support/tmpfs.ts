import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { afterAllElse } from './tmp.ts'

/** A disk of its own of the given size, unmounted after the test. Only for tests that `requires('tmpfs')`. */
export function tmpfs(t: TestContext, sizeBytes: number): string {
  const path = mountPoint()
  mount(path, sizeBytes)
  afterAllElse(t, () => {
    unmount(path)
    rmdirSync(path)
  })
  return path
}

export function canMountTmpfs(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const path = mountPoint()
  try {
    mount(path, 64 * 1024)
    unmount(path)
    return true
  } catch {
    return false
  } finally {
    rmdirSync(path)
  }
}

function mountPoint(): string {
  return mkdtempSync(join(tmpdir(), 'spate-mount-'))
}

function mount(path: string, sizeBytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'spate-test', path], { stdio: 'pipe' })
}

/** Lazily: files that a failed test left open do not keep it. */
function unmount(path: string): void {
  execFileSync('umount', ['--lazy', path], { stdio: 'pipe' })
}
