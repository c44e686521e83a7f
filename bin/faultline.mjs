#!/usr/bin/env node
/**
 * `npx faultline`: the command line's door. Plain JavaScript that any Node from 18 on can read: it looks at the version
 * first and only then loads the program, which is TypeScript and needs a newer one.
 */

import { fileURLToPath } from 'node:url'
import { keepCompiled } from '../electron/compile-cache.mjs'
import { onSupportedNode } from '../electron/node-version.mjs'

if (onSupportedNode(fileURLToPath(import.meta.url))) {
  keepCompiled()
  const args = process.argv.slice(2)
  const { beginAhead } = await import('../electron/cli/ahead.ts')
  beginAhead(args)
  const { main } = await import('../electron/cli/main.ts')
  await main(args)
}
