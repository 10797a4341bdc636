import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Text that is part of a key sorts by its bytes: the same in every database, and faster than by a language's rules. */
const KEY_TEXT = sql`text collate "C"`

export const captures: Migration = {
  // A migration outlives the schema that it was written for, so its database has no type.
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('urls')
      .addColumn('capture', KEY_TEXT, (column) => column.notNull())
      .addColumn('url', KEY_TEXT, (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('named', 'int8', (column) => column.notNull())
      .addColumn('fetched', 'int8')
      .addColumn('hash', 'text')
      .addColumn('size', 'int8')
      .addColumn('reason', 'text')
      .addPrimaryKeyConstraint('urls_pk', ['capture', 'url'])
      .execute()
    await db.schema
      .createIndex('urls_waiting')
      .on('urls')
      .columns(['capture', 'named', 'url'])
      .where('status' as never, '=', 'waiting')
      .execute()
    await db.schema
      .createTable('pixels')
      .addColumn('board', KEY_TEXT, (column) => column.notNull())
      .addColumn('x', 'int4', (column) => column.notNull())
      .addColumn('y', 'int4', (column) => column.notNull())
      .addColumn('modified', 'int8', (column) => column.notNull())
      .addColumn('player', 'text')
      .addColumn('name', 'text')
      .addColumn('colour', 'int4')
      .addPrimaryKeyConstraint('pixels_pk', ['board', 'x', 'y', 'modified'])
      .execute()
    await db.schema
      .createTable('meta')
      .addColumn('name', KEY_TEXT, (column) => column.primaryKey())
      .addColumn('version', 'int4', (column) => column.notNull())
      .addColumn('position', 'int8', (column) => column.notNull())
      .execute()
  },
}
