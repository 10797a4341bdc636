import { kafka } from './kafka.mjs'
import { redis } from './redis.mjs'

export const SERVICES = [kafka, redis]
