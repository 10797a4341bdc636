import { open } from 'node:fs/promises'
import { Command } from 'commander'
import { systemClock } from '../../../base/clock.ts'
import { messageOf, SpateError } from '../../../base/errors.ts'
import type { Api } from '../../../client/api.ts'
import { MeterApi } from '../../../client/meters.ts'
import { parseBrokers } from '../../../log/kafka/address.ts'
import { MAX_WRITES } from '../../../meters/records.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../../connection.ts'
import { wholeNumber } from '../../options.ts'
import { FileBookmark, NoBookmark } from './bookmark.ts'
import { KafkaFeed } from './kafka-feed.ts'
import { feedLines } from './line-feed.ts'
import { type Item, type Reject, Taker, type Taking } from './taking.ts'

interface Options extends ConnectionOptions {
  readonly kafka?: string
  readonly topic?: string
  readonly group?: string
  readonly bookmark?: string
  readonly rejects?: string
  readonly batch: number
  readonly session: number
}

const DEFAULT_BATCH = 2000
const SAY_EVERY_MS = 10_000

const AFTER_HELP = `
Reads pointspaced's messages: {"command":"metric","metric":{thing,uid,atid,aid,value,ts1,ts2}} and
{"command":"count","count":{thing,value,ts}}. A metric's value is what its seconds sum up to; with "mode":"increment" it
is added at ts2. Messages that cannot be taken are set aside with the reason, a line of JSON each, and the rest goes on.

A batch that is handed over twice counts once, for 24 hours: a feed that was killed is just started again, with the
same --group, or with the same --bookmark and input. SIGINT and SIGTERM end it after the batch under way.`

export function meterFeedCommand(): Command {
  const command = new Command('feed')
    .description('write what messages say, from standard input (a line each) or a Kafka topic')
    .option('--kafka <brokers>', 'host:port[,host:port…] to read from')
    .option('--topic <name>', 'the topic to read')
    .option('--group <name>', 'the consumer group that remembers how far it is')
    .option('--bookmark <file>', 'standard input: remember in this file how far it is')
    .option('--rejects <file>', 'append what cannot be taken to this file (default: standard error)')
    .option('--batch <count>', 'messages handed over at once', wholeNumber, DEFAULT_BATCH)
    .option('--session <seconds>', 'after which a feed that died loses its part of a topic', wholeNumber, 30)
    .addHelpText('after', AFTER_HELP)
  return connectionOptions(command).action(run)
}

async function run(options: Options): Promise<void> {
  const { batch, kafka, topic, group } = options
  if (batch < 1 || batch > MAX_WRITES) throw new SpateError('invalid', `--batch: 1 to ${MAX_WRITES}`)
  if (options.session < 6) throw new SpateError('invalid', '--session: 6 or more')
  const isKafka = kafka !== undefined
  if (isKafka !== (topic !== undefined) || isKafka !== (group !== undefined))
    throw new SpateError('invalid', '--kafka, --topic and --group go together')
  if (isKafka && options.bookmark !== undefined)
    throw new SpateError(
      'invalid',
      '--bookmark is for standard input: the group remembers how far a topic is',
    )
  await withServer(options, (api) => feed(api, options))
}

async function feed(api: Api, options: Options): Promise<void> {
  const end = new AbortController()
  const stop = (): void => end.abort(new SpateError('unavailable', 'stopped before the server answered'))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  await using rejects = await openRejects(options.rejects)
  const taking: Taking = {
    meters: new MeterApi(api),
    reject: rejects.reject,
    clock: systemClock,
    random: Math.random,
    signal: end.signal,
    onWaiting: sayer(),
  }
  const taker = new Taker(taking)
  try {
    if (options.kafka === undefined) await lines(taker, taking, options, end.signal)
    else await messages(taker, taking, options, options.kafka)
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop)
    const { taken, rejected } = taker.account
    process.stderr.write(`taken ${taken}, set aside ${rejected}\n`)
  }
}

async function lines(taker: Taker, { reject }: Taking, options: Options, signal: AbortSignal): Promise<void> {
  // Nothing may come for long: what waits for it is let go.
  signal.addEventListener('abort', () => process.stdin.destroy(), { once: true })
  try {
    await feedLines(taker, {
      input: process.stdin,
      bookmark: options.bookmark === undefined ? new NoBookmark() : new FileBookmark(options.bookmark),
      reject,
      batch: options.batch,
      signal,
    })
  } catch (error) {
    if (!(signal.aborted && error instanceof Error && error.name === 'AbortError') && !isClosed(error))
      throw error
  }
}

/** Standard input was let go. */
function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}

/** Kafka's client is loaded by those who use it. */
async function messages(taker: Taker, taking: Taking, options: Options, kafka: string): Promise<void> {
  const brokers = parseBrokers(kafka)
  const { batch, session, topic = '', group = '' } = options
  const [{ GroupMember }, { Fetcher }] = await Promise.all([
    import('../../../log/kafka/group.ts'),
    import('../../../log/kafka/client.ts'),
  ])
  const member = new GroupMember(brokers, group, topic, session * 1000)
  const fetcher = new Fetcher(brokers, [topic])
  try {
    await new KafkaFeed(member, fetcher, taker, taking, { topic, group, batch }).run()
  } finally {
    await member.close()
    await fetcher.close()
  }
}

interface Rejects extends AsyncDisposable {
  readonly reject: Reject
}

/** Errors: `storage-failed`. */
async function openRejects(path: string | undefined): Promise<Rejects> {
  const lineOf = ({ at, text }: Item, reason: string): string =>
    `${JSON.stringify({ ...at, reason, message: text })}\n`
  if (path === undefined) {
    return {
      reject: async (item, reason) => void process.stderr.write(lineOf(item, reason)),
      async [Symbol.asyncDispose]() {},
    }
  }
  const failed = (cause: unknown): SpateError =>
    new SpateError('storage-failed', `cannot write ${path}: ${messageOf(cause)}`, { cause })
  const file = await open(path, 'a').catch((cause: unknown) => {
    throw failed(cause)
  })
  return {
    async reject(item, reason) {
      await file.appendFile(lineOf(item, reason)).catch((cause: unknown) => {
        throw failed(cause)
      })
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

/** Says each reason to wait when it is new, and again now and then. */
function sayer(): (reason: string) => void {
  let said = ''
  let saidMs = Number.NEGATIVE_INFINITY
  return (reason) => {
    const nowMs = systemClock.elapsedMs()
    if (reason === said && nowMs - saidMs < SAY_EVERY_MS) return
    said = reason
    saidMs = nowMs
    process.stderr.write(`waiting: ${reason}\n`)
  }
}
