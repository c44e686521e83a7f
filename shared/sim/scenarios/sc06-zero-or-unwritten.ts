/**
 * SC6: who must zero a fresh block, when, and in how many transactions (R05, R09, R09b)? Threads of one process store to the
 * same pages of a hole while others read(2) them; the entry lock keeps faults on one page apart, so that only the slot
 * `init` differs. The crash side of the question is SC7.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import type { Vma } from '../mm.ts'
import { store } from '../ops/access.ts'
import { read } from '../ops/file-io.ts'
import type { RunResult } from '../run-result.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { choices, pause, threads } from './actors.ts'
import { amount, clean, commitEvery, count, duration, MS, scenario, startCommits } from './scenario.ts'

const params = z.object({
  threads: amount({ label: 'Threads that store', unit: '', min: 1, max: 16, default: 3 }),
  readers: amount({ label: 'Tasks that read(2)', unit: '', min: 1, max: 16, default: 3 }),
  pages: amount({ label: 'Hole', unit: 'pages', min: 1, max: 65_536, default: 4_096 }),
  commitMs: commitEvery(5),
  durationMs: duration(100),
})

/** Where the stores are now, for the readers to look at. */
interface Front {
  index: number
}

function* fill(w: World, vma: Vma, at: { slot: number; front: Front }): Steps {
  const random = choices(w, at.slot)
  for (let index = 0; index < vma.pages && w.goesOn(); index++) {
    at.front.index = index
    yield* store(w, vma, { index, slot: at.slot })
    if (pause(w, random.below(1_500))) yield
    // Threads stay together: who is behind jumps.
    if (at.front.index > index + 1) index = at.front.index - 1
  }
}

function* look(w: World, inode: Inode, front: Front): Steps {
  while (w.goesOn() && front.index < inode.pages - 1) yield* read(w, inode, { from: front.index, pages: 1 })
}

function handlesPerFault(result: RunResult): number {
  const faults = result.opStats.find((one) => one.kind === 'write_fault')?.count ?? 1
  const handles = result.lockStats.find((one) => one.class === 'jbd2_handle')?.acquisitions ?? 0
  const allocating = result.counters['blocks allocated'] ?? faults
  return handles / allocating
}

function holdOf(result: RunResult, name: string): number {
  const lock = result.lockStats.find((one) => one.class === name)
  return lock === undefined ? 0 : lock.holdTotalNs / lock.acquisitions
}

const TX = 'tx=tx-in-getblock'

export const zeroOrUnwritten = scenario({
  id: 'SC6',
  title: 'Zero or unwritten',
  question: 'Who must zero a fresh block, when, and how many transactions does it take?',
  about: 'Stores into holes and reads of the same pages, with each way to make a fresh block safe.',
  params,
  strategies: [
    `K,init=zero-after-alloc,${TX}`,
    `K,init=unwritten-convert,${TX}`,
    `K,init=ordered-list,${TX}`,
    `K,init=zero-before-link,${TX}`,
    'K',
  ],
  search: { threads: 2, readers: 1, pages: 2 },
  machine: (p) => ({ cpus: p.threads + p.readers + 2, blocks: p.pages, durationNs: p.durationMs * MS }),
  setUp(w, p) {
    const inode = w.newFile({ dax: true, pages: p.pages })
    const vma = w.map(threads(w, p.threads), inode)
    const front = { index: 0 }
    for (let i = 0; i < p.threads; i++) w.k.spawn(`writer-${i}`, fill(w, vma, { slot: i % w.device.slots, front }))
    for (let i = 0; i < p.readers; i++) w.k.spawn(`reader-${i}`, look(w, inode, front))
    startCommits(w, p.commitMs)
  },
  expected: [
    {
      text: 'zeroing after the allocation shows what the block held',
      holds: (run) => count(run(`K,init=zero-after-alloc,${TX}`), 'V5') > 0,
    },
    { text: 'ordered data alone does, too', holds: (run) => count(run(`K,init=ordered-list,${TX}`), 'V5') > 0 },
    {
      text: 'unwritten extents have a gap in which a read misses a store, and take two transactions',
      holds: (run) => {
        const result = run(`K,init=unwritten-convert,${TX}`)
        return count(result, 'V7') > 0 && count(result, 'V5') === 0 && handlesPerFault(result) > 1.9
      },
    },
    { text: 'zeroing before the link is clean', holds: (run) => clean(run(`K,init=zero-before-link,${TX}`)) },
    {
      text: 'zeroing in the allocating transaction is clean, and holds i_data_sem for longer',
      holds: (run) =>
        clean(run('K')) &&
        holdOf(run('K'), '&ei->i_data_sem') > holdOf(run(`K,init=zero-after-alloc,${TX}`), '&ei->i_data_sem'),
    },
  ],
})
