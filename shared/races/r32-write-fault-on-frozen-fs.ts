/**
 * R32: a write fault on a frozen filesystem. The freezer stops system calls (level 1), writes everything back, stops write faults
 * (level 2) and transactions (level 3). A fault that takes no level 2 allocates between freeze and thaw.
 *
 * Stores do not count here. Through a PTE that was made writable before the freeze and that nobody has write-protected since,
 * user code changes data of the frozen filesystem without asking anyone, and the search finds that for DAX as it was before
 * fsync write-protected what it flushed (4b4bb46d00b3, 4.10). No level stops it; the matrix asks about the fault.
 */
import { freeze } from '../sim/ops/freeze.ts'
import type { Race } from './race.ts'
import { allocatingFaults, mapped, on, run, storeOnce, toEnd } from './stage.ts'

export const faultOnFrozenFs: Race = {
  id: 'R32',
  title: 'write fault on a frozen filesystem',
  about: 'The filesystem is frozen, a write fault allocates a block and its task stores.',
  severity: 'policy',
  invariants: ['V16'],
  sources: ['fs/super.c: freeze_super', 'mm/memory.c: do_page_mkwrite'],
  notApplicable: allocatingFaults,
  counts: (_w, { message }) => message.includes('metadata'),
  setUp(w) {
    const { vma } = mapped(w)
    w.startJournal(Infinity)
    return [
      { id: 'Z', comm: 'freezer', steps: freeze(w, 1000) },
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
    ]
  },
  scripts: [
    {
      title: 'the fault between freeze and thaw',
      moves: [run('Z', 'acquired', 'sb_internal'), toEnd('F'), on('J'), toEnd('Z'), toEnd('F')],
    },
  ],
}
