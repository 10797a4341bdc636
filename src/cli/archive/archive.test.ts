import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { spate } from '../../../test/support/cli.ts'
import { tempFolder } from '../../../test/support/tmp.ts'
import { SEAL_LIMITS, Sealer } from '../../archive/sealer.ts'
import { systemClock } from '../../base/clock.ts'
import { LmdbLog } from '../../log/lmdb.ts'
import { FolderObjects } from '../../store/objects/folder.ts'

/** A data folder with a board, archived to its last record. */
async function archivedFolder(t: TestContext): Promise<string> {
  const folder = tempFolder(t)
  const made = await spate(folder, 'board', 'create', 'mural', '--width', '30', '--height', '20')
  assert.equal(made.code, 0, made.stderr)
  await using log = LmdbLog.open(join(folder, 'log'), systemClock)
  await using objects = FolderObjects.open(join(folder, 'objects'))
  const onError = (_stream: string, error: unknown): void => assert.fail(String(error))
  await using sealer = new Sealer({ log, objects, clock: systemClock, onError }, SEAL_LIMITS)
  await sealer.sealAll()
  return folder
}

test('[A16] the status tells of each stream what is archived, also where no server runs', async (t) => {
  const folder = await archivedFolder(t)
  writeFileSync(join(folder, 'objects/segments', `${'0'.repeat(64)}.seg`), 'left over')
  const { code, stdout, stderr } = await spate(folder, 'archive', 'status')
  assert.deepEqual([code, stderr], [0, ''])
  const [heading, ...rows] = stdout.toString().trimEnd().split('\n')
  assert.match(heading ?? '', /^STREAM +ENTRIES +RECORDS +PLACEMENTS +BYTES +A PLACEMENT +UP TO +FROM +TO$/)
  assert.match(rows[0] ?? '', /^board\/lobby +1 +1 +0 +\d+ +1 +20\S+Z +20\S+Z$/)
  assert.match(rows[1] ?? '', /^board\/mural /)
  assert.match(rows.at(-1) ?? '', /^1 segments \(9 bytes\) belong to no entry/)
})

test('[A10] verify ends with 0, or with 1 and the place that is wrong', async (t) => {
  const folder = await archivedFolder(t)
  const whole = await spate(folder, 'verify')
  assert.equal(whole.code, 0, whole.stderr)
  assert.match(whole.stdout.toString(), /^head of board\/lobby: [0-9a-f]{64}$/m)
  assert.match(whole.stdout.toString(), /^\d streams, \d entries, \d records, 0 placements, \d+ bytes$/m)

  const entry = readFileSync(join(folder, 'objects/manifests/board/mural/00000001.json'), 'utf8')
  const { segment } = JSON.parse(entry) as { segment: string }
  const file = join(folder, 'objects/segments', `${segment}.seg`)
  const bytes = readFileSync(file)
  bytes[bytes.length - 1]! ^= 4
  writeFileSync(file, bytes)
  const { code, stdout, stderr } = await spate(tempFolder(t), 'verify', '--objects', join(folder, 'objects'))
  assert.equal(code, 1)
  assert.match(stderr, /spate: the archive is damaged in 1 places$/m)
  assert.match(
    stdout.toString(),
    new RegExp(
      `^board/mural, entry 1, segment ${segment}, from byte \\d+ on: a block with a wrong checksum$`,
      'm',
    ),
  )
  const damaged = await spate(folder, 'restore', '--into', join(folder, 'new'))
  assert.equal(damaged.code, 1)
  assert.deepEqual(readdirSync(join(folder, 'new')), [])
})

test('[A15] restore makes a new data folder that a server runs on, and takes no folder that holds something', async (t) => {
  const folder = await archivedFolder(t)
  const into = join(tempFolder(t), 'deep/new')
  const restored = await spate(folder, 'restore', '--into', into)
  assert.equal(restored.code, 0, restored.stderr)
  assert.match(restored.stdout.toString(), /^restored \d streams, \d records, 0 placements to /)
  assert.deepEqual(readdirSync(into).sort(), ['lock', 'log'])
  const boards = (await spate(folder, 'board', 'list')).stdout.toString()
  assert.match(boards, /mural +30×20/)
  assert.equal((await spate(into, 'board', 'list')).stdout.toString(), boards)
  const again = await spate(folder, 'restore', '--into', into)
  assert.deepEqual(
    [again.code, again.stderr],
    [1, `spate: ${into} is not empty: restore into a new folder\n`],
  )
})

test('[A16] where there is no archive, the commands say so', async (t) => {
  const folder = tempFolder(t)
  const none = await spate(folder, 'verify')
  assert.equal(none.code, 1)
  assert.match(none.stderr, /^spate: there is no archive in .*objects: name it with --objects\n$/)
  mkdirSync(join(folder, 'objects'))
  const empty = await spate(folder, 'restore', '--into', join(folder, 'new'))
  assert.deepEqual([empty.code, empty.stderr], [1, 'spate: the archive holds nothing\n'])
})

test('[A20] the log is sealed and freed by commands, and everything is still there', async (t) => {
  const folder = tempFolder(t)
  const made = await spate(folder, 'board', 'create', 'mural', '--width', '30', '--height', '20')
  assert.equal(made.code, 0, made.stderr)
  const early = await spate(folder, 'archive', 'trim', 'mural')
  assert.deepEqual([early.code, early.stderr], [1, 'spate: nothing of this board is archived yet\n'])
  const sealed = await spate(folder, 'archive', 'seal')
  assert.equal(sealed.code, 0, sealed.stderr)
  assert.match(sealed.stdout.toString(), /^board\/mural +1 +1 +0 /m)
  const trimmed = await spate(folder, 'archive', 'trim', 'mural', '--up-to', '1')
  assert.deepEqual(
    [trimmed.code, trimmed.stdout.toString()],
    [0, 'the log of mural is free up to position 0\n'],
    'a log keeps its last record',
  )
  assert.match((await spate(folder, 'board', 'list')).stdout.toString(), /mural +30×20/)
})
