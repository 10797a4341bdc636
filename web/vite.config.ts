import { defineConfig, type Plugin } from 'vite'

/** `npm start` in the checkout serves at this address; `vite` in web/ then shows the pages as they are edited. */
const SERVER = 'http://127.0.0.1:8080'

/** As Spate's own server answers for the pages of statistics. */
const STATS_PATH = /^\/(?:boards\/[^/]+\/stats|meters(?:\/[^/]+)?)\/?(?:\?|$)/

const statsPages: Plugin = {
  name: 'stats-pages',
  configureServer({ middlewares }) {
    middlewares.use((request, _response, next) => {
      if (STATS_PATH.test(request.url ?? '')) request.url = '/stats.html'
      next()
    })
  },
}

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [statsPages],
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // What the strict content security policy would refuse must not be inlined.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ['index.html', 'stats.html'] },
  },
  server: { proxy: { '/api': { target: SERVER, ws: true } } },
})
