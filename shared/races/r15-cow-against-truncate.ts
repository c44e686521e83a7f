/**
 * R15: a private store against truncate (mails of 2006-01-11 and 2014-04-08; bc2466e42573). The fault has copied the page,
 * truncate unmaps (private copies too), the fault puts its copy beyond the new end: a later access must raise SIGBUS and does not.
 * What stops it is a recheck, a lock held until the PTE is in place, or a second UNMAP after the pages are gone (preset B).
 */
import { blockOf } from '../sim/extents.ts'
import { filePte } from '../sim/mm.ts'
import { truncate } from '../sim/ops/truncate.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Race } from './race.ts'
import { always, fileOf, on, PAGE, past, run, storeThenLoad, toEnd } from './stage.ts'

export const cowAgainstTruncate: Race = {
  id: 'R15',
  title: 'COW against truncate must raise SIGBUS',
  about: 'A private store has copied its page, a truncate unmaps, the copy is mapped beyond the new end.',
  severity: 'policy',
  invariants: ['V9', 'V2'],
  sources: ['mail of 2006-01-11 (Dickins)', 'mail of 2014-04-08 (Kara)', 'bc2466e42573'],
  notApplicable: always,
  setUp(w) {
    const file = fileOf(w, { blocks: 'written' })
    const vma = process(w, file, { shared: false })
    // With two faults the first is a read fault like any other (R02); the copy is made by the second.
    if (w.policy.cow.twoFaults === true) w.setPte(vma, PAGE, filePte(blockOf(file.extents.tree[PAGE]), false))
    return [
      { id: 'F', comm: 'cow-fault', steps: storeThenLoad(w, vma) },
      { id: 'T', comm: 'truncate', steps: truncate(w, file, 3) },
    ]
  },
  scripts: [
    { title: 'truncate between the copy and its PTE', moves: [run('F', 'acquire', 'ptl'), toEnd('T'), toEnd('F')] },
    {
      title: 'the PTE between UNMAP and DROP',
      moves: [past('F', 'copy'), run('T', 'phase', 'drop'), toEnd('F'), toEnd('T')],
    },
    {
      title: 'the PTE after UNMAP, while truncate waits',
      moves: [
        run('F', 'acquire', 'ptl'),
        run('T', 'phase', 'drop'),
        on('T'),
        run('F', 'phase', 'user'),
        toEnd('T'),
        toEnd('F'),
      ],
    },
  ],
}
