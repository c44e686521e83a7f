/**
 * What a build of the engine has beside its own entry: the files its threads and processes begin with, each under its own
 * name in one folder (electron/engine/spawn.ts), and what cannot go into a bundle.
 */

import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)
const THREADS = [
  'data-worker',
  'job-worker',
  'import-parser',
  'import-writer',
  'sql-process',
  'simulate-thread',
  'compare-run',
  'whatif-run',
  'sensitivity-run',
  'scaling-run',
  'sweep-run',
  'explore-run',
  'races-run',
  'strategy-check',
  'sql-watch',
]

/** Native, with files of their own, or builders: loaded from node_modules at run time. */
export const EXTERNAL = ['better-sqlite3', 'piscina', 'electron', 'electron-vite', 'vite']

/** Sources by the name of what is built of them: `own`, whose paths begin at the project's root, and all threads. */
export function inputs(own: Readonly<Record<string, string>>): Record<string, string> {
  const threads = THREADS.map((name) => [name, `electron/engine/${name}.ts`] as const)
  const all = [...Object.entries(own), ...threads]
  return Object.fromEntries(all.map(([name, path]) => [name, fileURLToPath(new URL(path, ROOT))]))
}
