/**
 * The command line as users run it (out/cli): the program and the engine's threads in 80 files instead of 450, which takes
 * 0.7 times as long to start (`npm run bench -- start`). One flat folder, so that each part finds the others, and migrations/ and samples/
 * two folders above, exactly as from the sources.
 */

import { resolve } from 'node:path'
import { defineConfig } from 'vite'
import { EXTERNAL, inputs } from './electron/launch/entries.ts'

export default defineConfig({
  build: {
    ssr: true,
    outDir: resolve(import.meta.dirname, process.env['FAULTLINE_OUT'] ?? 'out', 'cli'),
    emptyOutDir: true,
    minify: false,
    target: 'node22',
    rolldownOptions: {
      external: EXTERNAL,
      input: inputs({ program: 'electron/cli/program.ts' }),
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
  // Without what is loaded as it is, the libraries go in as well: they are most of the files a start would have to open.
  ssr: { noExternal: true, target: 'node' },
})
