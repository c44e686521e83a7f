/**
 * SC9: truncate_count, page lock or seqschedlock (R16, R30)? Readers fault cached pages; a direct writer invalidates ranges;
 * a truncater cuts and grows the tail. With `realtime` one CPU serves all and one reader has real-time priority: it finds
 * the invalidater asleep inside its section, yields, and runs again.
 *
 * The window of R16 is a few hundred nanoseconds of one page, so the file is small: in 60 ms the page of a fault
 * and that of an invalidation then meet several times under every seed tried, which in 64 MiB they would not.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import type { Vma } from '../mm.ts'
import { load } from '../ops/access.ts'
import { directWrite } from '../ops/direct-io.ts'
import { truncate } from '../ops/truncate.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { choices, pause, process, rest } from './actors.ts'
import { amount, commitEvery, count, duration, MS, scenario, startCommits, toggle } from './scenario.ts'

const params = z.object({
  readers: amount({ label: 'Readers', unit: '', min: 1, max: 64, default: 8 }),
  pages: amount({ label: 'File size', unit: 'pages', min: 1, max: 65_536, default: 128 }),
  truncatePages: amount({ label: 'Truncated at the tail', unit: 'pages', min: 1, max: 1_024, default: 16 }),
  invalidatePages: amount({ label: 'Direct write', unit: 'pages', min: 1, max: 256, default: 16 }),
  realtime: toggle('One CPU, one reader with real-time priority', false),
  commitMs: commitEvery(10),
  durationMs: duration(60),
})

function* reader(w: World, vma: Vma, actor: number): Steps {
  const random = choices(w, actor)
  while (w.goesOn()) {
    yield* load(w, vma, { index: random.below(vma.pages), slot: 0 })
    if (pause(w, 200)) yield
    // On the one CPU of the real-time variant everybody leaves some time to the others.
    if (w.cpus > 1) continue
    w.remap(vma)
    if (w.k.sleep(w.k.current.realtime ? 20_000 : 400_000)) yield
  }
}

function* writer(w: World, inode: Inode, pages: number): Steps {
  const random = choices(w, 500)
  while (w.goesOn()) {
    yield* directWrite(w, inode, { from: random.below(Math.max(1, inode.size - pages)), pages })
    if (w.k.sleep(20_000)) yield
  }
}

function* truncater(w: World, inode: Inode, pages: number): Steps {
  const full = inode.size
  while (w.goesOn()) {
    if (rest(w, 3 * MS)) yield
    if (!w.inTime()) break
    yield* truncate(w, inode, Math.max(0, full - pages))
    yield* truncate(w, inode, full)
  }
}

export const threeAnswers = scenario({
  id: 'SC9',
  title: 'Three answers to a 2005 bug',
  question: 'truncate_count, page lock or seqschedlock?',
  about: 'Readers fault cached pages while direct writes invalidate them.',
  params,
  strategies: ['A', 'B', 'C', 'D'],
  search: { readers: 1, pages: 1, invalidatePages: 1, truncatePages: 1 },
  machine: (p) => ({
    cpus: p.realtime ? 1 : p.readers + 3,
    blocks: p.pages * 2,
    slots: 1,
    durationNs: p.durationMs * MS,
    costs: { readPage: 10_000, writebackPage: 2_000 },
  }),
  setUp(w, p) {
    const inode = w.newFile({ dax: false, pages: p.pages, blocks: 'written' })
    for (let index = 0; index < p.pages; index++) w.cachePage(inode, index)
    for (let i = 0; i < p.readers; i++) {
      const realtime = p.realtime && i === 0
      w.k.spawn(realtime ? 'rt-reader' : `reader-${i}`, reader(w, process(w, inode), i), { realtime })
    }
    w.k.spawn('direct', writer(w, inode, p.invalidatePages))
    w.k.spawn('truncater', truncater(w, inode, p.truncatePages))
    startCommits(w, p.commitMs)
  },
  expected: [
    {
      text: 'A and D map a page that is no longer in the file',
      holds: (run) => ['A', 'D'].every((one) => count(run(one), 'V7') > 0),
    },
    { text: 'B and C do not', holds: (run) => ['B', 'C'].every((one) => count(run(one), 'V7') === 0) },
    { text: "C's readers yield", holds: (run) => (run('C').counters['seqsched yields'] ?? 0) > 0 },
    { text: 'with real-time priority C starves', holds: (run) => count(run('C', { realtime: true }), 'V18') > 0 },
    { text: 'with real-time priority B does not', holds: (run) => count(run('B', { realtime: true }), 'V18') === 0 },
  ],
})
