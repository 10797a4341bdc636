import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Lifetime } from './tmp.ts'

export type Fault =
  /** Answers so, as S3 says it where there is a code, and passes nothing on. */
  | { readonly status: number; readonly code?: string }
  /** Ends the connection in the middle of the answer's body, after so many bytes. */
  | { readonly cutAfterBytes: number }

/**
 * Passes requests on to a server as they are, `Host` included, except where `faultOf` says otherwise. Resolves with
 * its origin.
 */
export async function faultyProxy(
  t: Lifetime,
  origin: string,
  faultOf: (request: IncomingMessage) => Fault | undefined,
): Promise<string> {
  const { hostname, port } = new URL(origin)
  const proxy = createServer((incoming, outgoing) => {
    const fault = faultOf(incoming)
    if (fault !== undefined && 'status' in fault) {
      const body = fault.code === undefined ? '' : `<Error><Code>${fault.code}</Code></Error>`
      const head = { 'content-length': body.length, 'content-type': 'application/xml' }
      incoming.resume().once('end', () => outgoing.writeHead(fault.status, head).end(body))
      return
    }
    const { method, url, headers } = incoming
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      if (fault === undefined) return void answer.pipe(outgoing)
      let passed = 0
      answer.on('end', () => outgoing.destroy())
      answer.on('data', (chunk: Buffer) => {
        outgoing.write(chunk.subarray(0, fault.cutAfterBytes - passed))
        passed += chunk.length
        if (passed < fault.cutAfterBytes) return
        answer.destroy()
        outgoing.write('', () => outgoing.destroy())
      })
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  proxy.listen(0, '127.0.0.1')
  await new Promise((resolve) => proxy.once('listening', resolve))
  t.after(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  // A server that listens on a port has such an address.
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}
