import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, commandOf, type KeyPress, motionOf } from './keys.ts'

function press(key: string, code: string, held: Partial<KeyPress> = {}): Command | undefined {
  return commandOf({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held })
}

test('arrow keys move by a cell, with Shift by ten', () => {
  assert.deepEqual(press('ArrowLeft', 'ArrowLeft'), { type: 'move', dx: -1, dy: 0 })
  assert.deepEqual(press('ArrowDown', 'ArrowDown', { shiftKey: true }), { type: 'move', dx: 0, dy: 10 })
})

test('Enter and Space paint', () => {
  assert.deepEqual(press('Enter', 'Enter'), { type: 'place' })
  assert.deepEqual(press(' ', 'Space'), { type: 'place' })
})

test('numbers pick the first ten colours, with Shift the next ten', () => {
  assert.deepEqual(press('1', 'Digit1'), { type: 'pick', index: 0 })
  assert.deepEqual(press('0', 'Digit0'), { type: 'pick', index: 9 })
  assert.deepEqual(press('!', 'Digit1', { shiftKey: true }), { type: 'pick', index: 10 })
  assert.deepEqual(press('&', 'Digit1'), { type: 'pick', index: 0 })
})

test('W A S D move by their place on the keyboard, whatever the layout calls them', () => {
  assert.deepEqual(press('z', 'KeyW'), { type: 'hold', motion: 'up' })
  assert.deepEqual(press('D', 'KeyD', { shiftKey: true }), { type: 'hold', motion: 'right' })
  assert.equal(motionOf({ key: 'z', code: 'KeyW' }), 'up')
})

test('plus and minus zoom like Q and E, also when Shift is let go first', () => {
  assert.deepEqual(press('+', 'Equal', { shiftKey: true }), { type: 'hold', motion: 'in' })
  assert.equal(motionOf({ key: '=', code: 'Equal' }), 'in')
  assert.equal(motionOf({ key: '-', code: 'Minus' }), 'out')
  assert.equal(motionOf({ key: 'g', code: 'KeyG' }), undefined)
})

test('Ctrl+Z and Cmd+Z undo; every other key with Ctrl, Cmd or Alt is the browser’s', () => {
  assert.deepEqual(press('z', 'KeyZ', { ctrlKey: true }), { type: 'undo' })
  assert.deepEqual(press('z', 'KeyZ', { metaKey: true }), { type: 'undo' })
  assert.equal(press('Z', 'KeyZ', { ctrlKey: true, shiftKey: true }), undefined)
  assert.equal(press('r', 'KeyR', { ctrlKey: true }), undefined)
  assert.equal(press('ArrowLeft', 'ArrowLeft', { altKey: true }), undefined)
})

test('letters do what they stand for, capital or not', () => {
  assert.deepEqual(press('g', 'KeyG'), { type: 'grid' })
  assert.deepEqual(press('R', 'KeyR', { shiftKey: true }), { type: 'copy' })
  assert.deepEqual(press('i', 'KeyI'), { type: 'inspect' })
  assert.deepEqual(press('?', 'Slash', { shiftKey: true }), { type: 'help' })
})

test('other keys are the browser’s', () => {
  assert.equal(press('Tab', 'Tab'), undefined)
  assert.equal(press('F5', 'F5'), undefined)
  assert.equal(press('toString', ''), undefined)
})
