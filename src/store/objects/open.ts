import { FolderObjects } from './folder.ts'
import type { ObjectStore } from './port.ts'
import type { ObjectsPlace } from './url.ts'

/**
 * Errors: `storage-full`, `storage-failed`. A service is first spoken to with the first operation, so one that is
 * down now delays nothing.
 */
export async function openObjects(place: ObjectsPlace): Promise<ObjectStore> {
  if (place.kind === 'folder') return FolderObjects.open(place.path)
  // The SDK takes a fifth of a second to load, which only those who use it pay.
  const [{ S3_LIMITS }, { S3Objects }] = await Promise.all([import('./s3.ts'), import('./s3-objects.ts')])
  return new S3Objects(place, S3_LIMITS)
}
