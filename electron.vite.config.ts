/**
 * The desktop build: the shell and the engine's entries into one flat folder (out/main), so that each finds the others,
 * migrations/ and samples/ beside or two folders above itself exactly as from the sources; the preload as one CommonJS
 * file, because a sandboxed preload can be nothing else; the page as for the web. Needs no Electron to run.
 */

import { resolve } from 'node:path'
import { defineConfig } from 'electron-vite'
import page from './vite.config.ts'

const source = (path: string) => resolve(import.meta.dirname, path)

/** Where the build goes. FAULTLINE_OUT is for trying a build without touching the one in use. */
const built = (name: string) => resolve(import.meta.dirname, process.env['FAULTLINE_OUT'] ?? 'out', name)

/** Native or with files of their own: loaded from node_modules at run time. */
const external = ['electron', 'better-sqlite3', 'piscina']

export default defineConfig({
  main: {
    build: {
      outDir: built('main'),
      minify: false,
      externalizeDeps: false,
      rolldownOptions: {
        external,
        input: {
          main: source('electron/desktop/main.ts'),
          engine: source('electron/engine/entry.ts'),
          'data-worker': source('electron/engine/data-worker.ts'),
          'job-worker': source('electron/engine/job-worker.ts'),
          'import-parser': source('electron/engine/import-parser.ts'),
          'import-writer': source('electron/engine/import-writer.ts'),
          'sql-process': source('electron/engine/sql-process.ts'),
          'simulate-thread': source('electron/engine/simulate-thread.ts'),
          'compare-run': source('electron/engine/compare-run.ts'),
          'whatif-run': source('electron/engine/whatif-run.ts'),
          'sensitivity-run': source('electron/engine/sensitivity-run.ts'),
          'scaling-run': source('electron/engine/scaling-run.ts'),
          'sweep-run': source('electron/engine/sweep-run.ts'),
          'explore-run': source('electron/engine/explore-run.ts'),
          'races-run': source('electron/engine/races-run.ts'),
          'strategy-check': source('electron/engine/strategy-check.ts'),
          'sql-watch': source('electron/engine/sql-watch.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: built('preload'),
      minify: false,
      externalizeDeps: false,
      rolldownOptions: {
        external: ['electron'],
        input: { preload: source('electron/desktop/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    ...page,
    build: {
      ...page.build,
      outDir: built('web'),
      minify: true,
      rolldownOptions: { input: source('renderer/index.html') },
    },
  },
})
