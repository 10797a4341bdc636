import { kafka, kafkaBeside } from '../../scripts/services/kafka.mjs'
import { type OwnService, ownService } from './own-service.ts'
import type { Lifetime } from './tmp.ts'

/** A broker with its controller: 230 MB of memory, two seconds for each start. Only for what `requires('kafka')`. */
export function ownKafka(t: Lifetime): Promise<OwnService> {
  return ownService(t, kafka, 2)
}

/** A second broker of its cluster, without a controller. */
export function ownKafkaBeside(t: Lifetime, first: OwnService): Promise<OwnService> {
  return ownService(t, kafkaBeside(first.home), 1)
}
