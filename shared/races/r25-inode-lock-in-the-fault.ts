/**
 * R25: i_rwsem in the fault path (list archive, June 2012). write() holds it and faults its source in: i_rwsem, then mmap_lock; a
 * fault has mmap_lock and would take i_rwsem. A munmap that waits in between makes even two shared holds of mmap_lock a circle.
 * The source here is another file, so that no task waits for itself.
 */
import { write } from '../sim/ops/file-io.ts'
import { load } from '../sim/ops/access.ts'
import { munmap } from '../sim/ops/munmap.ts'
import { threads } from '../sim/scenarios/actors.ts'
import type { Race } from './race.ts'
import { always, fileOf, on, PAGE, run } from './stage.ts'

export const inodeLockInFault: Race = {
  id: 'R25',
  title: 'i_rwsem in the fault path',
  about:
    'A write() holds i_rwsem and faults its source in behind a waiting munmap, which waits for a fault that wants i_rwsem.',
  severity: 'hang',
  invariants: ['V11'],
  sources: ['list archive, June 2012'],
  notApplicable: always,
  setUp(w) {
    const mm = threads(w, 3)
    const file = fileOf(w, { blocks: 'written' })
    const sourceFile = fileOf(w, { blocks: 'written' })
    const vma = w.map(mm, file)
    const source = w.map(mm, sourceFile)
    return [
      { id: 'W', comm: 'write', steps: write(w, file, { from: PAGE, pages: 1, source: { vma: source, from: PAGE } }) },
      { id: 'F', comm: 'fault', steps: load(w, vma, { index: PAGE, slot: 0 }) },
      { id: 'M', comm: 'munmap', steps: munmap(w, source, 'munmap') },
    ]
  },
  scripts: [
    {
      title: 'i_rwsem, mmap_lock, a waiting munmap',
      moves: [run('W', 'phase', 'fault_in'), run('F', 'acquire', 'i_rwsem'), on('F'), on('M'), on('W')],
    },
  ],
}
