/**
 * SC3: is "lock ordering should be fine" true? A faulter on holes and a puncher on one DAX file, and a page-cache file of
 * the same filesystem that is written and synced, with commits (R11, R12). The order graph shows the circle on the first
 * run; the hang comes when kjournald reaches LOCKED at the wrong time.
 */
import * as z from 'zod'
import { load, store } from '../ops/access.ts'
import { write } from '../ops/file-io.ts'
import { fsync } from '../ops/fsync.ts'
import type { Inode } from '../inode.ts'
import type { Vma } from '../mm.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { choices, pause, process, punchRandom, rest } from './actors.ts'
import { amount, clean, commitEvery, count, duration, MS, scenario, startCommits } from './scenario.ts'

const params = z.object({
  pages: amount({ label: 'File size', unit: 'pages', min: 1, max: 65_536, default: 256 }),
  writePages: amount({ label: 'Write before fsync', unit: 'pages', min: 1, max: 64, default: 4 }),
  syncEveryUs: amount({ label: 'fsync after', unit: 'µs', min: 1, max: 1_000_000, default: 300 }),
  commitMs: commitEvery(5),
  durationMs: duration(40),
})

/** Looks first, in a search always, so that a hole page stands where the store then needs a block. */
function* lookThenStore(w: World, vma: Vma): Steps {
  const random = choices(w, 1)
  while (w.goesOn()) {
    const at = { index: random.below(vma.pages), slot: 0 }
    if (random.below(2) === 0 || w.inSearch) yield* load(w, vma, at)
    yield* store(w, vma, at)
    if (pause(w, 500)) yield
  }
}

function* writeAndSync(w: World, inode: Inode, pages: number, everyNs: number): Steps {
  const random = choices(w, 2)
  while (w.goesOn()) {
    yield* write(w, inode, { from: random.below(Math.max(1, inode.pages - pages)), pages })
    if (rest(w, everyNs)) yield
    yield* fsync(w, inode)
  }
}

export const planLockdepKilled = scenario({
  id: 'SC3',
  title: 'The plan that lockdep killed',
  question: 'Is "lock ordering should be fine" true?',
  about: 'Faults on holes, punches, and fsync of a page-cache file share one journal.',
  params,
  strategies: ['F', 'F,tx=tx-before-locks', 'E', 'G'],
  search: { pages: 2, writePages: 1, commitMs: 0 },
  machine: (p) => ({ cpus: 8, blocks: p.pages * 4, durationNs: p.durationMs * MS }),
  setUp(w, p) {
    const dax = w.newFile({ dax: true, pages: p.pages })
    const cached = w.newFile({ dax: false, pages: p.pages })
    w.k.spawn('faulter', lookThenStore(w, process(w, dax)))
    w.k.spawn('puncher', punchRandom(w, dax, { actor: 3, maxPages: 8, everyNs: 50_000 }))
    w.k.spawn('fsync', writeAndSync(w, cached, p.writePages, p.syncEveryUs * 1_000))
    startCommits(w, p.commitMs)
  },
  expected: [
    {
      text: 'F closes a circle of i_mmap and the journal, and lockdep sees it',
      holds: (run) => {
        const { cycles } = run('F').lockOrder
        return cycles.some(
          (one) =>
            one.lockdepSees &&
            one.classes.includes('jbd2_handle') &&
            one.classes.some((name) => name.includes('i_mmap')),
        )
      },
    },
    {
      text: 'F with the transaction first is clean of circles',
      holds: (run) => count(run('F,tx=tx-before-locks'), 'V11') === 0,
    },
    {
      text: "E's circle goes through the page lock, which lockdep does not see",
      holds: (run) => {
        const { cycles } = run('E').lockOrder
        return cycles.length > 0 && cycles.every((one) => one.classes.includes('folio') && !one.lockdepSees)
      },
    },
    { text: 'G is clean of circles', holds: (run) => count(run('G'), 'V11') === 0 },
    { text: 'K is clean', holds: (run) => clean(run('K')) },
  ],
})
