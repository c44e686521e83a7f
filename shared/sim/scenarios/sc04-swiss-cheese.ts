/**
 * SC4: can a fault map a block again while its hole is being punched (R03, CVE-2015-8839), and can a read fill a page with
 * it (R04)? A second file takes the freed blocks and writes its signature into them; commits come often, so that blocks
 * come back. With `cached` the file is in the page cache whatever the strategy is judged on, and read by read(2).
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import { read, write } from '../ops/file-io.ts'
import { truncate } from '../ops/truncate.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { choices, fsyncLoop, pause, process, punchRandom, touchRandom } from './actors.ts'
import { amount, commitEvery, count, duration, MS, scenario, startCommits, toggle } from './scenario.ts'

const params = z.object({
  faulters: amount({ label: 'Tasks that load and store', unit: '', min: 0, max: 64, default: 4 }),
  readers: amount({ label: 'Tasks that read(2)', unit: '', min: 0, max: 64, default: 0 }),
  pages: amount({ label: 'File size', unit: 'pages', min: 1, max: 65_536, default: 512 }),
  neighbourPages: amount({ label: 'Size of the second file', unit: 'pages', min: 1, max: 4_096, default: 48 }),
  maxPunch: amount({ label: 'Largest hole', unit: 'pages', min: 1, max: 64, default: 64 }),
  cached: toggle('Page-cache file', false),
  commitMs: commitEvery(1),
  durationMs: duration(100),
})

/** Takes blocks from the pool, signs them, gives them back. */
function* neighbour(w: World, inode: Inode): Steps {
  while (w.goesOn()) {
    yield* write(w, inode, { from: 0, pages: inode.pages })
    if (w.k.sleep(100_000)) yield
    yield* truncate(w, inode, 0)
  }
}

function* reader(w: World, inode: Inode, actor: number): Steps {
  const random = choices(w, actor)
  while (w.goesOn()) {
    yield* read(w, inode, { from: random.below(inode.size), pages: 1 })
    if (pause(w, 300)) yield
  }
}

/** Fills holes again, so that there is something to punch. */
function* refill(w: World, inode: Inode): Steps {
  const random = choices(w, 300)
  while (w.goesOn()) {
    yield* write(w, inode, { from: random.below(Math.max(1, inode.size - 8)), pages: Math.min(8, inode.size) })
    if (pause(w, 5_000)) yield
  }
}

const BAD = ['V1', 'V4', 'V5', 'V6', 'V8'] as const
const READS = { cached: true, readers: 4, faulters: 0 }

export const swissCheese = scenario({
  id: 'SC4',
  title: 'Swiss cheese',
  question: 'Can a fault re-map a block while a hole is being punched?',
  about: 'Random loads and stores against random punches, and a second file that takes the freed blocks.',
  params,
  strategies: ['A', 'B', 'E', 'F,tx=tx-before-locks', 'I', 'H1', 'H2', 'J', 'K'],
  search: { faulters: 1, pages: 1, maxPunch: 1, neighbourPages: 1 },
  machine: (p) => ({
    cpus: 16,
    blocks: p.pages + Math.floor((p.neighbourPages * 4) / 3),
    durationNs: p.durationMs * MS,
    costs: { readPage: 10_000 },
  }),
  setUp(w, p) {
    const dax = w.dax && !p.cached
    const inode = w.newFile({ dax, pages: p.pages, blocks: 'written' })
    const other = w.newFile({ dax, pages: p.neighbourPages, size: 0 })
    for (let i = 0; i < p.faulters; i++) {
      w.k.spawn(`faulter-${i}`, touchRandom(w, process(w, inode), { actor: i, loads: 4 }))
    }
    for (let i = 0; i < p.readers; i++) w.k.spawn(`reader-${i}`, reader(w, inode, 100 + i))
    if (p.readers > 0) w.k.spawn('refill', refill(w, inode))
    w.k.spawn('puncher', punchRandom(w, inode, { actor: 200, maxPages: p.maxPunch, everyNs: 20_000 }))
    w.k.spawn('neighbour', neighbour(w, other))
    if (!dax) w.k.spawn('flusher', fsyncLoop(w, inode, 500_000))
    startCommits(w, p.commitMs)
  },
  expected: [
    {
      text: 'every guard that is not held until the blocks are free lets a stale block be mapped',
      holds: (run) => ['A', 'B', 'E', 'F,tx=tx-before-locks', 'H2'].every((one) => count(run(one), ...BAD) > 0),
    },
    {
      text: 'H1, J and K are clean of it',
      holds: (run) => ['H1', 'J', 'K'].every((one) => count(run(one), 'V1', 'V4', 'V8') === 0),
    },
    { text: 'K is clean', holds: (run) => run('K').findings.length === 0 },
    {
      text: 'in the page cache a read under J fills a page with a freed block',
      holds: (run) => count(run('J', READS), 'V4', 'V8', 'V5') > 0,
    },
    { text: 'under K it does not', holds: (run) => run('K', READS).findings.length === 0 },
  ],
})
