import { Command } from 'commander'
import { SpateError } from '../../base/errors.ts'
import { isSpatePage, queryOfSpatePage } from '../../client/place-source.ts'
import { type ConnectionOptions, connectionOptions } from '../connection.ts'
import { amount, url, wholeNumber } from '../options.ts'
import { beginCapture, saidOf } from './begin.ts'
import { header, several } from './options.ts'

interface Options extends ConnectionOptions {
  readonly page?: string | false
  readonly query?: string
  readonly history?: string
  readonly authors: boolean
  readonly frameHost?: readonly string[]
  readonly sourceToken?: string
  readonly header?: Readonly<Record<string, string>>
  readonly subprotocol?: readonly string[]
  readonly event?: string
  readonly configCategory?: string
  readonly canvasCategory?: string
  readonly connections?: number
  readonly rate?: number
  readonly sockets?: number
  readonly refresh?: number
}

const AFTER_HELP = `
Without --page it is Reddit's own, with the addresses and names of 2022. A board of another Spate is followed by its
page alone: --page https://HOST/compat/place/BOARD/

The server goes on after a restart, until spate capture stop NAME.`

export function capturePlaceCommand(): Command {
  const command = new Command('place')
    .description('follow an r/place onto the board NAME')
    .argument('<name>', 'of the capture and its board: 1 to 64 of a–z 0–9 . _ -')
    .option('--page <url>', 'the page that holds the token', url('http'))
    .option('--no-page', 'there is none: --source-token, or no token at all')
    .option('--query <url>', 'where the WebSocket is (ws://, wss://)', url('ws'))
    .option('--history <url>', 'where authors are asked for (default: as --query)', url('ws'))
    .option('--no-authors', 'do not ask who placed what')
    .option(
      '--frame-host <host>',
      'that frames may lie on besides the source’s own: a host, *.DOMAIN, an address or a network; may be given several times',
      several,
    )
    .option('--source-token <token>', 'what the source wants as bearer token')
    .option('--header <name: value>', 'sent with every connection; may be given several times', header)
    .option('--subprotocol <name>', 'offered to the source; may be given several times; none: ""', several)
    .option('--event <name>', 'the teamOwner of subscriptions, such as GARLICBREAD')
    .option('--config-category <name>', 'of the channel that tells the configuration')
    .option('--canvas-category <name>', 'of the channels that tell of frames')
    .option('--connections <count>', 'connections a canvas (default: 2)', wholeNumber)
    .option('--rate <count>', 'questions of 24 cells a second (default: 8)', amount)
    .option('--sockets <count>', 'connections for questions (default: 4)', wholeNumber)
    .option('--refresh <seconds>', 'how often a full frame checks the diffs (default: 600)', amount)
    .addHelpText('after', AFTER_HELP)
  return connectionOptions(command).action(capture)
}

async function capture(name: string, options: Options): Promise<void> {
  await beginCapture(name, { kind: 'place', settings: settingsOf(options) }, options)
}

/** Only what was said, and what follows from it. */
function settingsOf(options: Options): Record<string, unknown> {
  const { page, authors } = options
  const isSpate = typeof page === 'string' && isSpatePage(page)
  const query = options.query ?? (isSpate ? queryOfSpatePage(page) : undefined)
  if (page !== undefined && query === undefined) {
    throw new SpateError('invalid', '--query: say where the WebSocket is, as the page is no board of a Spate')
  }
  const settings = {
    pageUrl: page === false ? null : page,
    queryUrl: query,
    historyUrl: authors ? options.history : null,
    frameHosts: options.frameHost,
    token: options.sourceToken,
    headers: options.header ?? (isSpate ? {} : undefined),
    subprotocols: options.subprotocol,
    teamOwner: options.event,
    configCategory: options.configCategory,
    canvasCategory: options.canvasCategory,
    lines: options.connections,
    historyRequestsPerSecond: options.rate,
    historySockets: options.sockets,
    refreshEveryMs: options.refresh === undefined ? undefined : Math.round(options.refresh * 1000),
  }
  return saidOf(settings)
}
