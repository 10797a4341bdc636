import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

/** `npm start` in the checkout serves at this address; `vite` in web/ then shows the pages as they are edited. */
const SERVER = 'http://127.0.0.1:8080'

/** As Spate's own server answers for its pages. */
const STATS_PATH = /^\/(?:boards\/[^/]+\/stats|meters(?:\/[^/]+)?)\/?(?:\?|$)/

const CAPTURES_PATH = /^\/captures\/?(?:\?|$)/

const pages: Plugin = {
  name: 'pages',
  configureServer({ middlewares }) {
    middlewares.use((request, _response, next) => {
      if (STATS_PATH.test(request.url ?? '')) request.url = '/stats.html'
      if (CAPTURES_PATH.test(request.url ?? '')) request.url = '/captures.html'
      next()
    })
  },
}

/** What the heads of all pages have in common stands in one file. */
const heads: Plugin = {
  name: 'heads',
  transformIndexHtml: {
    order: 'pre',
    handler(html) {
      const parts = html.split('<!-- src/head.html -->')
      if (parts.length !== 2) throw new Error('a page includes src/head.html once')
      return parts.join(readFileSync(join(import.meta.dirname, 'src/head.html'), 'utf8').trim())
    },
  },
}

/** What an entry imports as it starts is loaded beside it, not after it. */
const preloads: Plugin = {
  name: 'preloads',
  transformIndexHtml: {
    order: 'post',
    handler(html, { bundle = {}, chunk }) {
      const files = new Set<string>()
      const add = (file: string): void => {
        const imported = bundle[file]
        if (files.has(file) || imported?.type !== 'chunk') return
        files.add(file)
        for (const next of imported.imports) add(next)
      }
      for (const file of chunk?.dynamicImports ?? []) add(file)
      return [...files]
        .filter((file) => !html.includes(file))
        .map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
          injectTo: 'head',
        }))
    },
  },
}

/**
 * uPlot makes formats as it is loaded, which are not used here and are tens of ms of the page's first second: the
 * first is made when it is needed, the other only serves to compare time zones, which nobody asks it to.
 */
const LAZY_FORMATS: readonly (readonly [eager: string, lazy: string])[] = [
  ['const numFormatter = new Intl', 'let numFormatter;\nconst makeNumFormatter = () => new Intl'],
  ['numFormatter.format(val)', '(numFormatter ??= makeNumFormatter()).format(val)'],
  ['const localTz = new Intl.DateTimeFormat().resolvedOptions().timeZone', 'const localTz = undefined'],
]

const lazyFormats: Plugin = {
  name: 'lazy-formats',
  apply: 'build',
  transform(code, id) {
    if (!id.endsWith('/uPlot.esm.js')) return undefined
    return LAZY_FORMATS.reduce((made, [eager, lazy]) => {
      if (!made.includes(eager)) throw new Error(`uPlot has no more: ${eager}`)
      return made.replace(eager, lazy)
    }, code)
  },
}

/** Beside each file lies what the server sends to browsers that take it compressed. */
const compressed: Plugin = {
  name: 'compressed',
  apply: 'build',
  async writeBundle({ dir = 'dist' }, bundle) {
    const files = Object.values(bundle).map((made) => {
      const content = made.type === 'chunk' ? made.code : made.source
      const path = join(dir, made.fileName)
      return [
        writeFile(`${path}.br`, brotliCompressSync(content)),
        writeFile(`${path}.gz`, gzipSync(content, { level: 9 })),
      ]
    })
    await Promise.all(files.flat())
  },
}

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [heads, pages, preloads, lazyFormats, compressed],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // What the strict content security policy would refuse must not be inlined.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index.html', 'stats.html', 'captures.html'],
      // Few files: each costs a browser more than its bytes.
      output: {
        codeSplitting: {
          groups: [
            { name: 'stats-core', test: /\/web\/src\/stats\//, minShareCount: 2 },
            { name: 'shared', minShareCount: 2 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': { target: SERVER, ws: true } } },
})
