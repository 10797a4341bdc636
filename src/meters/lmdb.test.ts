import { join } from 'node:path'
import { tempFolder } from '../../test/support/tmp.ts'
import { Kv } from '../store/kv.ts'
import { describeMeterStore } from './contract.ts'
import { LmdbMeterStore } from './lmdb.ts'

describeMeterStore('LMDB', async (t) => {
  const kv = Kv.open(join(tempFolder(t), 'state'), 8)
  t.after(() => kv[Symbol.asyncDispose]())
  return async (space) => new LmdbMeterStore(kv, space)
})
