/**
 * SC11: may a handler return with a lock held (R14, R15)? Private writers copy pages of a file that is punched and truncated
 * under them. `cowUnlock=other` is the mistake the option invites: generic code releases by its own idea of the lock. With
 * `failEvery` a page-table allocation fails now and then (ENOMEM): a handler that installs by itself undoes what it did,
 * generic code that finishes for a handler returns with the handler's lock held. The default is no error, so that what the
 * options cost can be compared; one error ends a run in which the lock is left behind, all others wait for it.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import type { Vma } from '../mm.ts'
import { load, store } from '../ops/access.ts'
import { truncate } from '../ops/truncate.ts'
import { write } from '../ops/file-io.ts'
import type { RunResult } from '../run-result.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { choices, inRound, pause, process, punchRandom, rest } from './actors.ts'
import { amount, clean, commitEvery, count, duration, MS, scenario, startCommits } from './scenario.ts'

const params = z.object({
  writers: amount({ label: 'Private writers', unit: '', min: 1, max: 64, default: 4 }),
  pages: amount({ label: 'File size', unit: 'pages', min: 16, max: 65_536, default: 128 }),
  failEvery: amount({
    label: 'One page-table allocation fails in (0: none)',
    unit: '',
    min: 0,
    max: 1_000_000,
    default: 0,
  }),
  commitMs: commitEvery(5),
  durationMs: duration(40),
})

function* privateWriter(w: World, vma: Vma, actor: number): Steps {
  const random = choices(w, actor)
  while (w.goesOn()) {
    for (let i = 0; i < inRound(w, vma.pages) && w.inTime(); i++) {
      const at = { index: random.below(vma.pages), slot: 0 }
      yield* store(w, vma, at)
      yield* load(w, vma, at)
      if (pause(w, 300)) yield
    }
    w.remap(vma)
  }
}

/** Cuts the second half, grows it again and fills it. */
function* truncater(w: World, inode: Inode): Steps {
  const full = inode.size
  const half = full / 2
  while (w.goesOn()) {
    if (rest(w, 300_000)) yield
    if (!w.inTime()) break
    yield* truncate(w, inode, Math.floor(half))
    if (w.k.sleep(50_000)) yield
    yield* truncate(w, inode, full)
    yield* write(w, inode, { from: Math.floor(half), pages: inRound(w, 8) })
  }
}

function ops(result: RunResult, kind: string): number {
  return result.opStats.find((one) => one.kind === kind)?.count ?? 0
}

export const whoFinishesTheCopy = scenario({
  id: 'SC11',
  title: 'Who finishes the copy?',
  question: 'May a handler return with i_mmap_mutex held?',
  about: 'Stores to private mappings of a file that is truncated and punched.',
  params,
  strategies: ['E,cow=two-faults', 'E', 'E,cowUnlock=other', 'K,cow=return-entry-locked', 'K'],
  search: { writers: 1, pages: 16 },
  machine: (p) => ({ cpus: p.writers + 3, blocks: p.pages * 2, durationNs: p.durationMs * MS }),
  setUp(w, p) {
    w.pteAllocs.failEvery(p.failEvery)
    const inode = w.newFile({ dax: true, pages: p.pages, blocks: 'written' })
    for (let i = 0; i < p.writers; i++) {
      w.k.spawn(`private-${i}`, privateWriter(w, process(w, inode, { shared: false }), i))
    }
    w.k.spawn('truncater', truncater(w, inode))
    w.k.spawn('puncher', punchRandom(w, inode, { actor: 900, maxPages: 8, everyNs: 100_000 }))
    startCommits(w, p.commitMs)
  },
  expected: [
    {
      text: 'two faults mean a read fault for every copy',
      holds: (run) =>
        ops(run('E,cow=two-faults'), 'read_fault') > 0.8 * ops(run('E,cow=two-faults'), 'cow_fault') &&
        ops(run('E'), 'read_fault') < 0.2 * ops(run('E'), 'cow_fault'),
    },
    {
      text: 'a hand-over released in the wrong mode is unbalanced',
      holds: (run) => count(run('E,cowUnlock=other'), 'V12') > 0,
    },
    {
      text: 'released as taken it is balanced',
      holds: (run) => count(run('E'), 'V12') === 0 && count(run('K,cow=return-entry-locked'), 'V12') === 0,
    },
    {
      text: 'an error in generic code leaves a handed-over lock behind',
      holds: (run) => ['E', 'K,cow=return-entry-locked'].every((one) => count(run(one, { failEvery: 200 }), 'V12') > 0),
    },
    {
      text: 'the same error leaves nothing behind where a handler or generic code does it all',
      holds: (run) =>
        ['E,cow=two-faults', 'K'].every((one) => {
          const result = run(one, { failEvery: 200 })
          return (result.counters['injected ENOMEM'] ?? 0) > 0 && count(result, 'V12') === 0 && result.hung.length === 0
        }),
    },
    { text: 'the handler that installs itself is clean', holds: (run) => clean(run('K')) },
    {
      text: 'beyond the end there is SIGBUS in all',
      holds: (run) =>
        ['E,cow=two-faults', 'E', 'K,cow=return-entry-locked', 'K'].every((one) => count(run(one), 'V9', 'V2') === 0),
    },
  ],
})
