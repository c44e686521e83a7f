/**
 * R28: a convoy. One fault holds the strategy's per-file lock and waits for a commit (MAP_SYNC), a truncate of other pages queues
 * behind it, and from then on faults on any page of the file queue behind the truncate: all of them take as long as the commit.
 * Nothing is violated: a hazard, with the fault at its root. Before the rwsems it was i_mmap (E, F and I). Range locks let
 * pages that do not overlap pass, which is the main argument for them.
 */
import { load, store } from '../sim/ops/access.ts'
import { blockersOf, waitsNow } from '../sim/deadlock.ts'
import type { SimLock } from '../sim/locks.ts'
import { truncate } from '../sim/ops/truncate.ts'
import { process } from '../sim/scenarios/actors.ts'
import type { World } from '../sim/world.ts'
import type { Contender, Race } from './race.ts'
import { on, PAGE, run, SIZE, toEnd } from './stage.ts'

const BYSTANDER = 'bystander'
/** The convoy a world has shown, in words. */
const seen = new WeakMap<World, string>()

function takesSharedLock({ policy, strategy }: Contender): string | undefined {
  const { guard, pairing } = policy
  const some = guard.enter ?? guard.beforeInsert ?? guard.beforeLookup ?? pairing.before
  return strategy.media === 'page-cache' || some === undefined
    ? 'its faults hold nothing that the whole file shares'
    : undefined
}

function isPerFile(w: World, lock: SimLock): boolean {
  const [{ mapping, rwsem }] = w.inodes
  return lock === mapping.immap || lock === mapping.invalidateLock || lock === rwsem
}

/** From the bystander past the queue to who keeps everybody waiting: the root holder. */
function convoyOf(w: World, lock: SimLock): string {
  const [queued] = w.k.tasks.filter((one) => one.waitingFor === lock && one.comm !== BYSTANDER)
  let [root] = lock.holders()
  for (const seenTasks = new Set([root]); waitsNow(root); seenTasks.add(root)) {
    const [next] = blockersOf(root)
    if (next === undefined || next.daemon || seenTasks.has(next)) break
    root = next
  }
  const what = root.waitingOn === undefined ? 'at work' : `waiting for ${root.waitingOn.className}`
  const between = queued === undefined || queued === root ? '' : ` behind ${queued.comm},`
  return `a fault on a page nobody touches waits for ${lock.className}${between} behind ${root.comm} (${what})`
}

export const convoy: Race = {
  id: 'R28',
  title: 'convoy behind a waiting writer',
  about:
    'A fault holds the per-file lock while it waits, a truncate of other pages queues, a fault on a third page waits for both.',
  severity: 'liveness',
  invariants: [],
  sources: ['kernel/locking/rwsem.c: queued writers keep readers out'],
  notApplicable: takesSharedLock,
  hazard: (w) => seen.get(w),
  onContended(w, task, lock) {
    if (task.comm === BYSTANDER && isPerFile(w, lock) && !seen.has(w)) seen.set(w, convoyOf(w, lock))
  },
  setUp(w) {
    const file = w.newFile({ dax: w.dax, pages: SIZE })
    w.preallocate(file, { from: 0, to: 1, kind: 'written' })
    const sync = process(w, file, { sync: true })
    const other = process(w, file)
    w.startJournal(Infinity)
    return [
      { id: 'F', comm: 'sync-fault', steps: store(w, sync, { index: PAGE, slot: 0 }) },
      { id: 'T', comm: 'truncate', steps: truncate(w, file, SIZE - 2) },
      { id: 'B', comm: BYSTANDER, steps: load(w, other, { index: 0, slot: 0 }) },
    ]
  },
  scripts: [
    {
      title: 'a waiting fault, a queued truncate, a bystander',
      moves: [on('F'), on('T'), on('B'), on('J'), toEnd('F'), toEnd('T'), toEnd('B')],
    },
    {
      title: 'a fault at work under i_mmap, a queued truncate, a bystander',
      moves: [run('F', 'acquired', 'i_mmap'), on('T'), on('B'), toEnd('F'), toEnd('T'), toEnd('B')],
    },
    {
      title: 'a truncate in UNMAP, a bystander',
      moves: [run('T', 'acquired', 'i_mmap'), on('B'), toEnd('T'), toEnd('B')],
    },
  ],
}
