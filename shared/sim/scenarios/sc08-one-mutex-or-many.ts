/**
 * SC8: page lock, range lock or one lock per file, what does the common single-page fault pay? Tasks read-fault their own
 * stripes of a file while a direct writer and a puncher work elsewhere in it.
 *
 * One expects J and K to stall every stripe for a whole punch. In the page cache that holds for J only: since 5.15 a
 * fault that finds its page does not touch invalidate_lock (4.2 K). On a DAX file (`cached` off) K stalls like J.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import type { Vma } from '../mm.ts'
import { load } from '../ops/access.ts'
import { directWrite } from '../ops/direct-io.ts'
import { write } from '../ops/file-io.ts'
import { punchHole } from '../ops/punch-hole.ts'
import type { RunResult } from '../run-result.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { inRound, pause, process, rest } from './actors.ts'
import { amount, commitEvery, duration, MS, scenario, slowest, startCommits, toggle } from './scenario.ts'

const params = z.object({
  threads: amount({ label: 'Threads, a stripe each', unit: '', min: 1, max: 256, default: 16 }),
  stripePages: amount({ label: 'Stripe of a thread', unit: 'pages', min: 1, max: 1_024, default: 32 }),
  writePages: amount({ label: 'Direct write', unit: 'pages', min: 1, max: 1_024, default: 64 }),
  punchPages: amount({ label: 'Hole of the puncher', unit: 'pages', min: 1, max: 16_384, default: 2_048 }),
  others: toggle('Direct writer and puncher run', true),
  cached: toggle('Page-cache file', true),
  commitMs: commitEvery(5),
  durationMs: duration(20),
})

function* faulter(w: World, vma: Vma): Steps {
  while (w.goesOn()) {
    for (let i = 0; i < inRound(w, vma.pages) && w.inTime(); i++) yield* load(w, vma, { index: vma.pgoff + i, slot: 0 })
    w.remap(vma)
    if (pause(w, 2_000)) yield
  }
}

function* directWriter(w: World, inode: Inode, span: { from: number; pages: number }): Steps {
  while (w.goesOn()) {
    if (inode.dax) yield* write(w, inode, span)
    else yield* directWrite(w, inode, span)
    if (rest(w, 500_000)) yield
  }
}

function* puncher(w: World, inode: Inode, range: { from: number; to: number }): Steps {
  while (w.goesOn()) {
    for (let index = range.from; index < range.to; index += 64) yield* write(w, inode, { from: index, pages: 1 })
    yield* punchHole(w, inode, range)
    if (rest(w, 1_000_000)) yield
  }
}

function typical(result: RunResult): number {
  return result.opStats.find((one) => one.kind === 'read_fault')?.meanNs ?? NaN
}

export const oneMutexOrMany = scenario({
  id: 'SC8',
  title: 'One mutex or many',
  question: 'Page lock, range lock or one lock per file: what does the common single-page fault pay?',
  about: 'Faults on disjoint stripes of one file, with a direct writer and a puncher elsewhere in it.',
  params,
  strategies: ['B', 'H1', 'H1,rangeSinglePage=page-lock', 'J', 'K'],
  search: { threads: 1, stripePages: 1, writePages: 1, punchPages: 1 },
  machine: (p) => ({
    cpus: p.threads + 4,
    blocks: p.threads * p.stripePages + p.writePages + p.punchPages + 256,
    slots: 1,
    durationNs: p.durationMs * MS,
    costs: { readPage: 10_000 },
  }),
  setUp(w, p) {
    const striped = p.threads * p.stripePages
    const inode = w.newFile({ dax: !p.cached, pages: striped + p.writePages + p.punchPages })
    w.preallocate(inode, { from: 0, to: striped, kind: 'written' })
    if (p.cached) for (let index = 0; index < striped; index++) w.cachePage(inode, index)
    for (let i = 0; i < p.threads; i++) {
      w.k.spawn(`faulter-${i}`, faulter(w, process(w, inode, { from: i * p.stripePages, pages: p.stripePages })))
    }
    if (p.others) {
      w.k.spawn('direct', directWriter(w, inode, { from: striped, pages: p.writePages }))
      w.k.spawn('puncher', puncher(w, inode, { from: striped + p.writePages, to: inode.pages }))
    }
    startCommits(w, p.commitMs)
  },
  expected: [
    {
      text: 'a range in the tree costs the fault more than the page lock',
      holds: (run) => {
        const alone = { others: false, durationMs: 5 }
        const tree = typical(run('H1', alone))
        const page = typical(run('H1,rangeSinglePage=page-lock', alone))
        return tree > page && page < 1.05 * typical(run('B', alone))
      },
    },
    {
      text: 'a punch elsewhere stalls faults under J',
      holds: (run) => slowest(run('J', { cached: false }), 'read_fault') > 100_000,
    },
    { text: 'and on DAX under K', holds: (run) => slowest(run('K', { cached: false }), 'read_fault') > 100_000 },
    {
      text: 'it does not under the range lock',
      holds: (run) => slowest(run('H1', { cached: false }), 'read_fault') < 100_000,
    },
  ],
})
