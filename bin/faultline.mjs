#!/usr/bin/env node
/**
 * `npx faultline`: the command line's door. Plain JavaScript that any Node from 18 on can read: it looks at the version
 * first and only then loads the program, which is TypeScript and needs a newer one. What Node compiles is kept in
 * node_modules/.cache, which makes the second and every later start twice as fast; where that cannot be written, not.
 */

import * as nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'
import { onSupportedNode } from '../electron/node-version.mjs'

if (onSupportedNode(fileURLToPath(import.meta.url))) {
  const cache = fileURLToPath(new URL('../node_modules/.cache/faultline', import.meta.url))
  nodeModule.enableCompileCache(cache)
  // For the engine's threads and processes.
  process.env['NODE_COMPILE_CACHE'] ??= cache
  const { main } = await import('../electron/cli/main.ts')
  await main(process.argv.slice(2))
}
