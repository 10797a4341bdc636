import { join } from 'node:path'
import { root } from './root.mjs'

/**
 * How Spate's own programs run on the pinned Node. The young generation is kept small: with the default, the
 * garbage of 10,000 viewers' frames takes 310 MB where this takes under 200 MB.
 */
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4']

/**
 * Compiled code is kept between starts, types already stripped: a start is a third faster and needs 28 MB less.
 * Where the folder cannot be written, Node goes without.
 *
 * Threads share two of the C library's heaps: with one each, what every thread once needed for a picture stays with it,
 * and a capture of six canvases takes 650 MB instead of 450.
 */
export const NODE_ENV = { NODE_COMPILE_CACHE: join(root, '.cache/compiled'), MALLOC_ARENA_MAX: '2' }
