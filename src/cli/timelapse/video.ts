import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rename, rm } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { messageOf, SpateError } from '../../base/errors.ts'
import type { FilmHead, StillReader } from '../../boards/timelapse/stills.ts'

/** What a container is given to hold. Players want even sides and colours in 4:2:0. */
const ENCODERS = {
  mp4: ['-c:v', 'libx264', '-crf', '16', '-preset', 'medium', '-movflags', '+faststart', '-f', 'mp4'],
  webm: ['-c:v', 'libvpx-vp9', '-crf', '20', '-b:v', '0', '-row-mt', '1', '-f', 'webm'],
} as const
const FOR_PLAYERS = ['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p']
const MAX_WORDS = 2_000

export type VideoFormat = keyof typeof ENCODERS

export function isVideo(format: string): format is VideoFormat {
  return format in ENCODERS
}

/** Errors: `unavailable`. */
export async function requireFfmpeg(): Promise<void> {
  const ffmpeg = spawn('ffmpeg', ['-version'], { stdio: 'ignore' })
  try {
    await once(ffmpeg, 'spawn')
  } catch (cause) {
    throw new SpateError('unavailable', 'MP4 and WebM need ffmpeg on the PATH; GIF and WebP need nothing', {
      cause,
    })
  }
}

/**
 * Has ffmpeg encode a film. The file appears under its name once it is whole; until then it is `NAME.part`.
 * Errors: `storage-failed` with ffmpeg's own words, those of the reader.
 */
export async function writeVideo(
  reader: StillReader,
  format: VideoFormat,
  out: string,
  onFrames: (frames: number) => void,
): Promise<void> {
  const part = `${out}.part`
  const ffmpeg = spawn('ffmpeg', argumentsOf(reader.head, format, part), {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let words = ''
  ffmpeg.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-MAX_WORDS)
  })
  const ended = once(ffmpeg, 'close')
  // An encoder that gives up closes its end; its own words say why.
  const refused = finished(ffmpeg.stdin, { readable: false }).catch(() => {})
  try {
    for await (const { pixels, palette, from, to } of reader.stills()) {
      const frame = rgb24(pixels, palette)
      for (let i = from; i < to && ffmpeg.stdin.writable; i++) {
        if (!ffmpeg.stdin.write(frame)) await Promise.race([once(ffmpeg.stdin, 'drain'), refused])
      }
      if (!ffmpeg.stdin.writable) break
      onFrames(to)
    }
    ffmpeg.stdin.end()
    const [code] = await ended
    if (code !== 0) throw new Error(words.trim() || `ffmpeg ended with ${code}`)
    await rename(part, out)
  } catch (cause) {
    ffmpeg.kill()
    await ended
    await rm(part, { force: true })
    if (cause instanceof SpateError) throw cause
    throw new SpateError('storage-failed', `cannot make ${out}: ${messageOf(cause)}`, { cause })
  }
}

function argumentsOf({ width, height, fps }: FilmHead, format: VideoFormat, part: string): string[] {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', String(fps)]
  return [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-y'],
    ...[...input, '-i', 'pipe:0'],
    ...FOR_PLAYERS,
    ...ENCODERS[format],
    // Never taken for an option.
    `file:${part}`,
  ]
}

function rgb24(pixels: Uint8Array, palette: readonly number[]): Buffer {
  const frame = Buffer.allocUnsafe(pixels.length * 3)
  for (let i = 0; i < pixels.length; i++) frame.writeUIntBE(palette[pixels[i] ?? 0] ?? 0, i * 3, 3)
  return frame
}
