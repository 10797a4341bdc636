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

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [pages, preloads],
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
