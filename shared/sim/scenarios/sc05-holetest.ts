/**
 * SC5: two threads fault the same hole page, whose bytes survive (R05; xfstests generic/340)? Each thread stores at its own
 * slot of every page of a hole; when all have ended, every slot is looked at.
 */
import * as z from 'zod'
import type { Vma } from '../mm.ts'
import { load, store } from '../ops/access.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { threads } from './actors.ts'
import { amount, clean, commitEvery, count, MS, scenario, startCommits } from './scenario.ts'

const params = z.object({
  threads: amount({ label: 'Threads of one process', unit: '', min: 1, max: 8, default: 4 }),
  pages: amount({ label: 'Hole', unit: 'pages', min: 1, max: 65_536, default: 512 }),
  commitMs: commitEvery(50),
})

function* fill(w: World, vma: Vma, slot: number): Steps {
  for (let index = 0; index < vma.pages; index++) yield* store(w, vma, { index, slot })
}

function* verify(w: World, vma: Vma, slots: number): Steps {
  for (let index = 0; index < vma.pages; index++) {
    for (let slot = 0; slot < slots; slot++) yield* load(w, vma, { index, slot })
  }
}

export const holetest = scenario({
  id: 'SC5',
  title: 'Holetest',
  question: 'Two threads fault the same hole page: whose bytes survive?',
  about: 'Threads store at their own place of every page of a hole, then everything is read back.',
  params,
  strategies: ['E', 'I', 'J,init=unwritten-convert', 'J', 'G', 'K'],
  search: { threads: 2, pages: 1 },
  machine: (p) => ({ cpus: 8, blocks: p.pages, slots: 8, durationNs: 1_000 * MS }),
  setUp(w, p) {
    const inode = w.newFile({ dax: w.dax, pages: p.pages })
    const vma = w.map(threads(w, p.threads), inode)
    for (let i = 0; i < p.threads; i++) w.k.spawn(`holetest-${i}`, fill(w, vma, i))
    startCommits(w, p.commitMs)
  },
  settle(w, p) {
    w.k.spawn('verify', verify(w, w.mms[0].vmas[0], p.threads))
  },
  expected: [
    { text: 'E loses stores', holds: (run) => count(run('E'), 'V6') > 0 },
    { text: 'J with unwritten-convert loses stores', holds: (run) => count(run('J,init=unwritten-convert'), 'V6') > 0 },
    { text: 'J with zero-in-alloc-tx loses none', holds: (run) => count(run('J'), 'V6', 'V20') === 0 },
    { text: 'I loses none', holds: (run) => count(run('I'), 'V6', 'V20') === 0 },
    { text: 'G and K are clean', holds: (run) => clean(run('G')) && clean(run('K')) },
  ],
})
