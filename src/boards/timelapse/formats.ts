import type { StillWriter } from './film.ts'
import { GifFilm } from './gif.ts'
import { type FilmHead, StillStream } from './stills.ts'
import { WebpFilm } from './webp.ts'

export type FilmFormat = 'gif' | 'webp' | 'stills'

export function stillWriterOf(format: FilmFormat, head: FilmHead): StillWriter {
  switch (format) {
    case 'gif':
      return new GifFilm(head)
    case 'webp':
      return new WebpFilm(head)
    case 'stills':
      return new StillStream(head)
  }
}
