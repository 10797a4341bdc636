import { render } from 'preact'
import type { CapturesPage } from './captures-page.ts'
import { CapturesApp } from './components/captures-app.tsx'

export function show(page: CapturesPage): void {
  const root = document.getElementById('page')
  if (root === null) throw new Error('captures.html has no #page')
  render(<CapturesApp page={page} />, root)
}
