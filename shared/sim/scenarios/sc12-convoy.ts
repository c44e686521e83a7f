/**
 * SC12: why p99 exploded when someone ran ftruncate (R28). A MAP_SYNC fault waits for a commit with the guard held shared; a
 * truncate of the tail queues behind it; every later fault of the file queues behind the truncate. Readers of mapped pages
 * tell the story: they need no handle and no block.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import type { Vma } from '../mm.ts'
import { load, store } from '../ops/access.ts'
import { truncate } from '../ops/truncate.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { inRound, process, rest } from './actors.ts'
import { amount, clean, duration, MS, scenario, slowest, startCommits } from './scenario.ts'

const READ_PAGES = 16

const params = z.object({
  readers: amount({ label: 'Readers', unit: '', min: 1, max: 256, default: 32 }),
  logWriteUs: amount({ label: 'A commit takes', unit: 'µs', min: 20, max: 30_000, default: 5_000 }),
  truncateEveryMs: amount({ label: 'Truncate of the tail every', unit: 'ms', min: 1, max: 10_000, default: 20 }),
  durationMs: duration(100),
})

function* reader(w: World, vma: Vma): Steps {
  while (w.goesOn()) {
    for (let i = 0; i < inRound(w, vma.pages) && w.inTime(); i++) yield* load(w, vma, { index: vma.pgoff + i, slot: 0 })
    w.remap(vma)
    if (rest(w, 100_000)) yield
  }
}

function* syncStore(w: World, vma: Vma): Steps {
  for (let i = 0; i < vma.pages && w.goesOn(); i++) yield* store(w, vma, { index: vma.pgoff + i, slot: 0 })
}

function* truncateTail(w: World, inode: Inode, everyNs: number): Steps {
  const full = inode.size
  while (w.goesOn()) {
    if (rest(w, everyNs)) yield
    if (!w.inTime()) break
    yield* truncate(w, inode, full - 1)
    yield* truncate(w, inode, full)
  }
}

export const convoy = scenario({
  id: 'SC12',
  title: 'Convoy',
  question: 'Why did p99 explode when someone ran ftruncate?',
  about: 'Faults on mapped pages, one MAP_SYNC writer that waits for commits, and a truncate of the tail now and then.',
  params,
  strategies: ['K', 'J', 'H1'],
  search: { readers: 1 },
  machine: (p) => ({
    cpus: p.readers + 8,
    blocks: 4_096,
    slots: 1,
    durationNs: p.durationMs * MS,
    costs: { logWrite: p.logWriteUs * 1_000 },
  }),
  setUp(w, p) {
    const inode = w.newFile({ dax: w.dax, pages: 2_048 })
    w.preallocate(inode, { from: 0, to: READ_PAGES, kind: 'written' })
    for (let i = 0; i < p.readers; i++) {
      w.k.spawn(`reader-${i}`, reader(w, process(w, inode, { from: 0, pages: READ_PAGES })))
    }
    w.k.spawn('map-sync', syncStore(w, process(w, inode, { from: READ_PAGES, pages: 1_024, sync: true })))
    w.k.spawn('truncate', truncateTail(w, inode, p.truncateEveryMs * MS))
    startCommits(w, 0)
  },
  expected: [
    {
      text: 'under K and J a reader waits out a commit behind the queued truncate',
      holds: (run) => ['K', 'J'].every((one) => slowest(run(one), 'read_fault') > MS),
    },
    { text: 'under H1 no reader does', holds: (run) => slowest(run('H1'), 'read_fault') < MS },
    { text: 'K is clean: a convoy is no violation', holds: (run) => clean(run('K')) },
  ],
})
