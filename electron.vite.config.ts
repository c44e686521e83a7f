/**
 * The desktop build: the shell and the engine's entries into one flat folder (out/main), so that each finds the others,
 * migrations/ and samples/ beside or two folders above itself exactly as from the sources; the preload as one CommonJS
 * file, because a sandboxed preload can be nothing else; the page as for the web. Needs no Electron to run.
 */

import { resolve } from 'node:path'
import { defineConfig } from 'electron-vite'
import { EXTERNAL, inputs } from './electron/launch/entries.ts'
import page from './vite.config.ts'

const source = (path: string) => resolve(import.meta.dirname, path)

/** Where the build goes. FAULTLINE_OUT is for trying a build without touching the one in use. */
const built = (name: string) => resolve(import.meta.dirname, process.env['FAULTLINE_OUT'] ?? 'out', name)

export default defineConfig({
  main: {
    build: {
      outDir: built('main'),
      minify: false,
      externalizeDeps: false,
      rolldownOptions: {
        external: EXTERNAL,
        input: inputs({ main: 'electron/desktop/main.ts', engine: 'electron/engine/entry.ts' }),
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
