/**
 * What some tests need of the machine. Where it is absent they are skipped with the reason, and counted; with
 * `REQUIRE_SERVICES=1`, as in CI, absence fails the test file instead.
 *
 *     test('…', { skip: requires('chromium') }, async (t) => { … chromiumPath() … })
 */
import { findProgram, isExecutable } from '../../scripts/services/programs.mjs'
import { findServiceUrl, type ServiceName } from './services.ts'
import { canMountTmpfs } from './tmpfs.ts'

export type Need = 'chromium' | 'compiler' | 'ffmpeg' | 'nginx' | 'openssl' | 'tmpfs' | ServiceName

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const CHROMIUM_PATHS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const ABSENCE: Readonly<Record<Need, () => string | undefined>> = {
  chromium: () => (findChromium() === undefined ? 'no Chromium found (SPATE_CHROMIUM names one)' : undefined),
  compiler: () => (findProgram('cc') === undefined ? 'no C compiler found' : undefined),
  ffmpeg: () => (findProgram('ffmpeg') === undefined ? 'no ffmpeg found' : undefined),
  kafka: () => absentService('kafka'),
  nginx: () => (findProgram('nginx') === undefined ? 'no nginx found' : undefined),
  openssl: () => (findProgram('openssl') === undefined ? 'no openssl found' : undefined),
  postgres: () => absentService('postgres'),
  redis: () => absentService('redis'),
  s3: () => absentService('s3'),
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

/** Only for tests that `requires('nginx')`. */
export function nginxPath(): string {
  const path = findProgram('nginx')
  if (path === undefined) throw new Error('no nginx found')
  return path
}

function findChromium(): string | undefined {
  const named = process.env.SPATE_CHROMIUM
  if (named) return isExecutable(named) ? named : undefined
  const installed = CHROMIUM_NAMES.map((name) => findProgram(name)).find((path) => path !== undefined)
  return installed ?? CHROMIUM_PATHS.find(isExecutable)
}

function absentService(name: ServiceName): string | undefined {
  return findServiceUrl(name) === undefined ? `no ${name} runs (npm run services -- up ${name})` : undefined
}
