/**
 * R12: i_mmap against transactions, what killed strategy F (list archive, 2014-07-29 and 2014-08-09). A punch unmaps inside its
 * handle (`handle → i_mmap`), the fault allocates under i_mmap (`i_mmap → handle`), a commit stands between them. Writeback
 * closes the same circle (it write-protects pages, under i_mmap, inside its handle); SC3 has both, here three actors are few
 * enough for a search that leaves nothing out.
 */
import { punchHole } from '../sim/ops/punch-hole.ts'
import type { Race } from './race.ts'
import { commit, journaled, mapped, on, run, storeOnce } from './stage.ts'
import { circleThrough } from './r11-page-lock-then-transaction.ts'

export const immapAgainstTransaction: Race = {
  id: 'R12',
  title: 'i_mmap against transactions',
  about:
    'A punch opens its handle, a fault takes i_mmap and wants a handle, a commit keeps it out, the punch wants i_mmap.',
  severity: 'hang',
  invariants: ['V11'],
  sources: ['list archive, 2014-07-29 and 2014-08-09', 'mail of 2014-04-13 (Wilcox, Kara)'],
  notApplicable: journaled,
  counts: circleThrough('i_mmap'),
  setUp(w) {
    const { file, vma } = mapped(w)
    w.startJournal(Infinity)
    return [
      { id: 'P', comm: 'punch', steps: punchHole(w, file, { from: 0, to: 2 }) },
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      { id: 'C', comm: 'commit', steps: commit(w) },
    ]
  },
  scripts: [
    {
      title: 'handle, i_mmap, commit, handle, i_mmap',
      moves: [run('P', 'acquire', 'i_mmap'), run('F', 'acquired', 'i_mmap'), on('C'), on('J'), on('F'), on('P')],
    },
  ],
}
