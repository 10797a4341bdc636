import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Disk blocks of all files below a folder. */
export function diskBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).blocks * 512, 0)
}
