import { render } from 'preact'
import { App } from './components/app.tsx'
import { Page } from './page.ts'

const page = new Page(location.origin)
const root = document.getElementById('page')
if (root === null) throw new Error('index.html has no #page')
render(<App page={page} />, root)
void page.start()
