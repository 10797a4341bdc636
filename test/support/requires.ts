/**
 * What some tests need of the machine. Where it is absent they are skipped with the reason, and counted; with
 * `REQUIRE_SERVICES=1`, as in CI, absence fails the test file instead.
 *
 *     test('…', { skip: requires('chromium') }, async (t) => { … chromiumPath() … })
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { canMountTmpfs } from './tmpfs.ts'

export type Need = 'chromium' | 'compiler' | 'tmpfs'

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const CHROMIUM_PATHS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const ABSENCE: Readonly<Record<Need, () => string | undefined>> = {
  chromium: () => (findChromium() === undefined ? 'no Chromium found (SPATE_CHROMIUM names one)' : undefined),
  compiler: () => (findProgram(['cc']) === undefined ? 'no C compiler found' : undefined),
  tmpfs: () => (canMountTmpfs() ? undefined : 'mounting a tmpfs is not allowed (it takes root)'),
}

/** `false` if all is there, else the reason to skip. */
export function requires(...needs: readonly Need[]): string | false {
  return skipReason(
    needs.map((need) => ABSENCE[need]()),
    process.env.REQUIRE_SERVICES === '1',
  )
}

export function skipReason(absences: readonly (string | undefined)[], isRequired: boolean): string | false {
  const reason = absences.filter((absence) => absence !== undefined).join('; ')
  if (reason === '') return false
  if (isRequired) throw new Error(`REQUIRE_SERVICES=1, but ${reason}`)
  return reason
}

/** Only for tests that `requires('chromium')`. */
export function chromiumPath(): string {
  const path = findChromium()
  if (path === undefined) throw new Error('no Chromium found')
  return path
}

function findChromium(): string | undefined {
  const named = process.env.SPATE_CHROMIUM
  if (named) return isExecutable(named) ? named : undefined
  return findProgram(CHROMIUM_NAMES) ?? CHROMIUM_PATHS.find(isExecutable)
}

function findProgram(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
