/** The floor of fan-out where there is no C compiler: as `write-loop.c`, with the sockets of Node. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

const [count = 0, bytes = 0, hz = 0] = process.argv.slice(2).map(Number)
const frame = Buffer.alloc(bytes, 'x')
const sockets: Socket[] = []

const server = createServer({ noDelay: true }, (socket) => {
  sockets.push(socket)
  socket.on('error', () => socket.destroy())
  if (sockets.length === count) console.log('ready')
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
await once(server, 'listening')
// A TCP server's address is an AddressInfo.
console.log(`port ${(server.address() as AddressInfo).port}`)

for await (const line of createInterface({ input: process.stdin })) {
  const ticks = Math.floor(Number(line) * hz)
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  for (let tick = 1; tick <= ticks; tick++) {
    for (const socket of sockets) socket.write(frame)
    const dueMs = startMs + (tick * 1000) / hz
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
  }
  const { user, system } = process.cpuUsage(cpu)
  console.log(`${ticks * count} 0 ${user + system}`)
}
