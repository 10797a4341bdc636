import { CapturesPage } from './captures-page.ts'

// What draws is loaded while the server answers.
const drawing = import('./show.tsx')
const page = new CapturesPage(location.origin, storageOfTab())
page.start()
const { show } = await drawing
show(page)

/** Undefined where the browser keeps nothing for pages. */
function storageOfTab(): Storage | undefined {
  try {
    return sessionStorage
  } catch {
    return undefined
  }
}
