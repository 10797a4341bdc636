import { EVENTS_SETTINGS, type FeedSettings, isSocket, SOCKET_SETTINGS } from './feed/settings.ts'
import { PLACE_SETTINGS, type PlaceSettings } from './place/settings.ts'
import type { CaptureKind } from './records.ts'
import { SPATE_SETTINGS, type SpateSettings } from './spate/settings.ts'

/** What an organiser asks to be followed: what is not said is as the kind's defaults are. May hold secrets. */
export interface WantedCapture {
  readonly kind: CaptureKind
  readonly settings: Readonly<Record<string, unknown>>
}

/**
 * With the defaults; those of a wanted capture were validated where they came in. Authors are asked for where the source
 * is, unless it is said where else, or that they are not.
 */
export function placeSettings({ settings }: WantedCapture): PlaceSettings {
  const all: PlaceSettings = { ...PLACE_SETTINGS, ...settings }
  return 'historyUrl' in settings ? all : { ...all, historyUrl: all.queryUrl }
}

export function feedSettings({ settings }: WantedCapture): FeedSettings {
  // A feed that names no address was refused.
  const { url } = settings as { readonly url: string }
  return { ...(isSocket(url) ? SOCKET_SETTINGS : EVENTS_SETTINGS), ...settings, url }
}

const MAX_SOURCE_CHARACTERS = 32

/** Authors of one server are the same in all captures of it, unless it is called otherwise. */
export function spateSettings({ settings }: WantedCapture): SpateSettings {
  // Without a server and a board it was refused.
  const { url, board } = settings as { readonly url: string; readonly board: string }
  const source = new URL(url).host
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .slice(-MAX_SOURCE_CHARACTERS)
  return { ...SPATE_SETTINGS, source, ...settings, url, board }
}
