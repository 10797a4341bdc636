import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { requires } from '../support/requires.ts'
import { tempFolder } from '../support/tmp.ts'

const skip = process.platform === 'linux' ? requires('compiler') : 'preloads a library as Linux does'
const ROOT = join(import.meta.dirname, '../..')

/**
 * Puts `a/1`, then `a/2` while what lies at `failing` cannot be synced, then both and `a/3`, then all of them in the
 * folder opened anew. Resolves with how each put went and with the keys at the end.
 */
function putsWhileSyncsFail(folder: string, library: string, faults: string, failing: string): unknown {
  const program = `
    import { rmSync, writeFileSync } from 'node:fs'
    import { FolderObjects } from '${join(ROOT, 'src/store/objects/folder.ts')}'
    const open = () => FolderObjects.open(${JSON.stringify(folder)})
    const put = (store, key) => store.put(key, Buffer.from(key)).then(() => 'ok', ({ code }) => code)
    const store = open()
    const puts = [await put(store, 'a/1')]
    writeFileSync(${JSON.stringify(join(faults, 'sync'))}, '')
    puts.push(await put(store, 'a/2'))
    rmSync(${JSON.stringify(join(faults, 'sync'))})
    for (const key of ['a/1', 'a/2', 'a/3']) puts.push(await put(store, key))
    const again = open()
    for (const key of ['a/1', 'a/2', 'a/3']) puts.push(await put(again, key))
    const keys = await Array.fromAsync(again.list(''), ({ key }) => key)
    process.stdout.write(JSON.stringify({ puts, keys }))
  `
  const env = { ...process.env, LD_PRELOAD: library, FAILING_DISK: faults, FAILING_FILES: failing }
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    env,
    encoding: 'utf8',
  })
  return JSON.parse(printed)
}

test('[T19] where a file cannot be synced its put fails; where a folder cannot, all do until it is opened anew', {
  skip,
}, (t) => {
  const library = join(tempFolder(t), 'failing-disk.so')
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'failing-disk.c'), '-ldl'])
  const failed = 'storage-failed'
  const keys = ['a/1', 'a/2', 'a/3']
  assert.deepEqual(putsWhileSyncsFail(tempFolder(t), library, tempFolder(t), '/.unfinished/'), {
    puts: ['ok', failed, 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
    keys,
  })
  const folder = tempFolder(t)
  assert.deepEqual(putsWhileSyncsFail(folder, library, tempFolder(t), join(folder, 'a')), {
    puts: ['ok', failed, failed, failed, failed, 'ok', 'ok', 'ok'],
    keys,
  })
})
