/**
 * How long a command takes that has little to do: the contention table of a bundled sample, as it is built and from its
 * sources, in turn.
 */
import { join } from 'node:path'
import { PROGRAM } from '#electron/launch/built.mjs'
import { repoRoot } from '../support/corpus.ts'
import { measure, median, printFigures } from './measure.ts'

const SAMPLE = 'samples/dax-ext4-full.trace.txt.zst'
const RUNS = 9
/** Not through the door: it would choose. Both keep what Node compiled of them, as it does. */
const WAYS = { built: PROGRAM, 'from sources': 'electron/cli/program.ts' } as const

export async function benchStart(folder: string): Promise<boolean> {
  const file = join(folder, 'start.faultline')
  const run = (way: keyof typeof WAYS, ...words: readonly string[]) =>
    measure(process.execPath, [join(repoRoot, WAYS[way]), ...words])
  await run('built', 'import', join(repoRoot, SAMPLE), '--out', file)
  const times = { built: [] as number[], 'from sources': [] as number[] }
  for (let i = 0; i <= RUNS; i++) {
    for (const way of ['built', 'from sources'] as const) {
      const { wallMs } = await run(way, 'contention', file)
      // The first fills the cache.
      if (i > 0) times[way].push(wallMs)
    }
  }
  const built = median(times.built)
  const sources = median(times['from sources'])
  return printFigures('start of the command line (contention of a sample, median of 9)', [
    { what: 'built', value: built, unit: 'ms' },
    { what: 'from its sources', value: sources, unit: 'ms' },
    { what: 'built against from its sources', value: built / sources, unit: 'x', bound: { kind: 'max', value: 0.85 } },
  ])
}
