import { SpateError } from '../base/errors.ts'
import { RecordType } from '../boards/canvas/records.ts'
import { Verdict } from '../boards/canvas/verdict.ts'
import type { BoardHost } from '../boards/host.ts'
import type { Intent } from '../boards/intake.ts'
import { limit } from './limits.ts'
import type { HttpServices } from './services.ts'
import { playerOf, type Visitor } from './visitor.ts'

export interface Judged {
  readonly position: number
  readonly verdicts: Uint8Array
  /** When the player may place again, ms by the server's clock. */
  readonly nextMs: number
}

/**
 * Every way to place ends here: rate limits, a fast refusal against the board as it is now, then the log
 * and the fold's verdict. Wrapped coordinates.
 * Errors: `limited`, `unauthorized`, `overloaded`, those of the log.
 */
export async function place(
  services: HttpServices,
  visitor: Visitor,
  host: BoardHost,
  edits: readonly Intent[],
): Promise<Judged> {
  const { canvas } = host
  limit(services, visitor, edits.length)
  if (host.stopped !== undefined) throw host.stopped
  const player = visitor.player !== 0 ? visitor.player : await playerOf(visitor, services)
  const nowMs = services.clock.now()
  const verdicts = new Uint8Array(edits.length)
  const hopeful: Intent[] = []
  const places: number[] = []
  edits.forEach((edit, i) => {
    const verdict = canvas.judge(player, edit.x, edit.y, edit.color, nowMs)
    // "Unchanged" only holds while nothing that was sent before is still on its way.
    if (isRefusal(verdict) || (verdict === Verdict.unchanged && edits.length === 1 && host.idle)) {
      verdicts[i] = verdict
    } else {
      hopeful.push(edit)
      places.push(i)
    }
  })
  let position: number = canvas.position
  if (hopeful.length > 0) {
    const outcome = await host.submit(player, hopeful)
    position = outcome.position
    places.forEach((i, n) => {
      verdicts[i] = outcome.verdicts[n] ?? 0
    })
  }
  const background = edits.length === 1 && verdicts[0] === Verdict.coolingDown && isBlank(host, edits[0])
  return { position, verdicts, nextMs: canvas.nextMs(player, services.clock.now(), background) }
}

function isBlank({ canvas }: BoardHost, edit: Intent | undefined): boolean {
  return edit !== undefined && canvas.colorAt(edit.x, edit.y) === canvas.info.background
}

function isRefusal(verdict: number): boolean {
  return verdict !== Verdict.accepted && verdict !== Verdict.shadowed && verdict !== Verdict.unchanged
}

/** Takes a player's last placement back. Errors: as {@link place}. */
export async function undo(services: HttpServices, visitor: Visitor, host: BoardHost): Promise<Judged> {
  limit(services, visitor, 1)
  const player = await playerOf(visitor, services)
  const { canvas } = host
  const slot = canvas.undo.get(player)
  const nextMs = (): number => canvas.nextMs(player, services.clock.now())
  if (slot === undefined) {
    return { position: canvas.position, verdicts: Uint8Array.of(Verdict.nothingToUndo), nextMs: nextMs() }
  }
  const { x, y, color, timeMs, before } = slot
  const cell = { x, y, expected: { color, player, timeMs }, becomes: before }
  const body = { kind: 'undo' as const, player, reason: '', cells: [cell] }
  const [outcome] = await host.append([{ type: RecordType.restored, body }])
  if (outcome === undefined) throw new SpateError('unavailable', 'the log answered without a verdict')
  return { ...outcome, nextMs: nextMs() }
}
