import { join } from 'node:path'
import { run, script } from './child.mjs'
import { root } from './root.mjs'
import { setup } from './setup.mjs'

await script(async () => {
  const node = await setup({ web: false })
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  process.exitCode = await run(node, [biome, 'check', '--write', '.'], { cwd: root })
})
