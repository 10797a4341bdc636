import { SpateError } from '../../../base/errors.ts'
import { type Bookmark, markOf, type Place } from './bookmark.ts'
import { type Line, linesOf } from './lines.ts'
import type { Item, Reject, Taker } from './taking.ts'

const MAX_LINE_BYTES = 1 << 20

export interface LineFeedOptions {
  readonly input: AsyncIterable<Uint8Array>
  readonly bookmark: Bookmark
  readonly reject: Reject
  readonly batch: number
  readonly signal: AbortSignal
}

/**
 * Feeds lines, in batches of what has come meanwhile. Before a batch is handed over, the bookmark says where it ends:
 * so a feed that is started again on the same input hands the same batch over under the same name, and it counts once.
 * Errors: `invalid` for an input that is another than the bookmark's; those of the taker.
 */
export async function feedLines(taker: Taker, options: LineFeedOptions): Promise<void> {
  const { bookmark, signal } = options
  let place = await bookmark.read()
  let waiting: Line[] = []
  let last: Line | undefined

  const take = async (count: number): Promise<void> => {
    const lines = waiting.slice(0, count)
    const until = lines.at(-1)
    if (until === undefined) return
    if (place.until === undefined) {
      place = { ...place, until: until.number }
      await bookmark.write(place)
    }
    await taker.take(
      JSON.stringify([place.feed, lines[0]?.number, until.number]),
      await itemsOf(lines, options),
    )
    waiting = waiting.slice(count)
    place = { feed: place.feed, done: until.number, until: undefined, mark: markOf(until.text ?? '') }
    await bookmark.write(place)
  }

  for await (const lines of linesOf(options.input, MAX_LINE_BYTES)) {
    for (const line of lines) {
      last = line
      if (line.number === place.done) checkMark(line, place)
      if (line.number > place.done) waiting.push(line)
    }
    while (waiting.length > 0) {
      const planned = place.until === undefined ? options.batch : place.until - place.done
      // A batch that was begun is taken as it was.
      if (place.until !== undefined && waiting.length < planned) break
      await take(Math.min(planned, waiting.length))
      if (signal.aborted) return
    }
  }
  if (signal.aborted) return
  if ((last?.number ?? 0) < place.done) throw otherInput()
  await take(waiting.length)
}

async function itemsOf(lines: readonly Line[], { reject }: LineFeedOptions): Promise<Item[]> {
  const items: Item[] = []
  for (const { number, text } of lines) {
    const item = { at: { line: number }, text: text ?? '' }
    if (text === undefined) await reject(item, `longer than ${MAX_LINE_BYTES} bytes`)
    else if (text.trim() !== '') items.push(item)
  }
  return items
}

function checkMark(line: Line, place: Place): void {
  if (markOf(line.text ?? '') !== place.mark) throw otherInput()
}

function otherInput(): SpateError {
  return new SpateError('invalid', 'this input is another than the one that the bookmark is of')
}
