/**
 * The folder of a database that does not sync, and what is known of how it was left.
 *
 * While the database is open a mark lies beside it that names the run of the machine. A process that is killed leaves
 * the mark: in the same run of the machine all that it wrote is still there, and Postgres repairs itself from its
 * WAL. After another start of the machine nobody knows which of its writes reached the disk, so the database is
 * removed. A database that is closed in order is synced before the mark goes.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const DATABASE = 'database'
const UNFINISHED = 'database.new'
const DISCARDED = 'database.old'
const MARK = 'open'
/** Linux has one for each start; elsewhere every unclean end counts as a loss of power. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'
const UNTRUSTED = 'untrusted'

export class PgliteFolder {
  readonly #root: string
  readonly database: string
  readonly unfinished: string
  #openedMs = 0

  constructor(root: string) {
    this.#root = root
    this.database = join(root, DATABASE)
    this.unfinished = join(root, UNFINISHED)
  }

  get hasDatabase(): boolean {
    return existsSync(this.database)
  }

  /** Clears away what is half made or half removed. Resolves with why the database cannot be trusted, if so. */
  async prepare(): Promise<string | undefined> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 })
    for (const name of [UNFINISHED, DISCARDED])
      await rm(join(this.#root, name), { recursive: true, force: true })
    if (!this.hasDatabase) return undefined
    const mark = await this.#mark()
    // PGlite would make another database without a word.
    if (mark === UNTRUSTED || !existsSync(join(this.database, 'PG_VERSION'))) return 'it is damaged'
    if (mark === undefined) return undefined
    if (mark !== machineRun())
      return 'it was open when the machine stopped, and is not synced while it is open'
    return undefined
  }

  async discard(): Promise<void> {
    await rename(this.database, join(this.#root, DISCARDED))
    await rm(join(this.#root, DISCARDED), { recursive: true })
  }

  /** The new database is whole. */
  async finish(): Promise<void> {
    await rename(this.unfinished, this.database)
  }

  /** Before the database is opened. */
  async markOpen(): Promise<void> {
    this.#openedMs = Date.now()
    await this.#writeMark(machineRun())
  }

  /** The next `prepare` says that it cannot be trusted. */
  async markUntrusted(): Promise<void> {
    await this.#writeMark(UNTRUSTED)
  }

  /** After the database was closed in order. */
  async markClosed(): Promise<void> {
    await this.#syncChanged(this.database)
    await sync(this.#root)
    if ((await this.#mark()) === UNTRUSTED) return
    await rm(join(this.#root, MARK))
  }

  async #mark(): Promise<string | undefined> {
    const path = join(this.#root, MARK)
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  }

  async #writeMark(text: string): Promise<void> {
    const path = join(this.#root, MARK)
    await writeFile(path, text)
    await sync(path)
    await sync(this.#root)
  }

  /** What was written before has been synced before; file systems round times. */
  async #syncChanged(folder: string): Promise<void> {
    const since = this.#openedMs - 2000
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name)
      if ((await stat(path)).mtimeMs >= since) await sync(path)
    }
    await sync(folder)
  }
}

function machineRun(): string {
  return existsSync(BOOT_ID) ? readFileSync(BOOT_ID, 'utf8').trim() : randomUUID()
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r')
  await file.sync()
}
