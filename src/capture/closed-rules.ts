import type { Rules } from '../boards/canvas/rules.ts'

/** Nobody places on what somebody else's players paint. */
export const CLOSED_RULES: Rules = {
  cooldown: { kind: 'none' },
  undoSeconds: 0,
  activeZone: { left: 0, top: 0, width: 0, height: 0 },
}
