import { MAX_CANVAS } from '../records.ts'

/**
 * What the messages of an r/place say. Real ones have timestamps as floats in exponent form and keys that come twice
 * (the last counts); fields that are not named here are of no concern.
 */

export interface PaletteColor {
  /** 0xRRGGBB. */
  readonly rgb: number
  readonly index: number
}

export interface CanvasPlace {
  readonly index: number
  readonly dx: number
  readonly dy: number
}

export interface PlaceConfig {
  /** By index; empty where the source names none. */
  readonly palette: readonly PaletteColor[]
  readonly canvases: readonly CanvasPlace[]
  readonly canvasWidth: number
  readonly canvasHeight: number
}

export type PlaceMessage =
  | { readonly kind: 'config'; readonly config: PlaceConfig }
  | { readonly kind: 'full'; readonly url: string; readonly timestampMs: number }
  | {
      readonly kind: 'diff'
      readonly url: string
      readonly timestampMs: number
      /** The timestamp itself where the source names none: linked to nothing. */
      readonly previousMs: number
    }
  /** Of the protocol, or of a kind that this release does not know. */
  | { readonly kind: 'other' }

export const OTHER: PlaceMessage = { kind: 'other' }
export const MAX_TIME_MS = 2 ** 48
/** A key of the tables holds no longer one. */
const MAX_URL_BYTES = 2048
/** Each takes connections of its own. */
const MAX_CANVASES = 256
const MAX_COLORS = 256
const MAX_SIDE = 4096
const MAX_OFFSET = 65_536

type Json = Readonly<Record<string, unknown>>

function objectOf(value: unknown): Json | undefined {
  // JSON has no other objects than these and arrays.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

/** Undefined for what is no JSON object. */
export function jsonOf(text: string): Json | undefined {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Reads a message as it came; never throws. */
export function placeMessageOf(text: string): PlaceMessage {
  const payload = objectOf(jsonOf(text)?.payload)
  const data = objectOf(objectOf(objectOf(payload?.data)?.subscribe)?.data)
  if (data === undefined) return OTHER
  if ('currentTimestamp' in data) return diffOf(data)
  if ('canvasConfigurations' in data) return configOf(data)
  if ('timestamp' in data) return fullOf(data)
  return OTHER
}

function fullOf(data: Json): PlaceMessage {
  const url = urlOf(data.name)
  const timestampMs = timeOf(data.timestamp)
  return url === undefined || timestampMs === undefined ? OTHER : { kind: 'full', url, timestampMs }
}

function diffOf(data: Json): PlaceMessage {
  const url = urlOf(data.name)
  const timestampMs = timeOf(data.currentTimestamp)
  if (url === undefined || timestampMs === undefined) return OTHER
  const previousMs = timeOf(data.previousTimestamp)
  const isLinked = previousMs !== undefined && previousMs < timestampMs
  return { kind: 'diff', url, timestampMs, previousMs: isLinked ? previousMs : timestampMs }
}

function urlOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || Buffer.byteLength(value) > MAX_URL_BYTES) return undefined
  const url = URL.parse(value)
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? value : undefined
}

function timeOf(value: unknown): number | undefined {
  const ms = Math.round(numberIn(value))
  return ms > 0 && ms < MAX_TIME_MS ? ms : undefined
}

/** Of a number or its digits; NaN for anything else. */
export function numberIn(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value !== '' ? Number(value) : Number.NaN
}

/** Of a string or a number; empty for anything else. */
export function textIn(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function within(value: unknown, least: number, most: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    ? value
    : undefined
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function configOf(data: Json): PlaceMessage {
  const canvasWidth = within(data.canvasWidth, 1, MAX_SIDE)
  const canvasHeight = within(data.canvasHeight, 1, MAX_SIDE)
  if (canvasWidth === undefined || canvasHeight === undefined) return OTHER
  const canvases = listOf(data.canvasConfigurations)
    .slice(0, MAX_CANVASES)
    .flatMap((entry): CanvasPlace[] => {
      const canvas = objectOf(entry)
      const index = within(canvas?.index, 0, MAX_CANVAS)
      const dx = within(canvas?.dx, -MAX_OFFSET, MAX_OFFSET)
      const dy = within(canvas?.dy, -MAX_OFFSET, MAX_OFFSET)
      return index === undefined || dx === undefined || dy === undefined ? [] : [{ index, dx, dy }]
    })
  if (canvases.length === 0) return OTHER
  const palette = listOf(objectOf(data.colorPalette)?.colors)
    .flatMap((entry): PaletteColor[] => {
      const color = objectOf(entry)
      const index = within(color?.index, 0, MAX_COLORS - 1)
      const rgb = rgbOf(color?.hex)
      return index === undefined || rgb === undefined ? [] : [{ rgb, index }]
    })
    .sort((a, b) => a.index - b.index)
  return { kind: 'config', config: { palette, canvases, canvasWidth, canvasHeight } }
}

function rgbOf(hex: unknown): number | undefined {
  const digits = typeof hex === 'string' ? /^#?([0-9a-f]{6})$/i.exec(hex)?.[1] : undefined
  return digits === undefined ? undefined : Number.parseInt(digits, 16)
}
