/**
 * R22 and R22b: fsync of stores through a DAX mapping. R22: writeback flushes the cache lines of a page and clears its dirty tag
 * afterwards, without having write-protected it first; a store in between is flushed by nobody, and the next fsync finds nothing
 * to do. R22b: before 4.5 fsync did not know of such stores at all.
 */
import { store } from '../sim/ops/access.ts'
import { fsync } from '../sim/ops/fsync.ts'
import type { Race } from './race.ts'
import { always, flushesMappings, inTurn, mapped, on, PAGE, run, storeOnce, toEnd, userTime } from './stage.ts'

export const dirtyTagCleared: Race = {
  id: 'R22',
  title: 'dirty tag cleared after a store',
  about:
    'fsync has flushed a page, its user stores again through the writable PTE, fsync clears the tag; the next fsync and a power cut.',
  severity: 'corruption',
  invariants: ['V15'],
  sources: ['fs/dax.c: dax_writeback_one'],
  notApplicable: flushesMappings,
  crashes: true,
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'written' })
    w.startJournal(Infinity)
    return [
      {
        id: 'M',
        comm: 'stores',
        steps: inTurn(store(w, vma, { index: PAGE, slot: 0 }), userTime(w), store(w, vma, { index: PAGE, slot: 0 })),
      },
      {
        id: 'Y',
        comm: 'fsync',
        steps: inTurn(fsync(w, file), fsync(w, file)),
      },
    ]
  },
  scripts: [
    {
      title: 'the store between the flush and the tag',
      moves: [
        run('M', 'phase', 'user'),
        run('Y', 'see', 'block 5'),
        toEnd('M'),
        on('Y'),
        on('J'),
        on('Y'),
        on('J'),
        toEnd('Y'),
      ],
    },
  ],
}

export const fsyncIgnoresStores: Race = {
  id: 'R22b',
  title: 'fsync ignores stores through a mapping',
  about: 'A store through a mapping, an fsync, a power cut.',
  severity: 'corruption',
  invariants: ['V15'],
  sources: ['fs/dax.c of 4.5: dax_writeback_mapping_range'],
  notApplicable: always,
  crashes: true,
  setUp(w) {
    const { file, vma } = mapped(w, { blocks: 'written' })
    w.startJournal(Infinity)
    return [
      { id: 'M', comm: 'store', steps: storeOnce(w, vma) },
      { id: 'Y', comm: 'fsync', steps: fsync(w, file) },
    ]
  },
  scripts: [{ title: 'store, then fsync', moves: [toEnd('M'), on('Y'), on('J'), toEnd('Y')] }],
}
