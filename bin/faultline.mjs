#!/usr/bin/env node
/**
 * `npx faultline`: the command line's door. Plain JavaScript that any Node from 18 on can read: it looks at the version
 * first and only then loads the program, built or from its sources, which need a newer one.
 */

import { fileURLToPath, pathToFileURL } from 'node:url'
import { keepCompiled } from '../electron/compile-cache.mjs'
import { programPath } from '../electron/launch/built.mjs'
import { onSupportedNode } from '../electron/node-version.mjs'

if (onSupportedNode(fileURLToPath(import.meta.url))) {
  keepCompiled()
  await import(pathToFileURL(programPath()).href)
}
