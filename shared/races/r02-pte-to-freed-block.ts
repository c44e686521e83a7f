/**
 * R02: a fault against truncate. The fault has its block, truncate unmaps (there is nothing yet), drops and frees, and the
 * fault puts its PTE: it maps a block that is somebody else's soon. Closed by any look at i_size between the block look-up and
 * the PTE that truncate's UNMAP cannot overtake (283307c7607d removed XIP, which had none).
 */
import { write } from '../sim/ops/file-io.ts'
import { truncate } from '../sim/ops/truncate.ts'
import type { Race } from './race.ts'
import { always, commit, commits, fileOf, inTurn, mapped, past, run, storeThenLoad, toEnd } from './stage.ts'

export const pteToFreed: Race = {
  id: 'R02',
  title: 'PTE to a freed block, truncate',
  about:
    'A fault looks its block up, a truncate unmaps and frees, the fault maps the block all the same; another file gets it.',
  severity: 'security',
  invariants: ['V1', 'V2'],
  sources: ['283307c7607d', 'mail of 2014-04-13 (Wilcox, Kara)'],
  notApplicable: always,
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'written' })
    const other = fileOf(w)
    w.startJournal(Infinity)
    return [
      { id: 'F', comm: 'fault', steps: storeThenLoad(w, vma) },
      { id: 'T', comm: 'truncate', steps: truncate(w, file, 3) },
      {
        id: 'O',
        comm: 'other-file',
        steps: inTurn(commit(w), write(w, other, { from: 0, pages: 3 })),
      },
    ]
  },
  scripts: [
    {
      title: 'truncate between the block look-up and the PTE',
      moves: [past('F', 'map_blocks'), toEnd('T'), toEnd('F'), ...commits('O')],
    },
    {
      title: 'truncate between the last look at i_size and the PTE',
      moves: [run('F', 'acquire', 'ptl'), toEnd('T'), toEnd('F'), ...commits('O')],
    },
    {
      title: 'truncate frees once its UNMAP is over',
      moves: [past('F', 'map_blocks'), run('T', 'phase', 'drop'), toEnd('F'), toEnd('T'), ...commits('O')],
    },
  ],
}
