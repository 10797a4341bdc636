import { EVENTS_SETTINGS, type FeedSettings, isSocket, SOCKET_SETTINGS } from './feed/settings.ts'
import { PLACE_SETTINGS, type PlaceSettings } from './place/settings.ts'
import type { CaptureKind } from './records.ts'

/** What an organiser asks to be followed: what is not said is as the kind's defaults are. May hold secrets. */
export interface WantedCapture {
  readonly kind: CaptureKind
  readonly settings: Readonly<Record<string, unknown>>
}

/** With the defaults; those of a wanted capture were validated where they came in. */
export function placeSettings({ settings }: WantedCapture): PlaceSettings {
  return { ...PLACE_SETTINGS, ...settings }
}

export function feedSettings({ settings }: WantedCapture): FeedSettings {
  // A feed that names no address was refused.
  const { url } = settings as { readonly url: string }
  return { ...(isSocket(url) ? SOCKET_SETTINGS : EVENTS_SETTINGS), ...settings, url }
}
