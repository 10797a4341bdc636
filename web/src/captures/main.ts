import { CapturesPage } from './captures-page.ts'

// What draws is loaded while the server answers.
const drawing = import('./show.tsx')
const page = new CapturesPage(location.origin)
page.start()
const { show } = await drawing
show(page)
