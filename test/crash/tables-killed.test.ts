import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { NODE_FLAGS } from '../../scripts/node.mjs'
import { pgliteFolder, pgliteTables } from '../support/tables.ts'

const ROWS = 300
const KILLS = 2

test('[D9] a process that is killed while it writes leaves tables that open, with all that was committed', async (t) => {
  const folder = await pgliteFolder(t)
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [
      ...NODE_FLAGS,
      join(import.meta.dirname, 'table-writer.ts'),
      folder,
    ])
    t.after(() => child.kill('SIGKILL'))
    const exit = once(child, 'exit')
    let told = 0
    // Not at a commit's end: somewhere within the next ones.
    for await (const line of createInterface({ input: child.stdout })) {
      assert.match(line, /^\d+$/)
      told = Number(line)
      if (told % 10 === 0) setTimeout(() => child.kill('SIGKILL'), Math.random() * 20)
    }
    assert.equal((await exit)[1], 'SIGKILL')

    await using tables = pgliteTables(t, folder)
    const position = await tables.read('read', async (db) => {
      const meta = await db.selectFrom('meta').selectAll().executeTakeFirst()
      const { count } = await db
        .selectFrom('pixels')
        .select((select) => select.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      assert.equal(count, (meta?.position ?? 0) * ROWS)
      return meta?.position ?? 0
    })
    assert.ok(position >= told && told > 0, `${told} were committed, ${position} are there`)
  }
})
