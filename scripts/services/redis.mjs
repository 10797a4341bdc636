import { answersWith } from './answers.mjs'
import { findProgram, installPackages } from './programs.mjs'

const server = () => findProgram('redis-server')

/** @type {import('./service.mjs').Service} */
export const redis = {
  name: 'redis',
  port: 16379,
  url: (port) => `redis://127.0.0.1:${port}`,
  isInstalled: () => server() !== undefined,
  install: () => installPackages(['redis-server']),

  /** In memory alone: nothing that the tests store has to outlive it. */
  launch: ({ port }) => ({
    command: server(),
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
  }),

  isReady: ({ port }) => answersWith(port, 'PING\r\n', (answer) => answer.toString() === '+PONG\r\n'),
}
