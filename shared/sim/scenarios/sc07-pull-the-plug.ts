/**
 * SC7: after a power cut between linking and zeroing, whose data does the file show (R10)? Files with signatures give their
 * blocks up and take others' by faults, commits come often, and the power is cut on paper again and again: what recovery
 * would show is judged, the run goes on. A block committed before its zeroes shows up while they are under way.
 *
 * A commit takes longer than zeroing a page, so the order is only wrong for a fault that is kept off its CPU in between: there
 * are fewer CPUs than tasks.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import { powerCut } from '../invariants/crash.ts'
import type { Vma } from '../mm.ts'
import { store } from '../ops/access.ts'
import { truncate } from '../ops/truncate.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { choices, process, rest } from './actors.ts'
import { amount, count, duration, MS, scenario, startCommits, toggle } from './scenario.ts'

const params = z.object({
  files: amount({ label: 'Files', unit: '', min: 1, max: 12, default: 8 }),
  pagesPerFile: amount({ label: 'Pages of each', unit: 'pages', min: 1, max: 1_024, default: 16 }),
  crashes: amount({ label: 'Power cuts to judge', unit: '', min: 1, max: 100_000, default: 1_000 }),
  cpus: amount({ label: 'CPUs', unit: '', min: 1, max: 64, default: 3 }),
  eadr: toggle('Caches survive (eADR)', false),
  commitUs: amount({ label: 'Journal commits every', unit: 'µs', min: 10, max: 1_000_000, default: 100 }),
  durationMs: duration(50),
})

/** Takes blocks and gives them up, in turns. A search's few rounds end with taking them: that is what it is about. */
function* reuse(w: World, inode: Inode, vma: Vma): Steps {
  while (w.goesOn()) {
    yield* fill(w, inode, vma)
    yield* truncate(w, inode, 0)
    yield* truncate(w, inode, inode.pages)
  }
  if (w.inSearch) yield* fill(w, inode, vma)
}

function* fill(w: World, inode: Inode, vma: Vma): Steps {
  for (let index = 0; index < inode.pages && w.inTime(); index++) yield* store(w, vma, { index, slot: 0 })
}

function* commits(w: World, everyNs: number): Steps {
  while (w.goesOn()) {
    if (rest(w, everyNs)) yield
    if (!w.inTime()) break
    w.journal.requestCommit()
  }
}

function* plug(w: World, cut: () => number, times: number): Steps {
  const everyNs = Math.max(1, Math.floor(w.stopAt / times))
  while (w.goesOn()) {
    if (rest(w, everyNs)) yield
    w.stats.bump('power cuts judged')
    if (cut() > 0) w.stats.bump('power cuts that expose foreign bytes')
  }
}

const TX = 'tx=tx-in-getblock'

export const pullThePlug = scenario({
  id: 'SC7',
  title: 'Pull the plug',
  question: 'After power loss between linking and zeroing, whose data does the file show?',
  about: 'Blocks change hands between files while commits come often and the power is cut on paper.',
  params,
  strategies: [
    'E',
    `K,init=zero-after-alloc,${TX}`,
    `K,init=ordered-list,${TX}`,
    `K,init=unwritten-convert,${TX}`,
    'K',
  ],
  search: { files: 2, pagesPerFile: 1, crashes: 2 },
  machine: (p) => ({
    cpus: p.cpus,
    blocks: p.files * p.pagesPerFile * 2,
    eadr: p.eadr,
    durationNs: p.durationMs * MS,
    costs: { logWrite: 20_000 },
  }),
  setUp(w, p) {
    for (let i = 0; i < p.files; i++) {
      const inode = w.newFile({ dax: true, pages: p.pagesPerFile, blocks: 'written' })
      w.k.spawn(`file-${i}`, reuse(w, inode, process(w, inode)))
    }
    w.k.spawn('commit', commits(w, p.commitUs * 1_000), { realtime: true })
    w.k.spawn('plug', plug(w, powerCut(w, choices(w, 1_000)), p.crashes), { realtime: true })
    startCommits(w, 0)
  },
  expected: [
    {
      text: 'zeroing after the allocation exposes foreign bytes',
      holds: (run) => count(run(`K,init=zero-after-alloc,${TX}`), 'V14') > 0,
    },
    { text: 'ordered data does not help DAX', holds: (run) => count(run(`K,init=ordered-list,${TX}`), 'V14') > 0 },
    { text: 'E as merged exposes them', holds: (run) => count(run('E'), 'V14') > 0 },
    { text: 'caches that survive do not change that', holds: (run) => count(run('E', { eadr: true }), 'V14') > 0 },
    {
      text: 'unwritten extents and zeroing in the transaction do not',
      holds: (run) => count(run(`K,init=unwritten-convert,${TX}`), 'V14') === 0 && count(run('K'), 'V14') === 0,
    },
  ],
})
