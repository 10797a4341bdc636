import assert from 'node:assert/strict'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const BLOCK = Buffer.alloc(4096)

/** Fills a disk to the last block. The returned function makes room again. */
export function fillDisk(disk: string): () => void {
  const path = join(disk, 'ballast')
  const file = openSync(path, 'w')
  assert.throws(
    () => {
      for (;;) writeSync(file, BLOCK)
    },
    { code: 'ENOSPC' },
  )
  closeSync(file)
  return () => rmSync(path)
}
