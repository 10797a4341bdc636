import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventBlocks, feedEventOf, MAX_EVENT_BYTES } from './event-blocks.ts'

const text = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString()

test('[K40] events are kept byte for byte, however the stream is cut and its lines end', () => {
  const line = fc.constantFrom('data: a', 'id: 7', ': ka', 'event: x', 'é', ' ')
  const end = fc.constantFrom('\n', '\r\n', '\r')
  const lines = fc.array(fc.tuple(fc.option(line, { nil: '' }), end), { maxLength: 30 })
  fc.assert(
    fc.property(lines, fc.array(fc.integer({ min: 1, max: 5 })), (parts, cuts) => {
      // A lone CR before a blank line's LF would be one line end.
      const bytes = Buffer.from(parts.map(([words, ending]) => words + ending).join(''))
      const whole = new EventBlocks().take(bytes)
      const cutter = new EventBlocks()
      const blocks: Uint8Array[] = []
      let at = 0
      for (const cut of [...cuts, bytes.length]) {
        blocks.push(...cutter.take(bytes.subarray(at, at + cut)))
        at += cut
      }
      assert.ok(bytes.toString().startsWith(text(blocks)))
      assert.deepEqual(blocks.map(feedEventOf), whole.map(feedEventOf))
      assert.doesNotMatch(bytes.toString().slice(text(whole).length), /\n\n|\r\r|\r\n\r\n/)
    }),
    { numRuns: 500 },
  )
})

test('[K40] an event is read as the standard has it', () => {
  const of = (words: string): unknown => feedEventOf(Buffer.from(words))
  assert.deepEqual(of('id: 7\ndata: a\ndata:b\n\n'), { event: 'message', id: '7', data: 'a\nb' })
  assert.deepEqual(of('event: resync\r\nid\r\n\r\n'), { event: 'resync', id: '', data: undefined })
  assert.deepEqual(of(': ka\n\n'), { event: 'message', id: undefined, data: undefined })
  assert.deepEqual(of('data:  x: y\nnonsense\n\n'), { event: 'message', id: undefined, data: ' x: y' })
  assert.throws(() => new EventBlocks().take(new Uint8Array(MAX_EVENT_BYTES + 1)), RangeError)
})
