import { connect } from 'node:net'

const LIMIT_MS = 1000
const LOOPBACK = '127.0.0.1'

/** Whether somebody listens on a port of this machine. */
export function answers(port) {
  return ask(port, undefined, () => true)
}

/** Whether the answer to `question` makes `isRight(everything received so far)` true, within a second. */
export function answersWith(port, question, isRight) {
  return ask(port, question, isRight)
}

function ask(port, question, isRight) {
  return new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port, timeout: LIMIT_MS })
    let received = Buffer.alloc(0)
    const settle = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => (question === undefined ? settle(true) : socket.write(question)))
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      if (isRight(received)) settle(true)
    })
    socket.on('timeout', () => settle(false))
    socket.on('error', () => settle(false))
    socket.on('close', () => settle(false))
  })
}
