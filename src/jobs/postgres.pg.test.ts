import { requires } from '../../test/support/requires.ts'
import { postgresPlace, postgresTables } from '../../test/support/tables.ts'
import { describeJobs } from './contract.ts'

describeJobs('Postgres', { skip: requires('postgres') }, async (lifetime) =>
  postgresTables(lifetime, postgresPlace(lifetime)),
)
