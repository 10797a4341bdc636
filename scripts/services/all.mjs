import { kafka } from './kafka.mjs'
import { nginx } from './nginx.mjs'
import { postgres } from './postgres.mjs'
import { redis } from './redis.mjs'
import { s3 } from './s3.mjs'

/** @type {readonly import('./service.mjs').Service[]} */
export const SERVICES = [kafka, nginx, postgres, redis, s3]
