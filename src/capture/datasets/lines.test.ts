import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineSplitter, MAX_LINE_BYTES } from './lines.ts'

/** The lines of these chunks; one that is too long is listed as its length would be: `> 4096`. */
function linesOf(chunks: readonly Buffer[]): string[] {
  const splitter = new LineSplitter()
  const lines: string[] = []
  const take = () =>
    lines.push(splitter.tooLong ? '> 4096' : splitter.bytes.toString('latin1', splitter.start, splitter.end))
  for (const chunk of chunks) {
    splitter.feed(chunk)
    while (splitter.next()) take()
  }
  if (splitter.finish()) take()
  return lines
}

const whole = (text: string) => linesOf([Buffer.from(text, 'latin1')])
const bytewise = (text: string) =>
  linesOf([...Buffer.from(text, 'latin1')].map((byte) => Buffer.from([byte])))

test('[I4] lines end with LF or CRLF, the last one may end without', () => {
  assert.deepEqual(whole('a\nb\r\nc'), ['a', 'b', 'c'])
  assert.deepEqual(whole('a\nb\n'), ['a', 'b'])
  assert.deepEqual(whole('a\r\nb\r'), ['a', 'b'])
})

test('[I4] empty lines are lines, the end of the last line starts none', () => {
  assert.deepEqual(whole(''), [])
  assert.deepEqual(whole('\n'), [''])
  assert.deepEqual(whole('a\n\n\r\nb\n'), ['a', '', '', 'b'])
})

test('[I4] a line of 4,096 bytes is whole, one of 4,097 too long, and the next line is not touched by it', () => {
  const longest = 'x'.repeat(MAX_LINE_BYTES)
  for (const split of [whole, bytewise]) {
    assert.deepEqual(split(`${longest}\nb\n`), [longest, 'b'])
    assert.deepEqual(split(`${longest}\r\nb\r\n`), [longest, 'b'])
    assert.deepEqual(split(`a\n${longest}x\nb\n`), ['a', '> 4096', 'b'])
    assert.deepEqual(split(`${longest.repeat(40)}\nb`), ['> 4096', 'b'])
    assert.deepEqual(split(`b\n${longest}x`), ['b', '> 4096'])
  }
})

test('[I4] where the chunks of a file end makes no difference', () => {
  const text = fc
    .array(fc.oneof(fc.constantFrom('\n', '\r\n', '\r', '', '\n\n'), fc.string({ maxLength: 30 })), {
      maxLength: 40,
    })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, fc.array(fc.nat(400), { maxLength: 12 }), (content, cuts) => {
      const bytes = Buffer.from(content)
      const bounds = [
        0,
        ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
        bytes.length,
      ]
      const chunks = bounds.slice(1).map((to, i) => bytes.subarray(bounds[i], to))
      const ended = bytes.toString('latin1').replace(/\n$/, '')
      const expected = bytes.length === 0 ? [] : ended.split('\n').map((line) => line.replace(/\r$/, ''))
      assert.deepEqual(linesOf(chunks), expected)
    }),
    { numRuns: 1000 },
  )
})
