/**
 * SC1: what it costs to hold i_mmap across get_block. N processes fault one shared file page by page, each its own stripe,
 * back to back: closed loop, no think time.
 *
 * One expects E and K to stall "only allocators" during a commit. In K every shared write fault on ext4 starts a
 * handle (3.5), allocating or not, so the tasks told apart here are readers: they never need a handle.
 *
 * With `blocks=mapped` a process that has touched its stripe maps it anew, as a new process would; that takes no time.
 */
import * as z from 'zod'
import { load, store } from '../ops/access.ts'
import { P } from '../phases.ts'
import type { Steps } from '../task.ts'
import type { Vma } from '../mm.ts'
import type { World } from '../world.ts'
import { inRound, rest, withinRun } from './actors.ts'
import { amount, choice, commitEvery, duration, MS, scenario, startCommits } from './scenario.ts'

const PAGES_PER_MIB = 256

const params = z.object({
  threads: amount({ label: 'Threads, a process each', unit: '', min: 1, max: 1_024, default: 8 }),
  blocks: choice('What the file has', ['holes', 'mapped'], 'holes'),
  readers: amount({ label: 'Threads that read mapped pages of the file', unit: '', min: 0, max: 1_024, default: 0 }),
  stallMs: amount({ label: 'Another file keeps a handle open', unit: 'ms', min: 0, max: 1_000, default: 0 }),
  fileMiB: amount({ label: 'File size', unit: 'MiB', min: 1, max: 4_096, default: 1_024 }),
  commitMs: commitEvery(50),
  durationMs: duration(200),
})

function* faulter(w: World, vma: Vma, again: boolean): Steps {
  do {
    for (let i = 0; i < vma.pages && w.goesOn(); i++)
      if (w.k.call(store(w, vma, { index: vma.pgoff + i, slot: 0 }))) yield
    if (again) w.remap(vma)
  } while (again && w.goesOn())
}

function* reader(w: World, vma: Vma): Steps {
  while (w.goesOn()) {
    for (let i = 0; i < inRound(w, vma.pages) && w.inTime(); i++) yield* load(w, vma, { index: vma.pgoff + i, slot: 0 })
    w.remap(vma)
  }
}

/** A truncate of a big file keeps its handle for long: what a commit has to wait for. */
function* holder(w: World, ns: number): Steps {
  while (w.goesOn()) {
    yield* w.txStart()
    if (w.k.work(P.free, withinRun(w, ns))) yield
    yield* w.txStop()
    if (rest(w, 4 * ns)) yield
  }
}

/** Pages the readers share, at the end of the file. */
const READ_PAGES = 64

export const underTheMutex = scenario({
  id: 'SC1',
  title: 'Under the mutex',
  question: 'What does it cost to move get_block() under i_mmap_mutex, after the i_size check?',
  about: 'N processes write-fault one big shared file sequentially, into holes or onto mapped blocks.',
  params,
  strategies: ['E', 'F', 'F,tx=tx-before-locks', 'H1', 'H1,rangeSinglePage=page-lock', 'G', 'K'],
  search: { threads: 2, fileMiB: 1 },
  machine: (p) => ({
    cpus: Math.max(8, p.threads + p.readers + (p.stallMs > 0 ? 1 : 0)),
    blocks: p.fileMiB * PAGES_PER_MIB,
    slots: 1,
    durationNs: p.durationMs * MS,
  }),
  setUp(w, p) {
    const pages = p.fileMiB * PAGES_PER_MIB
    const inode = w.newFile({ dax: w.dax, pages, blocks: p.blocks === 'mapped' ? 'written' : 'holes' })
    const written = pages - READ_PAGES
    if (p.readers > 0 && p.blocks === 'holes') w.preallocate(inode, { from: written, to: pages, kind: 'written' })
    const stripe = Math.floor((p.readers > 0 ? written : pages) / p.threads)
    for (let i = 0; i < p.threads; i++) {
      const mm = w.newMm()
      mm.users = 1
      const vma = w.map(mm, inode, { from: i * stripe, pages: stripe })
      w.k.spawn(`faulter-${i}`, faulter(w, vma, p.blocks === 'mapped'))
    }
    for (let i = 0; i < p.readers; i++) {
      const mm = w.newMm()
      mm.users = 1
      w.k.spawn(`reader-${i}`, reader(w, w.map(mm, inode, { from: written, pages: READ_PAGES })))
    }
    if (p.stallMs > 0) w.k.spawn('truncate', holder(w, p.stallMs * MS))
    startCommits(w, p.commitMs)
  },
  expected: [
    {
      text: 'on holes F flattens from two threads on, below K, and K below E',
      holds: (run) => {
        const rate = (strategy: string) => run(strategy, { threads: 16, commitMs: 0 }).opsPerSecond
        const convert = 'init=unwritten-convert'
        return rate(`E,${convert}`) > rate('K') && rate('K') > rate(`F,${convert}`)
      },
    },
    {
      text: 'on mapped blocks K scales with threads, E and F (mutex) do not',
      holds: (run) => {
        const gain = (strategy: string) =>
          run(strategy, { threads: 32, blocks: 'mapped', commitMs: 0, durationMs: 20, fileMiB: 64 }).opsPerSecond /
          run(strategy, { threads: 8, blocks: 'mapped', commitMs: 0, durationMs: 20, fileMiB: 64 }).opsPerSecond
        return gain('K') > 1.5 && gain('E') < 1.1 && gain('F') < 1.1
      },
    },
    {
      text: 'while a commit waits, F keeps every fault of the file waiting, E and K only those that start a handle',
      holds: (run) => {
        const params = { threads: 4, readers: 4, stallMs: 5, commitMs: 10, durationMs: 100 }
        const worst = (strategy: string) =>
          run(strategy, params).opStats.find((one) => one.kind === 'read_fault')?.maxNs ?? 0
        return worst('F') > 2 * MS && worst('E') < MS && worst('K') < MS
      },
    },
  ],
})
