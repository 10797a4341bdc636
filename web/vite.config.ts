import { defineConfig } from 'vite'

/** `npm start` in the checkout serves at this address; `vite` in web/ then shows the page as it is edited. */
const SERVER = 'http://127.0.0.1:8080'

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // What the strict content security policy would refuse must not be inlined.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': { target: SERVER, ws: true } } },
})
