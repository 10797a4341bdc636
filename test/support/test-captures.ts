import { Captures, type CapturesServices } from '../../src/capture/captures.ts'
import { openSourceSocket } from '../../src/capture/place/socket.ts'
import { FolderObjects } from '../../src/store/objects/folder.ts'
import { openTables } from '../../src/store/sql/open.ts'
import { TABLE_LIMITS } from '../../src/store/sql/port.ts'
import { PGLITE } from './tables.ts'
import { type Lifetime, tempFolder } from './tmp.ts'

type Given = Pick<CapturesServices, 'log' | 'kv' | 'boards' | 'clock' | 'onError' | 'onStopped'>

/** Captures of a server of the test's, which is to dispose of them. Nothing is opened before one is wanted. */
export function openTestCaptures(t: Lifetime, given: Given, folder = tempFolder(t)): Promise<Captures> {
  const tables = openTables(PGLITE, `${folder}/tables`, { limits: TABLE_LIMITS, onDiscarded: () => {} })
  t.after(() => tables[Symbol.asyncDispose]())
  return Captures.open({
    ...given,
    objects: FolderObjects.open(`${folder}/objects`),
    tables,
    random: Math.random,
    fetch: (url, init) => fetch(url, init),
    openSocket: openSourceSocket,
    freeBytes: async () => Number.POSITIVE_INFINITY,
    folder: `${folder}/captures`,
  })
}
