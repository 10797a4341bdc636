/** Files that are being written, in a folder of their own until they are whole. Their names begin with their writer. */
import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type OpenBody, piecesOf } from './bodies.ts'
import { errnoOf, fileError } from './file-errors.ts'

/** The path of a new file of these bytes, synced. Nothing is left when it fails. */
export async function writeUnfinished(folder: string, source: OpenBody): Promise<string> {
  const path = join(folder, `${process.pid}-${randomUUID()}`)
  try {
    await using file = await open(path, 'wx')
    for await (const piece of piecesOf(source)) await writeAll(file, piece)
    await file.datasync()
    return path
  } catch (cause) {
    await rm(path, { force: true }).catch(() => {})
    throw fileError('write an object', cause)
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written)).bytesWritten
  }
}

/** Removes the files of processes that live no more. */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const pid = Number.parseInt(name, 10)
    if (pid === process.pid ? isOlderThanThisProcess(path) : !isAlive(pid)) rmSync(path, { force: true })
  }
}

/** The process started anew in a container has the number of the one before. */
function isOlderThanThisProcess(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && found.mtimeMs < performance.timeOrigin
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}
