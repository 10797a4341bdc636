#!/usr/bin/env node
import { join } from 'node:path'
import { become, script } from './child.mjs'
import { root } from './root.mjs'
import { setup } from './setup.mjs'

await script(async () => {
  const args = process.argv.slice(2)
  const serves = args.includes('serve') && !args.includes('--help') && !args.includes('-h')
  const node = await setup({ web: serves })
  await become(node, join(root, 'src/cli/main.ts'), args)
})
