/**
 * R19: a 2 MiB read fault against a private 4 KiB store in one address space (fixed in 4.12, xfstests generic/437). The store has
 * looked for a 2 MiB entry before the reader put one, waits for the reader's entry lock, and then puts a PTE into a slot that is a
 * 2 MiB mapping now. It must look again once it has the lock.
 */
import { process } from '../sim/scenarios/actors.ts'
import type { Race } from './race.ts'
import { either, hugeFaults, loadOnce, locksEntries, past, storeOnce, toEnd } from './stage.ts'

export const pmdPteCollision: Race = {
  id: 'R19',
  title: 'PMD and PTE collide in a private mapping',
  about:
    'A private store has looked for a 2 MiB entry, a reader of the same process maps one, the store puts its PTE below it.',
  severity: 'security',
  invariants: ['V1'],
  sources: ['mm and dax fixes of 4.12', 'xfstests generic/437'],
  notApplicable: either(locksEntries, hugeFaults),
  blocks: 1024,
  setUp(w) {
    const file = w.newFile({ dax: w.dax, pages: 512, blocks: 'written' })
    const vma = process(w, file, { shared: false, pmd: true })
    return [
      { id: 'W', comm: 'cow-fault', steps: storeOnce(w, vma) },
      { id: 'R', comm: 'pmd-fault', steps: loadOnce(w, vma) },
    ]
  },
  scripts: [
    {
      title: 'the 2 MiB fault while the store waits for the entry',
      moves: [past('W', 'map_blocks'), toEnd('R'), toEnd('W')],
    },
  ],
}
