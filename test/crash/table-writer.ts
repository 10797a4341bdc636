/** A process that writes until it is killed: `node table-writer.ts FOLDER`. Tells each change that was committed. */
import { openTables } from '../../src/store/sql/open.ts'
import { upsertPixels } from '../../src/store/sql/pixels.ts'
import { TABLE_LIMITS } from '../../src/store/sql/port.ts'

const ROWS = 300
const tables = openTables({ kind: 'pglite' }, process.argv[2] ?? '', {
  limits: TABLE_LIMITS,
  onDiscarded: (reason) => console.log(`discarded: ${reason}`),
})
const before = await tables.read('read', (db) => db.selectFrom('meta').selectAll().executeTakeFirst())
for (let position = (before?.position ?? 0) + 1; ; position++) {
  await tables.change('write', async (db) => {
    const rows = Array.from({ length: ROWS }, (_, i) => {
      return {
        board: 'b',
        x: i,
        y: position % 50,
        modified: position,
        player: null,
        name: 'a name',
        colour: i,
      }
    })
    await upsertPixels(db, rows)
    const meta = { name: 'writer', version: 1, position }
    await db
      .insertInto('meta')
      .values(meta)
      .onConflict((conflict) => conflict.column('name').doUpdateSet(meta))
      .execute()
  })
  console.log(position)
}
