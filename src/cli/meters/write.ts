import { Command, InvalidArgumentError } from 'commander'
import { SpateError } from '../../base/errors.ts'
import type { Api } from '../../client/api.ts'
import type { MeterInfo, MeterWrite } from '../../client/meters.ts'
import { namedTime } from '../../http/meters/named-time.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { metersOf, timeOf } from './asking.ts'

interface Options extends ConnectionOptions {
  readonly dimension?: Readonly<Record<string, string>>
  readonly zone: string
  readonly key?: string
}

interface MomentOptions extends Options {
  readonly at?: string
}

interface WindowOptions extends Options {
  readonly from: string
  readonly to: string
}

const AT_HELP = 'when: 2026-03-29T09:00:00Z, 1774738800, … (default: now)'

/** Single writes, for trying out and for putting right; many go through `spate meters feed` or the API. */
export function meterAddCommand(): Command {
  return writing('add', 'add an amount, which may be negative', '<amount>')
    .option('--at <time>', AT_HELP)
    .action((meter: string, entity: string, amount: string, options: MomentOptions) =>
      writeAt({ meter, entity, kind: 'add', amount }, options),
    )
}

export function meterCountCommand(): Command {
  return writing('count', 'count something that happened', '[times]', '1')
    .option('--at <time>', AT_HELP)
    .action((meter: string, entity: string, amount: string, options: MomentOptions) =>
      writeAt({ meter, entity, kind: 'count', amount }, options),
    )
}

export function meterTotalCommand(): Command {
  return writing('total', 'say what a span of time sums up to', '<amount>')
    .requiredOption('--from <time>', 'first second: 2026-03-29, 2026-03-29T09:00:00Z, 1774738800, …')
    .requiredOption('--to <time>', 'last second, or the last day, month, … that belongs to it')
    .action(total)
}

function writing(name: string, description: string, amount: string, least?: string): Command {
  const command = new Command(name)
    .description(description)
    .argument('<meter>')
    .argument('<entity>')
    .argument(amount, 'a whole number', digits, least)
    .option('--dimension <name=value>', 'of which value; once for each dimension of the meter', valued)
    .option('--zone <name>', 'whose clock dates are of', 'UTC')
    .option('--key <text>', 'with the same key the same write counts once, for 24 hours')
  return connectionOptions(command)
}

function digits(text: string): string {
  if (!/^-?\d{1,19}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return text
}

function valued(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=')
  const name = text.slice(0, at)
  if (at < 1 || Object.hasOwn(before, name)) {
    throw new InvalidArgumentError('Expected name=value, each dimension once.')
  }
  return { ...before, [name]: text.slice(at + 1) }
}

async function writeAt(write: MeterWrite, options: MomentOptions): Promise<void> {
  const { at, zone } = options
  const second = at === undefined ? Math.floor(Date.now() / 1000) : namedTime('--at', at, zone).from
  await send({ ...write, second }, options)
  const { meter, entity, kind, amount } = write
  process.stdout.write(
    `${kind === 'count' ? 'counted' : 'added'} ${amount} for ${entity} in ${meter} at ${timeOf(second)}\n`,
  )
}

async function total(meter: string, entity: string, amount: string, options: WindowOptions): Promise<void> {
  const { from: first, to: last, zone } = options
  const from = namedTime('--from', first, zone).from
  const to = namedTime('--to', last, zone).end - 1
  await send({ meter, entity, kind: 'total', from, to, amount }, options)
  process.stdout.write(`${entity} has ${amount} in ${meter} from ${timeOf(from)} to ${timeOf(to)}\n`)
}

async function send(write: MeterWrite, options: Options): Promise<void> {
  await withServer(options, async (api) => {
    const dimensions = await dimensionsOf(api, write.meter, options.dimension ?? {})
    await metersOf(api, {}).write([{ ...write, dimensions }], options.key)
  })
}

/** In the meter's order. Errors: `invalid` where not each has a value. */
async function dimensionsOf(
  api: Api,
  meter: string,
  named: Readonly<Record<string, string>>,
): Promise<string[]> {
  const names = Object.keys(named)
  const { dimensions } = await api.json<MeterInfo>('GET', `/api/meters/${encodeURIComponent(meter)}`)
  if (names.length !== dimensions.length || !dimensions.every((name) => Object.hasOwn(named, name))) {
    const has = dimensions.length === 0 ? 'no dimensions' : `the dimensions ${dimensions.join(', ')}`
    throw new SpateError('invalid', `${meter} has ${has}: expected a --dimension for each of them`)
  }
  return dimensions.map((name) => named[name] ?? '')
}
