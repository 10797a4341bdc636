import { Command, Option } from 'commander'
import { type ConnectionOptions, connectionOptions } from '../connection.ts'
import { amount } from '../options.ts'
import { beginCapture, saidOf } from './begin.ts'
import { header, several } from './options.ts'

interface Options extends ConnectionOptions {
  readonly header?: Readonly<Record<string, string>>
  readonly subprotocol?: readonly string[]
  readonly send?: readonly string[]
  readonly id?: string
  readonly idOrder?: string
  readonly resume?: boolean
  readonly resumeParameter?: string
  readonly gapEvent?: readonly string[]
  readonly silence?: number
}

const AFTER_HELP = `
Every message is kept as it came, in the stream capture/NAME. What was missed is told by ids where the feed has them:
those of events, or of a WebSocket's messages where --id points.`

export function captureFeedCommand(): Command {
  const command = new Command('feed')
    .description('keep a feed of server-sent events (http, https) or of a WebSocket (ws, wss)')
    .argument('<name>', '1 to 64 of a–z 0–9 . _ -')
    .argument('<url>')
    .option('--header <name: value>', 'sent with every connection; may be given several times', header)
    .option('--subprotocol <name>', 'offered by a WebSocket; may be given several times', several)
    .option('--send <text>', 'sent once a WebSocket is open; may be given several times', several)
    .option('--id <pointer>', 'where a message’s id is, as a JSON pointer: /meta/offset')
    .addOption(
      new Option(
        '--id-order <order>',
        'what ids are: each one more, growing numbers, any words (default)',
      ).choices(['consecutive', 'growing', 'opaque']),
    )
    .option('--no-resume', 'the feed does not go on after the last id')
    .option('--resume-parameter <name>', 'parameter of the address that takes the last id, too')
    .option(
      '--gap-event <name>',
      'event that says something was left out; may be given several times',
      several,
    )
    .option('--silence <seconds>', 'without a message a connection is dead; 0: never (default: 60)', amount)
    .addHelpText('after', AFTER_HELP)
  return connectionOptions(command).action(capture)
}

async function capture(name: string, url: string, options: Options): Promise<void> {
  // The option is true unless it was denied, but a WebSocket only resumes if it is told how.
  const resumes = options.resume === false ? false : options.resumeParameter === undefined ? undefined : true
  const settings = saidOf({
    url,
    headers: options.header,
    subprotocols: options.subprotocol,
    greetings: options.send,
    idPointer: options.id,
    idOrder: options.idOrder,
    resumes,
    resumeParameter: options.resumeParameter,
    gapEvents: options.gapEvent,
    silenceMs: options.silence === undefined ? undefined : Math.round(options.silence * 1000),
  })
  await beginCapture(name, { kind: 'feed', settings }, options)
}
