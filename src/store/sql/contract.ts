import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { anyText } from '../../../test/support/any-text.ts'
import type { Lifetime } from '../../../test/support/tmp.ts'
import { cellHistory, upsertPixels } from './pixels.ts'
import type { Tables } from './port.ts'
import { type Projection, project, reset } from './projection.ts'
import type { PixelRow } from './schema.ts'
import { countUrls, findUrl, nameUrls, settleUrls, waitingUrls } from './urls.ts'

/** A database without tables. Everything that is opened on it is disposed of with the test. */
export interface TestDatabase {
  open(): Tables
}

export type MakeDatabase = (lifetime: Lifetime) => Promise<TestDatabase>

export const PIXEL: PixelRow = {
  board: 'place',
  x: 1,
  y: -2,
  modified: 1_648_932_278_612,
  player: 't2_a',
  name: 'Ada',
  colour: 0xff4500,
}

export function allPixels(tables: Tables): Promise<PixelRow[]> {
  return tables.read('read pixels', (db) =>
    db
      .selectFrom('pixels')
      .selectAll()
      .orderBy('board')
      .orderBy('x')
      .orderBy('y')
      .orderBy('modified')
      .execute(),
  )
}

/** A record of the stream that the tests project: a cell that was coloured. */
export interface Painting {
  readonly position: number
  readonly x: number
  readonly colour: number
}

/** The last colour of each cell; what it is made of is read and written, so a batch that came twice would show. */
export function paintings(version: number, onApply: () => void = () => {}): Projection<Painting> {
  return {
    name: 'test',
    version,
    async clear(db) {
      await db.deleteFrom('pixels').where('board', '=', 'projected').execute()
    },
    async apply(db, records) {
      for (const { x, colour } of records) {
        const found = await db
          .selectFrom('pixels')
          .select('colour')
          .where('board', '=', 'projected')
          .where('x', '=', x)
          .executeTakeFirst()
        const next = { ...PIXEL, board: 'projected', x, y: version, modified: 0 }
        if (found === undefined) await upsertPixels(db, [{ ...next, colour }])
        else {
          const sum = (found.colour ?? 0) + colour
          await db.updateTable('pixels').set({ colour: sum }).where('x', '=', x).execute()
        }
      }
      onApply()
    },
  }
}

export const STREAM: readonly Painting[] = Array.from({ length: 40 }, (_, i) => ({
  position: i * 3 + 1,
  x: i % 7,
  colour: i,
}))

/** Batches of 6 records. */
export async function* batchesOf(stream: readonly Painting[], after: number): AsyncIterable<Painting[]> {
  const rest = stream.filter(({ position }) => position > after)
  for (let start = 0; start < rest.length; start += 6) yield rest.slice(start, start + 6)
}

const end = STREAM.at(-1)?.position
const readStream = (after: number): AsyncIterable<Painting[]> => batchesOf(STREAM, after)

/** The rules of both databases, D1 to D8 of SPEC.md. */
export function describeTables(name: string, { skip }: { skip: string | false }, make: MakeDatabase): void {
  describe(`tables: ${name}`, { skip }, () => {
    const hooks: (() => unknown)[] = []
    let shared: Tables

    before(async () => {
      shared = (await make({ after: (hook) => hooks.push(hook) })).open()
    })
    after(async () => {
      // A hook may add others.
      for (const hook of hooks) await hook()
    })

    /** To start a database for each test would take most of the time. */
    const emptied = async (): Promise<Tables> => {
      await shared.change('empty', async (db) => {
        for (const table of ['pixels', 'urls', 'meta'] as const) await db.deleteFrom(table).execute()
      })
      return shared
    }

    const projectedOnce = async (): Promise<PixelRow[]> => {
      const tables = await emptied()
      assert.equal(await project(tables, paintings(1), readStream), end)
      return allPixels(tables)
    }

    it('[D1] tables that are opened again have what was committed', async (t) => {
      const database = await make(t)
      {
        await using first = database.open()
        await first.change('write', (db) => upsertPixels(db, [PIXEL]))
      }
      assert.deepEqual(await allPixels(database.open()), [PIXEL])
    })

    it('[D1] of two that open an empty database at once both find the tables made', async (t) => {
      const tables = (await make(t)).open()
      assert.deepEqual(await Promise.all([allPixels(tables), allPixels(tables)]), [[], []])
    })

    it('[D2] a change that throws leaves nothing, and what it threw is thrown again', async () => {
      const tables = await emptied()
      const bug = new Error('of the caller')
      await assert.rejects(
        tables.change('write', async (db) => {
          await upsertPixels(db, [PIXEL])
          throw bug
        }),
        (error) => error === bug,
      )
      assert.deepEqual(await allPixels(tables), [])
    })

    it('[D2] a statement that fails ends its change, and the next one works', async () => {
      const tables = await emptied()
      const broken = { ...PIXEL, x: 2 ** 40 }
      await assert.rejects(
        tables.change('write', async (db) => {
          await upsertPixels(db, [PIXEL])
          await upsertPixels(db, [broken])
        }),
        /^Error: cannot write: .*\(SQLSTATE 22003\)$/,
      )
      await tables.change('write', (db) => upsertPixels(db, [{ ...PIXEL, x: 2 }]))
      assert.deepEqual(await allPixels(tables), [{ ...PIXEL, x: 2 }])
    })

    it('[D2] changes at once are each whole, and a read sees no half of one', async () => {
      const tables = await emptied()
      const pairs = Array.from({ length: 10 }, (_, i) =>
        tables.change('write', async (db) => {
          await upsertPixels(db, [{ ...PIXEL, x: i }])
          await upsertPixels(db, [{ ...PIXEL, x: i + 100 }])
        }),
      )
      const reads = Array.from({ length: 10 }, () => allPixels(tables))
      for (const seen of await Promise.all(reads)) assert.equal(seen.length % 2, 0)
      await Promise.all(pairs)
      assert.equal((await allPixels(tables)).length, 20)
    })

    it('[D3] any rows of pixels are there as a map by cell and change says', async () => {
      const tables = await emptied()
      const small = fc.integer({ min: -1, max: 1 })
      const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value)
      const text = orNull(anyText.map((some) => some.toWellFormed().replaceAll('\0', '')))
      const row: fc.Arbitrary<PixelRow> = fc.record({
        board: fc.constantFrom('a', 'b'),
        x: small,
        y: fc.constantFrom(-(2 ** 31), 2 ** 31 - 1),
        modified: fc.constantFrom(0, Number.MAX_SAFE_INTEGER),
        player: text,
        name: text,
        colour: orNull(fc.integer({ min: 0, max: 0xffffff })),
      })
      const batches = fc.array(fc.array(row, { maxLength: 30, size: 'max' }), { maxLength: 4 })
      await fc.assert(
        fc.asyncProperty(batches, async (all) => {
          await tables.change('empty', (db) => db.deleteFrom('pixels').execute())
          const expected = new Map<string, PixelRow>()
          for (const batch of all) {
            await tables.change('write', (db) => upsertPixels(db, batch))
            for (const next of batch) {
              const key = JSON.stringify([next.board, next.x, next.y, next.modified])
              const before = expected.get(key) ?? next
              expected.set(key, {
                ...next,
                player: next.player ?? before.player,
                name: next.name ?? before.name,
                colour: next.colour ?? before.colour,
              })
            }
          }
          const inOrder = [...expected.values()].sort(
            (a, b) => a.board.localeCompare(b.board) || a.x - b.x || a.y - b.y || a.modified - b.modified,
          )
          assert.deepEqual(await allPixels(tables), inOrder)
        }),
        { numRuns: 60 },
      )
    })

    it('[D3] thousands of rows in one call, and the history of one cell, the latest first', async () => {
      const tables = await emptied()
      const rows = Array.from({ length: 12_000 }, (_, i) => ({ ...PIXEL, x: i % 10, modified: i }))
      await tables.change('write', (db) => upsertPixels(db, rows))
      const history = await tables.read('read', (db) => cellHistory(db, 'place', 7, -2, 3))
      assert.deepEqual(
        history,
        [11_997, 11_987, 11_977].map((modified) => ({ ...PIXEL, x: 7, modified })),
      )
    })

    it('[D4] a URL is named once and waits until its outcome is known; what is stored stays stored', async () => {
      const tables = await emptied()
      const [a, b] = ['https://example.org/a.png', 'https://example.org/b.png']
      await tables.change('name', async (db) => {
        await nameUrls(db, 'place', [
          { url: b, named: 1 },
          { url: a, named: 1 },
          { url: a, named: 2 },
        ])
        await nameUrls(db, 'place', [{ url: a, named: 3 }])
        await nameUrls(db, 'other', [{ url: a, named: 4 }])
      })
      const waiting = (after: { named: number; url: string } | undefined): Promise<string[]> =>
        tables.read('list', async (db) => (await waitingUrls(db, 'place', after, 10)).map(({ url }) => url))
      assert.deepEqual(await waiting(undefined), [a, b])
      assert.deepEqual(await waiting({ named: 1, url: a }), [b])

      const stored = { status: 'stored', fetched: 5, hash: 'ab', size: 7 } as const
      const missing = { status: 'missing', fetched: 6, reason: '404' } as const
      await tables.change('settle', async (db) => {
        await settleUrls(db, 'place', [
          { url: b, outcome: { status: 'failed', fetched: 4, reason: '500' } },
          { url: a, outcome: stored },
          { url: a, outcome: missing },
          { url: b, outcome: missing },
        ])
        await settleUrls(db, 'place', [{ url: a, outcome: missing }])
        await settleUrls(db, 'place', [])
      })
      const find = (url: string) => tables.read('find', (db) => findUrl(db, 'place', url))
      assert.deepEqual(await find(a), { capture: 'place', url: a, named: 1, reason: null, ...stored })
      assert.deepEqual(await find(b), {
        capture: 'place',
        url: b,
        named: 1,
        hash: null,
        size: null,
        ...missing,
      })
      assert.equal(await find('https://example.org/c.png'), undefined)
      assert.deepEqual(await tables.read('count', (db) => countUrls(db, 'place')), {
        waiting: 0,
        stored: 1,
        expired: 0,
        missing: 1,
        failed: 0,
      })
    })

    it('[D5] tables that a later release has changed are left alone', async (t) => {
      const database = await make(t)
      {
        await using tables = database.open()
        await tables.change('migrate', async (db) => {
          // The ledger is the migrator's, no table of the schema.
          const ledger = db.withTables<{ migrations: { name: string; timestamp: string } }>()
          await ledger.insertInto('migrations').values({ name: '9999-later', timestamp: '' }).execute()
        })
      }
      const refused = { code: 'newer-version', retryable: false, message: /9999-later/ }
      await assert.rejects(allPixels(database.open()), refused)
    })

    it('[D6] a projection that fails anywhere goes on there, and is what one run makes', async () => {
      const once = await projectedOnce()
      const tables = await emptied()
      for (const failAt of [0, 1, 3]) {
        let applied = 0
        const failing = paintings(1, () => {
          if (applied++ === failAt) throw new Error('a crash')
        })
        await assert.rejects(project(tables, failing, readStream), /a crash/)
      }
      assert.equal(await project(tables, paintings(1), readStream), end)
      const pixels = await allPixels(tables)
      assert.equal(pixels.length, 7)
      assert.deepEqual(pixels, once)
    })

    it('[D6] several processes with the same projection apply each batch once', async () => {
      const once = await projectedOnce()
      const tables = await emptied()
      const ends = await Promise.all(
        Array.from({ length: 3 }, () => project(tables, paintings(1), readStream)),
      )
      assert.deepEqual(ends, [end, end, end])
      assert.deepEqual(await allPixels(tables), once)
    })

    it('[D7] another version of a projection, and one that was reset, is made anew; an older one is refused', async () => {
      const tables = await emptied()
      await project(tables, paintings(1), readStream)
      await project(tables, paintings(2), readStream)
      const second = await allPixels(tables)
      assert.deepEqual([second.length, new Set(second.map(({ y }) => y))], [7, new Set([2])])
      await assert.rejects(project(tables, paintings(1), readStream), { code: 'newer-version' })

      await reset(tables, paintings(2))
      assert.deepEqual(await allPixels(tables), [])
      await project(tables, paintings(2), readStream)
      assert.deepEqual(await allPixels(tables), second)
    })

    it('[D8] tables that are closed refuse what comes after', async (t) => {
      const tables = (await make(t)).open()
      await allPixels(tables)
      await tables[Symbol.asyncDispose]()
      await assert.rejects(allPixels(tables), { code: 'unavailable' })
    })
  })
}
