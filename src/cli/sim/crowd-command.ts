import { Command, InvalidArgumentError } from 'commander'
import { SpateError } from '../../base/errors.ts'
import { apiOf } from '../connection.ts'
import { amount, wholeNumber } from '../options.ts'
import { Crowd, type CrowdOptions, type CrowdResult } from './crowd.ts'
import type { Tally } from './tally.ts'

/** A crowd is for trying out one's own server, not for breaking another's. */
const MOST = { players: 1_000, viewers: 10_000, rate: 20_000, seconds: 3_600, reconnects: 6_000 }

/** Longer than a client takes for silence: whoever was cut off has come back by then. */
const SETTLE_MS = 60_000

interface Options extends CrowdOptions {
  readonly url: string
  readonly allowRemote?: true
}

export function crowdCommand(): Command {
  return new Command('crowd')
    .description(
      'players and viewers on a running server; checks at the end that every viewer shows its board',
    )
    .option('--url <url>', 'the server', 'http://127.0.0.1:8080')
    .option('--allow-remote', 'let it be a server on another machine: yours, or one whose owner agreed')
    .option('--board <id>', 'the board', 'lobby')
    .option('--players <count>', 'who place', countUpTo(MOST.players), 20)
    .option('--viewers <count>', 'who only watch', countUpTo(MOST.viewers), 50)
    .option('--rate <edits>', 'edits a second, of all players', upTo(MOST.rate), 50)
    .option('--seconds <seconds>', 'for how long', upTo(MOST.seconds), 10)
    .option('--stalls <share>', 'the share of viewers that stop reading at times', share, 0.1)
    .option('--reconnects <count>', 'connections lost a minute', upTo(MOST.reconnects), 30)
    .option('--seed <number>', 'repeats what they do', wholeNumber, 1)
    .action(crowd)
}

function upTo(most: number): (text: string) => number {
  return (text) => {
    const value = amount(text)
    if (value > most) throw new InvalidArgumentError(`At most ${most}.`)
    return value
  }
}

function countUpTo(most: number): (text: string) => number {
  const bounded = upTo(most)
  return (text) => {
    const value = bounded(text)
    if (!Number.isInteger(value)) throw new InvalidArgumentError('Expected a whole number.')
    return value
  }
}

function share(text: string): number {
  const value = amount(text)
  if (value > 1) throw new InvalidArgumentError('Expected a share from 0 to 1.')
  return value
}

async function crowd({ url, allowRemote, ...options }: Options): Promise<void> {
  requireOwnMachine(url, allowRemote === true)
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGINT', onSignal)
  using crowd = new Crowd(apiOf(url, undefined), options)
  await crowd.join()
  let second = 0
  await crowd.act(stop.signal, () => showProgress(++second, options.seconds, crowd.tally))
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const result = await crowd.settle(SETTLE_MS)
  process.off('SIGINT', onSignal)
  process.stdout.write(reportOf(options, result))
  if (result.reference === undefined || result.right < options.viewers) process.exitCode = 1
}

/** Errors: `invalid`, `forbidden`. */
function requireOwnMachine(url: string, allowRemote: boolean): void {
  if (!URL.canParse(url)) throw new SpateError('invalid', `--url: not a URL: ${url}`)
  const { hostname } = new URL(url)
  const isOwn = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
  if (isOwn || allowRemote) return
  throw new SpateError(
    'forbidden',
    `${hostname} is another machine: say --allow-remote if that is what you mean`,
  )
}

function showProgress(second: number, seconds: number, tally: Tally): void {
  const line = `${second} of ${seconds} s: ${tally.sent} edits sent, ${tally.accepted} accepted, ${tally.frames} frames seen`
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
  else if (second % 5 === 0) process.stderr.write(`${line}\n`)
}

export function reportOf(options: CrowdOptions, result: CrowdResult): string {
  const { tally, reference, right, reconnects, resyncs } = result
  const { board, players, viewers, rate, seconds, seed } = options
  const answers = [...tally.answers].sort(([, a], [, b]) => b - a).map(([name, count]) => `${count} ${name}`)
  const gone = [
    ...(tally.lost > 0 ? [`${tally.lost} lost with their connection`] : []),
    ...(tally.unsent > 0 ? [`${tally.unsent} not sent, nobody was free`] : []),
  ]
  const latency = tally.latencyMs()
  const figures = latency && Object.entries(latency).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`)
  return [
    `crowd on ${board}: ${players} players, ${viewers} viewers, ${rate} edits/s for ${seconds} s, seed ${seed}`,
    `edits    ${tally.sent} sent: ${[...answers, ...gone].join(', ') || 'none'}`,
    `latency  ${figures?.join(', ') ?? 'no answers'}`,
    `viewers  ${tally.frames} frames with ${tally.cells} cells, ${tally.stalls} stalls, ${reconnects} reconnects, ${resyncs} resyncs`,
    reference === undefined
      ? 'check    the board did not stand still: not compared'
      : `check    ${right} of ${viewers} viewers show the board as of position ${reference.position}`,
    '',
  ].join('\n')
}
