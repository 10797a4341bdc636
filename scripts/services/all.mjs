import { redis } from './redis.mjs'

export const SERVICES = [redis]
