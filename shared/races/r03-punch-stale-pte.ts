/**
 * R03: a fault against a hole punch (CVE-2015-8839, fixed for ext4 by ea3d7209ca01). i_size does not move, so every check of
 * it passes: between UNMAP and the freeing of the blocks a fault finds the old block and maps it (or makes a page-cache page
 * with it). The mail of 2012-06-12 proposes range locks for it; what landed is a lock held from before UNMAP until the blocks
 * are gone. Holding i_mmap across get_block (preset F) does not help: punch lets go of i_mmap before it frees.
 */
import { write } from '../sim/ops/file-io.ts'
import { punchHole } from '../sim/ops/punch-hole.ts'
import type { Race } from './race.ts'
import { always, commit, commits, fileOf, inTurn, mapped, PAGE, past, storeThenLoad, toEnd } from './stage.ts'

export const punchStalePte: Race = {
  id: 'R03',
  title: 'punch hole against a fault',
  about:
    'A punch has unmapped and dropped the page, a fault maps its block once more, the punch frees it; another file gets it.',
  severity: 'security',
  invariants: ['V1', 'V4', 'V5', 'V6'],
  sources: ['ea3d7209ca01', 'mail of 2012-06-12 (Kara, Chinner)', 'list archive, May 2012 (Kara)'],
  notApplicable: always,
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'written' })
    const other = fileOf(w)
    w.startJournal(Infinity)
    return [
      { id: 'P', comm: 'punch', steps: punchHole(w, file, { from: PAGE, to: PAGE + 1 }) },
      { id: 'F', comm: 'fault', steps: storeThenLoad(w, vma) },
      { id: 'O', comm: 'other-file', steps: inTurn(commit(w), write(w, other, { from: 0, pages: 1 })) },
    ]
  },
  scripts: [
    {
      title: 'the fault between DROP and the freeing',
      moves: [past('P', 'drop'), toEnd('F'), toEnd('P'), ...commits('O')],
    },
  ],
}
