/**
 * The traces Faultline ships with. samples/samples.json lists them; opening one imports it like any other trace, once.
 */

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { registry, type Registry } from '#shared/base/registry.ts'
import type { Sample } from '#shared/contract/methods.ts'

const schema = z.array(
  z.object({
    id: z.string(),
    title: z.string(),
    teaches: z.string(),
    origin: z.string(),
    /** Beside samples.json. */
    file: z.string(),
  }),
)

export type SampleFile = Sample & { readonly path: string }

export async function loadSamples(folder: string): Promise<Registry<SampleFile>> {
  const text = await readFile(join(folder, 'samples.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]'
    throw error
  })
  const samples = schema.parse(JSON.parse(text)).map(async ({ file, ...sample }) => {
    const path = join(folder, file)
    return { ...sample, path, bytes: (await stat(path)).size }
  })
  return registry('sample', await Promise.all(samples))
}
