import type { LogRecord } from '../log/port.ts'
import { upsertPixels } from '../store/sql/pixels.ts'
import type { Projection } from '../store/sql/projection.ts'
import type { PixelRow } from '../store/sql/schema.ts'
import { nameUrls, settleUrls, type UrlOutcome } from '../store/sql/urls.ts'
import { decodeCaptureRecord } from './codec.ts'
import { placeMessageOf } from './place/messages.ts'
import { type Answer, CaptureRecordType, type Fetched, type RawMessage } from './records.ts'
import { spateEventOf } from './spate/events.ts'

const VERSION = 2
const decoder = new TextDecoder()
const BRACE = 0x7b

/**
 * What a capture's stream says, as rows: in `urls` every frame that a message named, and what became of it; in `pixels`
 * every change whose author the source told. A question without an answer makes no row. Of another Spate every placement is
 * one, with its colour; a cell that was put back is one, too.
 */
export function captureTables(name: string): Projection<LogRecord> {
  return {
    name: `capture/${name}`,
    version: VERSION,
    async clear(db) {
      await db.deleteFrom('urls').where('capture', '=', name).execute()
      await db.deleteFrom('pixels').where('board', '=', name).execute()
    },
    async apply(db, records) {
      const messages: RawMessage[] = []
      const fetched: Fetched[] = []
      const pixels: PixelRow[] = []
      for (const { type, body } of records) {
        const record = decodeCaptureRecord(type, body)
        switch (record.type) {
          case CaptureRecordType.messages:
            messages.push(...record.body)
            pixels.push(...placementsIn(name, record.body))
            break
          case CaptureRecordType.fetched:
            fetched.push(...record.body.frames)
            break
          case CaptureRecordType.answered:
            pixels.push(...pixelsIn(name, record.body))
            break
          default:
            break
        }
      }
      // A frame is fetched after it was named, so all may be named first.
      await nameUrls(db, name, urlsIn(messages))
      const settled = fetched.map((each) => ({ url: each.url, outcome: outcomeOf(each) }))
      await settleUrls(db, name, settled)
      await upsertPixels(db, pixels)
    },
  }
}

/** Of another Spate, which tells who placed what at once. */
function placementsIn(board: string, messages: readonly RawMessage[]): PixelRow[] {
  return messages.flatMap(({ bytes }): PixelRow[] => {
    // Those of an r/place are JSON.
    const event = bytes[0] === BRACE ? undefined : spateEventOf(bytes)
    if (event?.kind !== 'message' && event?.kind !== 'state') return []
    const { x: xs, y, color, player, timeMs, authors, rgb } = event.body
    return xs.map((x, i) => {
      const [id, called] = authors[String(player[i])] ?? [null, null]
      const colour = rgb[String(color[i])] ?? null
      const modified = Math.round(timeMs[i] ?? 0)
      return { board, x, y: y[i] ?? 0, modified, player: id, name: called, colour }
    })
  })
}

/** Each once. */
function urlsIn(messages: readonly RawMessage[]): { url: string; named: number }[] {
  const urls = new Map<string, number>()
  for (const { bytes, arrivedMs } of messages) {
    const message = placeMessageOf(decoder.decode(bytes))
    if (message.kind !== 'full' && message.kind !== 'diff') continue
    if (!urls.has(message.url)) urls.set(message.url, Math.round(arrivedMs))
  }
  return Array.from(urls, ([url, named]) => ({ url, named }))
}

/** What is no picture is kept as an object and counts as failed, as does what was not asked for. */
function outcomeOf({ status, sha256, sizeBytes, atMs, detail }: Fetched): UrlOutcome {
  const fetched = Math.round(atMs)
  if (status === 'stored') return { status, fetched, hash: sha256, size: sizeBytes }
  return {
    status: status === 'broken' || status === 'foreign' ? 'failed' : status,
    fetched,
    reason: detail || status,
  }
}

/** The colour is that of the first change at or after the moment that the source names: of a later one it is not known. */
function pixelsIn(board: string, answers: readonly Answer[]): PixelRow[] {
  return answers.flatMap(({ x, y, rgb, changeMs, modifiedMs, user }): PixelRow[] => {
    if (modifiedMs === 0) return []
    const colour = modifiedMs <= changeMs ? rgb : null
    return [{ board, x, y, modified: modifiedMs, player: user?.id ?? null, name: user?.name ?? null, colour }]
  })
}
