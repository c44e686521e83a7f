/**
 * Tasks and locks of the simulated kernel by themselves, without a kernel around them: for tests of whom a lock lets in and whom it
 * is handed to.
 */
import { LockClass, LockTable, RWSEM, SimLock, type LockSpec } from '#shared/sim/locks.ts'
import { SimTask, type Steps } from '#shared/sim/task.ts'

function* nothing(): Steps {
  return
}

export const task = (id: number, given: Partial<SimTask> = {}): SimTask =>
  Object.assign(new SimTask({ id, pid: id, comm: `t${id}`, daemon: false, steps: nothing() }), given)

export const lock = (spec: LockSpec, className = 'a'): SimLock =>
  new SimLock({ id: 0, of: new LockClass(className, 0), spec, inode: -1 })

export const UNSEEN = { seenSpinning: new Set<string>() }
/** An rwsem of a recording in which nobody was seen spinning. */
export const RECORDED = new LockTable(UNSEEN).add('r', RWSEM, -1).spec
