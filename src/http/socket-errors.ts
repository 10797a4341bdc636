import type { WebSocket } from 'ws'
import { messageOf } from '../base/errors.ts'
import type { HttpServices } from './services.ts'

/** A protocol error of a peer ends its connection, no more. */
export function endOnError(ws: WebSocket, services: HttpServices): void {
  ws.on('error', (error) => {
    services.logger.debug({ reason: messageOf(error) }, 'socket ended')
    ws.terminate()
  })
}
