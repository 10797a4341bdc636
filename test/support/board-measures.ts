import { Canvas } from '../../src/boards/canvas/canvas.ts'
import { Changes } from '../../src/boards/canvas/changes.ts'
import type { Cell } from '../../src/boards/canvas/chunk.ts'
import { decodeBody } from '../../src/boards/canvas/codec.ts'
import { RecordType } from '../../src/boards/canvas/records.ts'
import { Verdict } from '../../src/boards/canvas/verdict.ts'
import type { LogRecord } from '../../src/log/port.ts'
import { MeterModel } from './meter-model.ts'

const BLANK = { player: 0, timeMs: 0 }

/** The meters of a board by brute force: from its records and what the fold said of each cell. */
export function measured(records: readonly LogRecord[]): MeterModel {
  const model = new MeterModel({}, true)
  const canvas = new Canvas()
  const cells = new Map<string, Cell>()
  const painted = new Set<string>()
  const add = (meter: string, entity: number, second: number, amount: number, color?: number): void => {
    const isNobody = entity === 0 && !['colors', 'area'].includes(meter)
    if (isNobody) return
    const dimensions = color === undefined ? [] : [String(color)]
    model.write({ kind: 'add', meter, entity: String(entity), dimensions, second, amount })
  }
  const become = (x: number, y: number, is: Cell, second: number): Cell => {
    const was = cells.get(`${x},${y}`) ?? { ...BLANK, color: canvas.info.background }
    cells.set(`${x},${y}`, is)
    if (was.player !== is.player) {
      add('surviving', was.player, second, -1)
      add('surviving', is.player, second, 1)
    }
    const [wasPainted, isPainted] = [was, is].map(({ player, timeMs }) => player !== 0 || timeMs !== 0)
    if (wasPainted !== isPainted || was.color !== is.color) {
      if (wasPainted) add('area', was.color, second, -1)
      if (isPainted) add('area', is.color, second, 1)
    }
    return was
  }
  for (const record of records) {
    const verdicts = canvas.apply(record, new Changes()).slice()
    const { type, body } = decodeBody(record.type, record.body)
    if (type === RecordType.placed || type === RecordType.painted) {
      for (let i = 0; i < body.count; i++) {
        if (verdicts[i] !== Verdict.accepted) continue
        const [x, y, player, color] = [body.x[i]!, body.y[i]!, body.player[i]!, body.color[i]!]
        const timeMs = 'timeMs' in body ? body.timeMs[i]! : canvas.timeMs
        const second = Math.floor(timeMs / 1000)
        const holds = cells.get(`${x},${y}`)
        const isKnown = holds?.player === player && holds.color === color && holds.timeMs === timeMs
        if (type === RecordType.painted && isKnown) continue
        add('placements', player, second, 1, color)
        add('colors', color, second, 1)
        const own = `${player}/${x},${y}`
        if (!painted.has(own)) add('cells', player, second, 1)
        painted.add(own)
        become(x, y, { player, color, timeMs }, second)
      }
    } else if (type === RecordType.restored) {
      for (const [i, { x, y, becomes }] of body.cells.entries()) {
        if (verdicts[i] !== Verdict.accepted) continue
        const second = Math.floor(canvas.timeMs / 1000)
        const was = become(x, y, becomes, second)
        if (body.kind !== 'undo') continue
        add('placements', was.player, second, -1, was.color)
        add('colors', was.color, second, -1)
      }
    }
  }
  return model
}
