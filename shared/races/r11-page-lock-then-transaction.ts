/**
 * R11 and R11b: a transaction started under a page lock (or a DAX entry lock), while another path takes that lock inside a
 * transaction (mail of 2015-02-17; 01a33b4ace68, cf108bca465d, fb26a1cbed8c). Handles are shared, so two actors do not
 * deadlock; the commit between them is essential: it waits for the open handle and keeps the new one out. Lockdep sees neither
 * page nor entry locks. The path with the lock inside its transaction is a hole punch that unmaps and drops within its handle,
 * as ext4's did until 2014.
 */
import { newHolePage } from '../sim/ops/folio.ts'
import { punchHole } from '../sim/ops/punch-hole.ts'
import type { SimTask } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import type { Race } from './race.ts'
import { allocatingFaults, commit, either, journaled, locksEntries, mapped, on, PAGE, run, storeOnce } from './stage.ts'

/** A deadlock in which somebody waits for a lock of this class. */
export function circleThrough(className: string): (w: World) => boolean {
  return (w) => w.k.deadlock?.cycle.some((task) => waitsFor(task).includes(className)) === true
}

function waitsFor(task: SimTask): string {
  return (task.waitingFor ?? task.waitingOn)?.className ?? ''
}

const ABOUT =
  'A fault holds the lock and wants a handle, a commit keeps new handles out until the open one stops, whose task wants the lock.'
const SOURCES = ['mail of 2015-02-17 (Kara, Wilcox)', '01a33b4ace68', 'cf108bca465d', 'fb26a1cbed8c']

export const pageLockThenTransaction: Race = {
  id: 'R11',
  title: 'transaction started under a page lock',
  about: ABOUT,
  severity: 'hang',
  invariants: ['V11'],
  sources: SOURCES,
  notApplicable: either(allocatingFaults, journaled),
  counts: circleThrough('folio'),
  setUp(w) {
    const { file, vma } = mapped(w)
    // A reader was here: its hole page (DAX until 4.13), or a cached page of the hole.
    if (w.dax && w.policy.switches.holePage === 'page-cache') newHolePage(file, PAGE)
    else if (!w.dax) w.cachePage(file, PAGE)
    w.startJournal(Infinity)
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      { id: 'P', comm: 'punch', steps: punchHole(w, file, { from: PAGE, to: PAGE + 1 }) },
      { id: 'C', comm: 'commit', steps: commit(w) },
    ]
  },
  scripts: [
    {
      title: 'page lock, handle, commit, handle, page lock',
      moves: [run('F', 'acquired', 'folio'), run('P', 'phase', 'drop'), on('C'), on('J'), on('F'), on('P')],
    },
  ],
}

export const entryLockThenTransaction: Race = {
  id: 'R11b',
  title: 'transaction started under an entry lock',
  about: ABOUT,
  severity: 'hang',
  invariants: ['V11'],
  sources: SOURCES,
  notApplicable: either(locksEntries, journaled),
  counts: circleThrough('dax entry'),
  setUp(w) {
    const { file, vma } = mapped(w)
    w.startJournal(Infinity)
    return [
      { id: 'F', comm: 'write-fault', steps: storeOnce(w, vma) },
      { id: 'P', comm: 'punch', steps: punchHole(w, file, { from: PAGE, to: PAGE + 1 }) },
      { id: 'C', comm: 'commit', steps: commit(w) },
    ]
  },
  scripts: [
    {
      title: 'entry lock, handle, commit, handle, entry lock',
      moves: [run('F', 'acquired', 'entry'), run('P', 'phase', 'drop'), on('C'), on('J'), on('F'), on('P')],
    },
  ],
}
