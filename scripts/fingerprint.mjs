import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * One hash of the names and contents of files and of everything in folders, relative to `base`. What does not
 * exist counts as absent, so its appearance changes the hash. Tests do not count.
 */
export function fingerprint(base, paths) {
  const hash = createHash('sha256')
  for (const path of paths) add(hash, base, path)
  return hash.digest('hex')
}

function add(hash, base, path) {
  const stats = statSync(join(base, path), { throwIfNoEntry: false })
  if (stats?.isDirectory()) {
    for (const name of readdirSync(join(base, path)).sort()) add(hash, base, join(path, name))
    return
  }
  if (/\.test\.tsx?$/.test(path)) return
  const content = stats && readFileSync(join(base, path))
  hash.update(`${path}\0${content ? content.length : 'absent'}\0`)
  if (content) hash.update(content)
}
