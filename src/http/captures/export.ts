import { Type } from 'typebox'
import { CaptureRecordType, captureStream } from '../../capture/records.ts'
import { positionOf } from '../../log/port.ts'
import type { App } from '../app.ts'
import { fileOf } from '../schemas.ts'
import type { HttpServices } from '../services.ts'
import { recordsUpTo, StreamedAnswers } from '../streamed.ts'
import { requireAdmin } from '../visitor.ts'
import { CaptureParams } from './schemas.ts'

/** Each reads a whole stream. */
const EXPORTS_AT_ONCE = 2

const FrameParams = Type.Object({
  ...CaptureParams.properties,
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
})

/** What was captured, as it is stored: to publish it, or to look at it with programs of one's own. */
export async function capturedExportRoutes(app: App, services: HttpServices): Promise<void> {
  const { captures, log, logger } = services
  const security = [{ bearer: [] }]
  const answers = new StreamedAnswers(logger, EXPORTS_AT_ONCE)
  app.addHook('onRequest', async (request) => requireAdmin(request.visitor))

  app.get(
    '/api/captures/:name/records',
    {
      schema: {
        summary: 'Every record of a capture’s stream, as it is stored (PROTOCOL.md)',
        description: 'The last record says that it is whole; without it the answer is incomplete.',
        security,
        params: CaptureParams,
        response: { 200: fileOf('application/octet-stream') },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { report } = await captures.status(name)
      const stream = captureStream(name)
      const position = positionOf(report.position)
      const chunks = () => recordsUpTo(log, stream, position, ({ type }) => type === CaptureRecordType.began)
      return answers.send(request, reply, {
        what: stream,
        position,
        contentType: 'application/octet-stream',
        chunks,
      })
    },
  )

  app.get(
    '/api/captures/:name/frames/:sha256',
    {
      schema: {
        summary: 'A frame’s bytes as the source sent them, by their hash',
        security,
        params: FrameParams,
        response: { 200: fileOf('application/octet-stream') },
      },
    },
    async (request, reply) => {
      const bytes = await captures.frame(request.params.sha256)
      return reply
        .header('cache-control', 'private, max-age=31536000, immutable')
        .type('application/octet-stream')
        .send(Buffer.from(bytes))
    },
  )
}
