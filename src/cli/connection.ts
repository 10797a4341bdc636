import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { pino } from 'pino'
import { type Config, readConfig } from '../app/config.ts'
import { SpateServer } from '../app/server.ts'
import { messageOf, SpateError } from '../base/errors.ts'
import { Api } from '../client/api.ts'

export interface ConnectionOptions {
  readonly url?: string
  readonly token?: string
}

/** The options of every command that works on a server. */
export function connectionOptions(command: Command): Command {
  return command
    .option('--url <url>', 'the server to work on (default: the one of the data folder, SPATE_DATA)')
    .option('--token <token>', 'the organiser’s token (default: SPATE_ADMIN_TOKEN, or the data folder’s)')
}

/**
 * Runs `work` against a server: the one that `--url` names, else the one that has the data folder, else one of
 * our own on a free loopback port, for as long as the work takes, which is told so.
 */
export async function withServer<T>(
  options: ConnectionOptions,
  work: (api: Api, isOwn: boolean) => Promise<T>,
): Promise<T> {
  const config = readConfig(process.env)
  const token = options.token ?? config.adminToken
  if (options.url !== undefined) return work(apiOf(options.url, token), false)
  const running = await runningServer(config)
  if (running !== undefined) return work(apiOf(running, token ?? (await tokenIn(config))), false)
  await using server = await SpateServer.start(
    { ...config, host: '127.0.0.1', port: 0 },
    pino({ level: 'warn' }),
  )
  return await work(apiOf(server.url, server.adminToken), true)
}

/** Errors: `invalid` for what is no URL. */
export function apiOf(url: string, token: string | undefined): Api {
  if (!URL.canParse(url)) throw new SpateError('invalid', `--url: not a URL: ${url}`)
  return new Api({
    baseUrl: url.replace(/\/$/, ''),
    fetch: answered,
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  })
}

/** Errors: `unavailable` when there is no answer. */
async function answered(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(input, init)
  } catch (cause) {
    const reason = messageOf(cause instanceof Error ? (cause.cause ?? cause) : cause)
    throw new SpateError('unavailable', `no answer from the server: ${reason}`, { cause })
  }
}

/** The address of the server that has the data folder, if one answers there. */
async function runningServer({ dataFolder }: Config): Promise<string | undefined> {
  try {
    // Written by our own server when it began to listen.
    const { url } = JSON.parse(await readFile(join(dataFolder, 'server.json'), 'utf8')) as { url: string }
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(3_000) })
    return response.ok ? url : undefined
  } catch {
    // No card, or one that a killed server left behind: the claim of the folder will tell.
    return undefined
  }
}

async function tokenIn({ dataFolder }: Config): Promise<string | undefined> {
  try {
    return (await readFile(join(dataFolder, 'admin-token'), 'utf8')).trim()
  } catch {
    return undefined
  }
}
