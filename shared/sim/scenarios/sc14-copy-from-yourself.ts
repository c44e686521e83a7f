/**
 * SC14: why the range lock must be per page in write() (R24, R25, R29). Tasks write a file from a mapping of the same pages,
 * or of another file that is written from theirs; one task drops the source's pages again and again, another waits for
 * mmap_lock exclusively.
 */
import * as z from 'zod'
import type { Inode } from '../inode.ts'
import type { Vma } from '../mm.ts'
import { write } from '../ops/file-io.ts'
import { munmap } from '../ops/munmap.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { choices, threads } from './actors.ts'
import { amount, clean, commitEvery, duration, MS, scenario, startCommits, toggle } from './scenario.ts'

const params = z.object({
  cross: toggle('Two files, each the source of the other', false),
  pages: amount({ label: 'File size', unit: 'pages', min: 8, max: 4_096, default: 64 }),
  commitMs: commitEvery(5),
  durationMs: duration(10),
})

function* copy(w: World, to: Inode, at: { source: Vma; actor: number }): Steps {
  const random = choices(w, at.actor)
  while (w.goesOn()) {
    const from = random.below(to.pages - 4)
    yield* write(w, to, { from, pages: 4, source: { vma: at.source, from } })
  }
}

function* dropSource(w: World, vma: Vma, how: 'munmap' | 'dontneed'): Steps {
  while (w.goesOn()) {
    yield* munmap(w, vma, how)
    if (w.k.sleep(how === 'munmap' ? 5_000 : 1_500)) yield
  }
}

export const copyFromYourself = scenario({
  id: 'SC14',
  title: 'Copy from yourself',
  question: 'Why must the range lock be per page in write()?',
  about: 'write() from a mapping of the same file, with the source dropped under it.',
  params,
  strategies: ['H1,rangeGranularity=syscall', 'H1', 'Z', 'K'],
  search: { pages: 8 },
  machine: (p) => ({ cpus: 8, blocks: p.pages * 2 + 64, durationNs: p.durationMs * MS }),
  setUp(w, p) {
    const first = w.newFile({ dax: true, pages: p.pages, blocks: 'written' })
    const second = p.cross ? w.newFile({ dax: true, pages: p.pages, blocks: 'written' }) : first
    const mm = threads(w, 4)
    const source = w.map(mm, first)
    const otherSource = p.cross ? w.map(mm, second) : source
    w.k.spawn('copy-0', copy(w, second, { source, actor: 0 }))
    if (p.cross) w.k.spawn('copy-1', copy(w, first, { source: otherSource, actor: 1 }))
    w.k.spawn('dontneed', dropSource(w, source, 'dontneed'))
    w.k.spawn('munmap', dropSource(w, otherSource, 'munmap'))
    startCommits(w, p.commitMs)
  },
  expected: [
    {
      text: 'a range over the whole system call deadlocks with itself',
      holds: (run) => run('H1,rangeGranularity=syscall').deadlock !== undefined,
    },
    {
      text: 'and across two files',
      holds: (run) => run('H1,rangeGranularity=syscall', { cross: true }).deadlock !== undefined,
    },
    { text: 'page by page it does not', holds: (run) => clean(run('H1')) && clean(run('H1', { cross: true })) },
    { text: 'i_rwsem in the fault deadlocks', holds: (run) => run('Z').deadlock !== undefined },
    { text: 'K does not', holds: (run) => clean(run('K')) && clean(run('K', { cross: true })) },
    {
      text: 'a source that goes away is prefaulted again, which ends',
      holds: (run) =>
        (run('K', { cross: true }).counters['prefault retries'] ?? 0) > 0 &&
        run('K', { cross: true }).hung.length === 0,
    },
  ],
})
