import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../../app/config.ts'
import { SpateError } from '../../base/errors.ts'
import { openObjects } from '../../store/objects/open.ts'
import type { ObjectStore } from '../../store/objects/port.ts'
import { parseObjectsPlace } from '../../store/objects/url.ts'

export interface ObjectsOptions {
  readonly objects?: string
}

/** The option of every command that reads an archive where it lies, without a server. */
export function objectsOption(command: Command): Command {
  return command.option(
    '--objects <url>',
    'where the archive lies: a folder, or s3://bucket/prefix (default: SPATE_OBJECTS, or the data folder’s)',
  )
}

/** Errors: `invalid`, `not-found` for a folder that is not there, those of the store and of `work`. */
export async function withObjects<T>(
  { objects: url }: ObjectsOptions,
  work: (objects: ObjectStore) => Promise<T>,
): Promise<T> {
  const config = readConfig(process.env)
  const place =
    url === undefined
      ? (config.objects ?? { kind: 'folder', path: join(config.dataFolder, 'objects') })
      : parseObjectsPlace(url)
  if (place.kind === 'folder' && !existsSync(place.path)) {
    throw new SpateError('not-found', `there is no archive in ${place.path}: name it with --objects`)
  }
  await using objects = await openObjects(place)
  return await work(objects)
}
