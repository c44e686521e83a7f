#!/usr/bin/env node
/**
 * What npm scripts start their TypeScript entries with: `node bin/run.mjs electron/start.ts ARGS…`. On a Node that is too
 * old it starts the entry on the Node that came with the dependencies, or says in one line what to do.
 */

import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { keepCompiled } from '../electron/compile-cache.mjs'
import { onSupportedNode } from '../electron/node-version.mjs'

const self = fileURLToPath(import.meta.url)
if (onSupportedNode(self)) {
  keepCompiled()
  const entry = resolve(process.argv[2] ?? '')
  process.argv.splice(1, 2, entry)
  await import(pathToFileURL(entry).href)
}
