import { fileURLToPath } from 'node:url'

/** The checkout that these scripts belong to, whatever folder they are called from. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
