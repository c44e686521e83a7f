/**
 * R01 and R01b: a shared write fault on a hole against ftruncate. The fault has looked at i_size, truncate runs through, the
 * fault allocates: a block stands beyond the end of the file. It is no corruption by itself (mail of 2014-04-13: the next
 * truncate or unlink frees it, and the fault cannot undo it because setattr needs i_rwsem). R01b: the file grows again before
 * anyone frees the block; if it was linked as written and the fault left before zeroing, its last owner's bytes show.
 */
import { PTE_NONE } from '../sim/mm.ts'
import { load } from '../sim/ops/access.ts'
import { truncate } from '../sim/ops/truncate.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { Race } from './race.ts'
import { always, daxOnly, inTurn, mapped, PAGE, run, SIZE, storeOnce, toEnd } from './stage.ts'

const SOURCES = [
  'mail of 2014-04-13 (Wilcox, Kara)',
  'fs/dax.c of 4.3: dax_insert_mapping',
  'mail of 2014-08-11 (Kara)',
]

export const leakBeyondEof: Race = {
  id: 'R01',
  title: 'leak beyond EOF',
  about: 'A write fault checks i_size, a truncate runs through, the fault allocates: a block is left beyond the end.',
  severity: 'resource',
  invariants: ['V3'],
  sources: SOURCES,
  notApplicable: always,
  setUp(w) {
    const { file, vma } = mapped(w)
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      { id: 'T', comm: 'truncate', steps: truncate(w, file, 3) },
    ]
  },
  scripts: [
    {
      title: 'truncate between the i_size check and the allocation',
      moves: [run('F', 'phase', 'map_blocks'), toEnd('T'), toEnd('F')],
    },
    {
      title: 'truncate between the i_size check and i_mmap',
      moves: [run('F', 'acquire', 'i_mmap'), toEnd('T'), toEnd('F')],
    },
    {
      title: 'truncate between the i_size check and the range lock',
      moves: [run('F', 'phase', 'range_lock'), toEnd('T'), toEnd('F')],
    },
  ],
}

export const leakExposed: Race = {
  id: 'R01b',
  title: 'leak beyond EOF, exposed by extending',
  about: 'As R01; then the file grows again, and who loads the page sees what the block held before.',
  severity: 'security',
  invariants: ['V5', 'V8'],
  sources: SOURCES,
  notApplicable: daxOnly,
  // Who gets through to a freed block is R02; this is about the block of a fault that was refused, in the file again.
  counts: ({ mms: [mm], inodes: [file] }) => mm.vmas[0].pte(PAGE) === PTE_NONE && file.size > PAGE,
  setUp(w) {
    const { file, vma } = mapped(w)
    const reader = process(w, file)
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      { id: 'T', comm: 'truncate', steps: truncate(w, file, 3) },
      {
        id: 'X',
        comm: 'extend',
        steps: inTurn(truncate(w, file, SIZE), load(w, reader, { index: PAGE, slot: 0 })),
      },
    ]
  },
  scripts: [
    {
      title: 'truncate, a leaked block, extend, load',
      moves: [run('F', 'phase', 'map_blocks'), toEnd('T'), toEnd('F'), toEnd('X')],
    },
  ],
}
