/**
 * R05: two write faults on one hole page zero each other's stores (xfstests generic/340, holetest; 843172978bb9,
 * ba5843f51d46). Two forms: both find the block unwritten, both zero; or one finds it mapped because it was linked as written,
 * stores, and the one that allocated it zeroes afterwards (ext4 4.0-4.2).
 */
import type { Race } from './race.ts'
import { always, mapped, past, run, storeThenLoad, toEnd } from './stage.ts'

export const doubleZero: Race = {
  id: 'R05',
  title: 'two write faults zero each other',
  about: 'Two tasks store to different places of one hole page; the block is zeroed again after the first store.',
  severity: 'corruption',
  invariants: ['V6', 'V20'],
  sources: ['843172978bb9', 'ba5843f51d46', '1ca191576fc8', 'xfstests generic/340'],
  notApplicable: always,
  setUp(w) {
    const { vma } = mapped(w)
    return [
      { id: 'F1', comm: 'fault-1', steps: storeThenLoad(w, vma, 0) },
      { id: 'F2', comm: 'fault-2', steps: storeThenLoad(w, vma, 1) },
    ]
  },
  scripts: [
    {
      title: 'both look the block up, then both zero',
      moves: [past('F1', 'map_blocks'), past('F2', 'map_blocks'), run('F1', 'phase', 'user'), toEnd('F2'), toEnd('F1')],
    },
    {
      title: 'the second maps what the first has not zeroed yet',
      moves: [past('F1', 'map_blocks'), run('F2', 'phase', 'user'), toEnd('F1'), toEnd('F2')],
    },
  ],
}
