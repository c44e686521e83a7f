/**
 * R10: power loss between allocation and zeroing (mail of 2015-02-17; review of the ext4 patch, 2014-04-09). The fault stops its
 * handle with the block linked as written and zeroes it afterwards; a commit in between makes the extent durable, and after
 * the power cut the file shows what the block held before. Ordered mode does not help DAX, which has no dirty pages.
 */
import type { Race } from './race.ts'
import { allocatingFaults, commit, commits, mapped, past, storeOnce, toEnd } from './stage.ts'

export const powerLossBeforeZeroing: Race = {
  id: 'R10',
  title: 'power loss between allocation and zeroing',
  about: 'A fault has linked its block and not zeroed it, a commit makes the link durable, the power fails.',
  severity: 'security',
  invariants: ['V14'],
  sources: ['mail of 2015-02-17 (Kara, Wilcox)', 'list archive, 2014-04-09 (Kara)'],
  notApplicable: allocatingFaults,
  crashes: true,
  setUp(w) {
    const { vma } = mapped(w)
    w.startJournal(Infinity)
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      { id: 'C', comm: 'commit', steps: commit(w) },
    ]
  },
  scripts: [
    {
      title: 'the commit between the handle and the zeroing',
      moves: [past('F', 'map_blocks'), ...commits('C'), toEnd('F')],
    },
  ],
}
