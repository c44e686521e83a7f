/**
 * SC13: should a fault raise SIGBUS for lack of space that is about to come back (R21, R21b)? Threads store to a page and
 * punch it again on a device with hardly more blocks than they use; what they free returns with the commit.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import type { Vma } from '../mm.ts'
import { store } from '../ops/access.ts'
import { punchHole } from '../ops/punch-hole.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { choices, process } from './actors.ts'
import { amount, clean, commitEvery, count, duration, MS, scenario, startCommits } from './scenario.ts'

const params = z.object({
  threads: amount({ label: 'Threads', unit: '', min: 1, max: 32, default: 4 }),
  freeBlocks: amount({ label: 'Blocks of the device', unit: '', min: 1, max: 65_536, default: 8 }),
  commitMs: commitEvery(5),
  durationMs: duration(50),
})

const STRIPE = 16

function* churn(w: World, inode: Inode, at: { vma: Vma; actor: number }): Steps {
  const random = choices(w, at.actor)
  while (w.goesOn()) {
    const index = at.vma.pgoff + random.below(STRIPE)
    yield* store(w, at.vma, { index, slot: 0 })
    yield* punchHole(w, inode, { from: index, to: index + 1 })
  }
}

export const nearlyFull = scenario({
  id: 'SC13',
  title: 'Nearly full',
  question: 'Should a fault SIGBUS on ENOSPC when space is about to be freed?',
  about: 'Store and punch in turns on a device that is nearly full; freed blocks return with the commit.',
  params,
  strategies: ['K,enospc=fail', 'K', 'K,enospc=retry-holding-handle'],
  search: { threads: 2, freeBlocks: 1 },
  machine: (p) => ({ cpus: 8, blocks: p.freeBlocks, durationNs: p.durationMs * MS }),
  setUp(w, p) {
    const inode = w.newFile({ dax: true, pages: p.threads * STRIPE })
    for (let i = 0; i < p.threads; i++) {
      const vma = process(w, inode, { from: i * STRIPE, pages: STRIPE })
      w.k.spawn(`churn-${i}`, churn(w, inode, { vma, actor: i }))
    }
    startCommits(w, p.commitMs)
  },
  expected: [
    { text: 'failing at once is dishonest', holds: (run) => count(run('K,enospc=fail'), 'V17') > 0 },
    { text: 'retrying after the commit is clean', holds: (run) => clean(run('K')) },
    {
      text: 'retrying with the handle open deadlocks with itself',
      holds: (run) => run('K,enospc=retry-holding-handle').deadlock !== undefined,
    },
  ],
})
