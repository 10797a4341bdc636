import { join } from 'node:path'
import { become, script } from './child.mjs'
import { root } from './root.mjs'
import { setup } from './setup.mjs'

await script(async () => {
  const node = await setup({ web: true })
  await become(node, join(root, 'bench/main.ts'), process.argv.slice(2))
})
