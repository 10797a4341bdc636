import { closeSync, fsyncSync, openSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { DataFolder } from '../../app/data-folder.ts'
import { type Restored, restoreArchive } from '../../archive/restore.ts'
import { systemClock } from '../../base/clock.ts'
import { messageOf, SpateError } from '../../base/errors.ts'
import { LmdbLog } from '../../log/lmdb.ts'
import type { ObjectStore } from '../../store/objects/port.ts'
import { StreamProgress } from '../progress.ts'
import { type ObjectsOptions, objectsOption, withObjects } from './objects.ts'

interface Options extends ObjectsOptions {
  readonly into: string
}

const AFTER_HELP = `
The new folder holds the log, with all positions and times as they were, and nothing else: a server that is started
with SPATE_DATA=FOLDER makes the rest from it. Secrets are in no archive: with another cookie-secret, visitors are new
players.`

export function restoreCommand(): Command {
  const command = new Command('restore')
    .description('make a data folder from an archive alone')
    .requiredOption('--into <folder>', 'the folder to make; one that is there has to be empty')
    .addHelpText('after', AFTER_HELP)
  return objectsOption(command).action(restore)
}

async function restore(options: Options): Promise<void> {
  const folder = resolve(options.into)
  const { streams, records, placements } = await withObjects(options, (objects) =>
    restoreInto(folder, objects),
  )
  process.stdout.write(
    `restored ${streams} streams, ${records} records, ${placements} placements to ${folder}\n`,
  )
}

/** The log appears in the folder once it is whole; what failed leaves an empty folder. */
async function restoreInto(folder: string, objects: ObjectStore): Promise<Restored> {
  await requireEmpty(folder)
  const unfinished = join(folder, 'log-unfinished')
  let isWhole = false
  try {
    // Nobody else may begin with it meanwhile.
    using _claim = await DataFolder.claim(folder)
    const restored = await restoreLog(unfinished, objects)
    await rename(unfinished, join(folder, 'log'))
    syncFolder(folder)
    isWhole = true
    return restored
  } finally {
    if (!isWhole) {
      for (const name of [unfinished, join(folder, 'lock')]) await rm(name, { recursive: true, force: true })
    }
  }
}

async function restoreLog(path: string, objects: ObjectStore): Promise<Restored> {
  const progress = new StreamProgress(process.stderr)
  let isBegun = false
  await using log = LmdbLog.open(path, systemClock)
  try {
    return await restoreArchive(objects, log, (done, all) => {
      if (!isBegun) progress.begin('restored', all)
      isBegun = true
      progress.update(done)
    })
  } finally {
    progress.end()
  }
}

async function requireEmpty(folder: string): Promise<void> {
  let names: string[]
  try {
    await mkdir(folder, { recursive: true })
    names = await readdir(folder)
  } catch (cause) {
    throw new SpateError('storage-failed', `cannot use ${folder}: ${messageOf(cause)}`, { cause })
  }
  if (names.length > 0) throw new SpateError('conflict', `${folder} is not empty: restore into a new folder`)
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
