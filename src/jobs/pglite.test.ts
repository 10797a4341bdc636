import { pgliteFolder, pgliteTables } from '../../test/support/tables.ts'
import { describeJobs } from './contract.ts'

describeJobs('PGlite', { skip: false }, async (lifetime) =>
  pgliteTables(lifetime, await pgliteFolder(lifetime)),
)
