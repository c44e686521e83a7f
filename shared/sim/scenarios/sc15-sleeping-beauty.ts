/**
 * SC15: a wake-up handed to someone who does not need the lock (R18a, R18c). Read faults of one hole page lock its entry;
 * invalidaters only want it gone. Who is woken and finds nothing must not be the last to know.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import type { Vma } from '../mm.ts'
import { load } from '../ops/access.ts'
import { invalidateEntries } from '../ops/direct-io.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { choices, pause, process } from './actors.ts'
import { amount, clean, count, duration, MS, scenario, startCommits } from './scenario.ts'

const params = z.object({
  invalidaters: amount({ label: 'Invalidaters of one entry', unit: '', min: 1, max: 32, default: 6 }),
  readers: amount({ label: 'Read faults on the hole', unit: '', min: 1, max: 32, default: 4 }),
  durationMs: duration(20),
})

function* reader(w: World, vma: Vma, actor: number): Steps {
  const random = choices(w, actor)
  while (w.goesOn()) {
    yield* load(w, vma, { index: 0, slot: 0 })
    if (pause(w, random.below(4_000))) yield
  }
}

function* invalidater(w: World, inode: Inode, actor: number): Steps {
  const random = choices(w, actor)
  while (w.goesOn()) {
    yield* invalidateEntries(w, { inode, from: 0, to: 1 })
    if (pause(w, random.below(4_000))) yield
  }
}

export const sleepingBeauty = scenario({
  id: 'SC15',
  title: 'Sleeping beauty',
  question: 'What happens when a wake-up is handed to someone who does not need the lock?',
  about: 'Read faults and invalidaters of one DAX entry.',
  params,
  strategies: ['G', 'K,wake=wake-one', 'K,wake=wake-all', 'K'],
  search: { invalidaters: 2, readers: 2 },
  machine: (p) => ({
    cpus: p.invalidaters + p.readers + 2,
    blocks: 64,
    durationNs: p.durationMs * MS,
    graceNs: 50 * MS,
    // A look-up that has to read the extent tree keeps the entry locked long enough for a queue.
    costs: { esLookup: 5_000 },
  }),
  setUp(w, p) {
    const inode = w.newFile({ dax: true, pages: 1 })
    for (let i = 0; i < p.readers; i++) w.k.spawn(`reader-${i}`, reader(w, process(w, inode), i))
    for (let i = 0; i < p.invalidaters; i++) w.k.spawn(`invalidater-${i}`, invalidater(w, inode, 100 + i))
    startCommits(w, 0)
  },
  expected: [
    {
      text: 'with wake-one a task sleeps for an entry that is free',
      holds: (run) => count(run('K,wake=wake-one'), 'V13') > 0,
    },
    { text: 'in G as well', holds: (run) => count(run('G'), 'V13') > 0 },
    { text: 'wake-all is clean', holds: (run) => clean(run('K,wake=wake-all')) },
    { text: 'K is clean', holds: (run) => clean(run('K')) },
  ],
})
