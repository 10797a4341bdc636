import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { requires } from '../../test/support/requires.ts'
import { serviceUrl } from '../../test/support/services.ts'
import { tempFolder } from '../../test/support/tmp.ts'
import { describeLog } from './contract.ts'
import { parseKafkaAddress } from './kafka/address.ts'
import { KafkaLog } from './kafka.ts'

if (requires('kafka') === false) {
  describeLog('Kafka', async (t, clock) => {
    const prefix = `test-${randomBytes(6).toString('hex')}`
    const address = parseKafkaAddress(`kafka://${serviceUrl('kafka')}/${prefix}?partitions=2`)
    const log = await KafkaLog.open(address, join(tempFolder(t), 'kafka'), clock)
    t.after(() => log[Symbol.asyncDispose]())
    return log
  })
}
