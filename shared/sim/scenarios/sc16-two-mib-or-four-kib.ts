/**
 * SC16: does one lock bit for a huge page cost more than 512 small ones? Threads touch an aligned file once, page by page:
 * with blocks, with holes (2 MiB are zeroed under i_data_sem), or after another thread has made 4 KiB entries everywhere,
 * so that each 2 MiB attempt falls back.
 */
import * as z from 'zod'
import { PAGES_PER_PMD, type Vma } from '../mm.ts'
import { store } from '../ops/access.ts'
import type { RunResult } from '../run-result.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { process } from './actors.ts'
import { amount, choice, clean, commitEvery, MS, scenario, slowest, startCommits } from './scenario.ts'

const params = z.object({
  threads: amount({ label: 'Threads', unit: '', min: 1, max: 64, default: 8 }),
  fileMiB: amount({ label: 'File size', unit: 'MiB', min: 2, max: 1_024, default: 64 }),
  variant: choice('What they find', ['blocks', 'holes', 'small-entries'], 'blocks'),
  commitMs: commitEvery(50),
})

/** Every page of each range whose number is `first`, `first + step`, … */
function* touch(w: World, vma: Vma, at: { first: number; step: number }): Steps {
  for (let range = at.first; range * PAGES_PER_PMD < vma.pages; range += at.step) {
    for (let i = 0; i < PAGES_PER_PMD && w.goesOn(); i++) {
      yield* store(w, vma, { index: range * PAGES_PER_PMD + i, slot: 0 })
    }
  }
}

/** One 4 KiB fault in each range, then the threads begin. */
function* prepare(w: World, small: Vma, begin: () => void): Steps {
  for (let index = 0; index < small.pages; index += PAGES_PER_PMD) yield* store(w, small, { index, slot: 0 })
  begin()
}

function faults(result: RunResult): number {
  return result.opStats.filter((one) => one.kind.endsWith('fault')).reduce((sum, one) => sum + one.count, 0)
}

function typical(result: RunResult, kind: string): number {
  return result.opStats.find((one) => one.kind === kind)?.p50Ns ?? NaN
}

const SMALL = 'K,pmdFaults=false'

export const twoMibOrFourKib = scenario({
  id: 'SC16',
  title: '2 MiB or 4 KiB',
  question: 'Does one lock bit for a huge page cost more than 512 small ones?',
  about: 'First touch of an aligned file by several threads, with 2 MiB faults and without.',
  params,
  strategies: ['G2', 'G3', 'K', SMALL],
  search: { threads: 2, fileMiB: 4, variant: 'holes' },
  machine: (p) => ({ cpus: p.threads + 2, blocks: p.fileMiB * 256 + PAGES_PER_PMD, slots: 1, durationNs: 10_000 * MS }),
  setUp(w, p) {
    const pages = p.fileMiB * 256
    const inode = w.newFile({ dax: true, pages, blocks: p.variant === 'holes' ? 'holes' : 'written' })
    const begin = () => {
      for (let i = 0; i < p.threads; i++) {
        w.k.spawn(`touch-${i}`, touch(w, process(w, inode, { pmd: true }), { first: i, step: p.threads }))
      }
    }
    // A search has all its tasks from the start, and who goes first is what it goes through.
    const first = p.variant === 'small-entries'
    if (first) w.k.spawn('first', prepare(w, process(w, inode), w.inSearch ? () => undefined : begin))
    if (!first || w.inSearch) begin()
    startCommits(w, p.commitMs)
  },
  expected: [
    {
      text: '2 MiB entries take 512 times fewer faults',
      holds: (run) => faults(run(SMALL)) === 512 * faults(run('K')),
    },
    { text: 'and are done far earlier', holds: (run) => run('K').simulatedNs * 20 < run(SMALL).simulatedNs },
    {
      text: 'over holes a fault zeroes 2 MiB, where a small one zeroes a page',
      holds: (run) =>
        slowest(run('K', { variant: 'holes' }), 'pmd_fault') > 150_000 &&
        typical(run(SMALL, { variant: 'holes' }), 'write_fault') < 50_000,
    },
    {
      text: 'one small entry per range takes all the benefit',
      holds: (run) =>
        run('K', { variant: 'small-entries' }).simulatedNs > 0.8 * run(SMALL, { variant: 'small-entries' }).simulatedNs,
    },
    {
      text: 'K is clean',
      holds: (run) => (['blocks', 'holes', 'small-entries'] as const).every((variant) => clean(run('K', { variant }))),
    },
  ],
})
