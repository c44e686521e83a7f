/**
 * SC10: what dropping the lock in the middle of unmapping buys (R31). Processes that have touched a whole file lose it to a
 * truncate, while others fault elsewhere in it and need i_mmap for a moment. `unmappers` above one adds punches of the same
 * mapping beside the truncate.
 *
 * The complaint came from 16 GiB and 64 processes, a quarter of a billion PTEs; the defaults here are 128 MiB in all.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import { filePte, type Vma } from '../mm.ts'
import { load } from '../ops/access.ts'
import { invalidateEntries } from '../ops/direct-io.ts'
import { truncate } from '../ops/truncate.ts'
import { blockOf } from '../extents.ts'
import type { RunResult } from '../run-result.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { inRound, pause, process } from './actors.ts'
import { amount, MS, scenario, slowest, startCommits } from './scenario.ts'

const TAIL = 64

const params = z.object({
  processes: amount({ label: 'Processes that map the file', unit: '', min: 1, max: 64, default: 16 }),
  pages: amount({ label: 'Pages they have touched', unit: 'pages', min: 1, max: 262_144, default: 2_048 }),
  faulters: amount({ label: 'Faulters elsewhere', unit: '', min: 1, max: 64, default: 4 }),
  unmappers: amount({ label: 'Unmappers at once', unit: '', min: 1, max: 4, default: 1 }),
})

/** All pages touched before the run begins. */
function touched(w: World, inode: Inode, vma: Vma): void {
  for (let i = 0; i < vma.pages; i++) {
    w.setPte(vma, vma.pgoff + i, filePte(blockOf(inode.extents.tree[vma.pgoff + i]), false))
  }
}

function* faulter(w: World, vma: Vma): Steps {
  while (w.goesOn()) {
    for (let i = 0; i < inRound(w, vma.pages) && w.inTime(); i++) yield* load(w, vma, { index: vma.pgoff + i, slot: 0 })
    w.remap(vma)
    if (pause(w, 1_000)) yield
  }
}

function* cut(w: World, inode: Inode, size: number): Steps {
  if (w.k.sleep(100_000)) yield
  yield* truncate(w, inode, size)
}

function* interfere(w: World, inode: Inode, to: number): Steps {
  if (w.k.sleep(100_000)) yield
  for (let i = 0; i < 4; i++) yield* invalidateEntries(w, { inode, from: TAIL, to })
}

const SPIN = 'E,unmapLock=spin'
const BREAK = 'E,unmapLock=spin+lockbreak'
const SHARED = 'E,immapMode=shared,unmapLock=rwsem-s'

function unmapped(result: RunResult): number {
  return slowest(result, 'truncate')
}

export const longUnmap = scenario({
  id: 'SC10',
  title: 'Long unmap',
  question: 'What does dropping the lock in the middle of unmapping buy?',
  about: 'A truncate takes a file from many processes while others fault elsewhere in it.',
  params,
  strategies: [SPIN, BREAK, 'E', SHARED],
  search: { processes: 1, pages: 9, faulters: 1, unmappers: 2 },
  machine: (p) => ({ cpus: p.faulters + p.unmappers + 2, blocks: p.pages + TAIL, slots: 1, durationNs: 10 * MS }),
  setUp(w, p) {
    const pages = p.pages + TAIL
    const inode = w.newFile({ dax: true, pages, blocks: 'written' })
    for (let i = 0; i < p.processes; i++) touched(w, inode, process(w, inode, { from: TAIL, pages: p.pages }))
    for (let i = 0; i < p.faulters; i++)
      w.k.spawn(`faulter-${i}`, faulter(w, process(w, inode, { from: 0, pages: TAIL })))
    w.k.spawn('truncate', cut(w, inode, TAIL))
    for (let i = 1; i < p.unmappers; i++) w.k.spawn(`unmapper-${i}`, interfere(w, inode, pages))
    startCommits(w, 0)
  },
  expected: [
    {
      text: 'under the spinlock a fault waits for the whole unmap',
      holds: (run) => slowest(run(SPIN), 'read_fault') > 0.5 * MS,
    },
    {
      text: 'breaking the lock bounds that, at the price of restarts and a longer unmap',
      holds: (run) =>
        slowest(run(BREAK), 'read_fault') < 0.1 * slowest(run(SPIN), 'read_fault') &&
        (run(BREAK).counters['unmap restarts'] ?? 0) > 0 &&
        unmapped(run(BREAK)) > unmapped(run(SPIN)),
    },
    {
      text: 'two unmappers of one mapping make each other start again',
      holds: (run) =>
        (run(BREAK, { unmappers: 2 }).counters['unmap restarts'] ?? 0) > (run(BREAK).counters['unmap restarts'] ?? 0),
    },
    {
      text: 'under a shared rwsem faults do not wait, and nothing starts again',
      holds: (run) =>
        slowest(run(SHARED), 'read_fault') < 0.1 * MS && run(SHARED).counters['unmap restarts'] === undefined,
    },
  ],
})
