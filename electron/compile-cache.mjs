/**
 * What Node compiles (and TypeScript with its types stripped) is kept in node_modules/.cache/faultline, which makes the
 * second and every later start twice as fast; where that cannot be written, it is not. For this process, its threads and
 * the processes it starts. Plain JavaScript: it runs before anything that is not.
 */

import * as nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'

export function keepCompiled() {
  const folder = fileURLToPath(new URL('../node_modules/.cache/faultline', import.meta.url))
  nodeModule.enableCompileCache(folder)
  process.env['NODE_COMPILE_CACHE'] ??= folder
}
