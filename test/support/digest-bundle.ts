/**
 * The digests of test/determinism/specs.ts as one plain script, the whole model in it: for places that cannot run the
 * sources as they are (a page in a browser, a Node without compilers and so without the one that strips types).
 */
import { join } from 'node:path'
import { build } from 'vite'

/** A script that puts `digests` on the global object. */
export async function digestScript(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    root: join(import.meta.dirname, '..', '..'),
    build: {
      write: false,
      minify: false,
      target: 'es2024',
      lib: { entry: join(import.meta.dirname, '../determinism/specs.ts'), formats: ['iife'], name: 'specs' },
    },
  })
  const [one] = Array.isArray(built) ? built : [built]
  if (one === undefined || !('output' in one)) throw new Error('vite built nothing')
  return `${one.output[0].code}\nglobalThis.digests = specs.digests\n`
}
