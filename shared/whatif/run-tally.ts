/**
 * Figures of a run that nobody stores, added up while it goes: the numbers the analyses give for the trace a recorder would
 * make of it (shared/sim/record.ts, shared/spans/lockdep.ts), without making that trace. test/whatif/run-tally.test.ts
 * holds one against the other for every scenario and for recordings. It keeps no span that nobody waited for.
 */

import { limits } from '../base/limits.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_TRY } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import type { LockMode, SimLock } from '../sim/locks.ts'
import type { SimSink } from '../sim/sink.ts'
import type { SimTask } from '../sim/task.ts'
import type { RunFigures } from './figures.ts'
import { PHASES } from '../sim/phases.ts'
import { KindTally, LockTally, figuresOfTallies } from './tallies.ts'
import { chainOf } from './wait-log-chain.ts'
import {
  EXCLUSIVE,
  OP_BEGINS,
  OP_ENDS,
  PHASE_BEGINS,
  PHASE_ENDS,
  SHARED,
  WAIT_BEGINS,
  WAIT_ENDS,
  WaitLog,
  type Request,
} from './wait-log.ts'

/** Stages of a hold. */
const ASKED = 0
const WAITING = 1
const HELD = 2

class Hold implements Request {
  readonly task: number
  id = -1
  lock = -1
  lockClass = 0
  mode = EXCLUSIVE
  stage = ASKED
  tried = false
  tally: LockTally
  /** Operation it was asked for in, and its kind; -1 none. */
  op = -1
  kind: KindTally | undefined = undefined
  askedNs: Ns = 0
  /** NaN unless contended. */
  contendedNs: Ns = NaN
  acquiredNs: Ns = NaN
  /** Of a wait with which the run ended. */
  endNs: Ns = NaN
  explainedNs: Ns = 0
  blocks = false

  constructor(task: number, tally: LockTally) {
    this.task = task
    this.tally = tally
  }
}

class OpenOp {
  id = -1
  kind: KindTally
  startNs: Ns = 0
  waitNs: Ns = 0

  constructor(kind: KindTally) {
    this.kind = kind
  }
}

/** What is open in a task; what is over stays in the arrays, to be used again. */
class TaskTally {
  /** In the order tasks showed themselves. */
  readonly number: number
  readonly pid: number
  readonly comm: string
  readonly ops: OpenOp[] = []
  depth = 0
  readonly holds: Hold[] = []
  held = 0
  /** Nested waits count once, for the operation of the outermost. */
  waits = 0
  waitFromNs: Ns = NaN
  waitOp = -1

  constructor(number: number, { pid, comm }: SimTask) {
    this.number = number
    this.pid = pid
    this.comm = comm
  }

  /** Index of the newest hold of a lock, -1 none. */
  newest(lock: number): number {
    for (let i = this.held - 1; i >= 0; i--) if (this.holds[i].lock === lock) return i
    return -1
  }

  /** The hold stays good until another is taken. */
  takeOut(index: number): Hold {
    const { holds } = this
    const hold = holds[index]
    const last = --this.held
    for (let i = index; i < last; i++) holds[i] = holds[i + 1]
    holds[last] = hold
    return hold
  }
}

export class RunTally implements SimSink {
  /** Raw events a recorder would have made. */
  events = 0
  #clock: { readonly now: Ns } = { now: 0 }
  #lastNs: Ns = 0
  readonly #log = new WaitLog()
  /** By the kernel's numbers. */
  readonly #byId: (TaskTally | undefined)[] = []
  readonly #tasks: TaskTally[] = []
  readonly #kindByName = new Map<string, KindTally>()
  readonly #kinds: KindTally[] = []
  #kindsOver = 0
  #ops = 0
  /** By the kernel's number of the class and the mode. */
  readonly #lockTallies: (LockTally | undefined)[] = []
  readonly #classes: { readonly number: number; readonly name: string }[] = []
  /** The task whose trylock has not been answered yet. */
  #trying: SimTask | undefined
  #sawAcquired = false

  /** The kernel whose clock counts: it is made after its sink. */
  attach(clock: { readonly now: Ns }): this {
    this.#clock = clock
    return this
  }

  lockAcquire(task: SimTask, lock: SimLock, mode: LockMode, trylock: boolean): void {
    this.#trying = trylock ? task : undefined
    // A trylock is told of only when it has worked.
    if (!trylock) this.#asks(task, lock, mode === 'shared' ? SHARED : EXCLUSIVE)
  }

  lockContended(task: SimTask, lock: SimLock): void {
    const one = this.#happens(task)
    const index = one.newest(lock.id)
    if (index === -1 || one.holds[index].stage !== ASKED) return
    const hold = one.holds[index]
    const { now } = this.#clock
    hold.stage = WAITING
    hold.contendedNs = now
    if (one.waits++ === 0) {
      one.waitFromNs = now
      one.waitOp = hold.op
      this.#log.doing(now, one.number, WAIT_BEGINS, hold.lockClass)
    }
    this.#log.waitBegins(hold)
  }

  lockAcquired(task: SimTask, lock: SimLock): void {
    if (this.#trying === task) {
      this.#trying = undefined
      const hold = this.#asks(task, lock, task.held[task.held.length - 1].mode === 'shared' ? SHARED : EXCLUSIVE)
      hold.tried = true
      this.#got(hold, hold.askedNs)
      return
    }
    const one = this.#happens(task)
    this.#sawAcquired = true
    const index = one.newest(lock.id)
    if (index === -1 || one.holds[index].stage === HELD) return
    const hold = one.holds[index]
    if (hold.stage === WAITING) {
      this.#log.waitEnds(hold, true, this.#clock.now)
      this.#waitEnds(one)
      this.#got(hold, this.#clock.now)
    } else this.#got(hold, hold.askedNs)
  }

  lockRelease(task: SimTask, lock: SimLock): void {
    const one = this.#happens(task)
    const index = one.newest(lock.id)
    if (index === -1) return
    const hold = one.takeOut(index)
    // Asked for and let go without having been got: a note that it might be taken.
    if (hold.stage === ASKED && this.#sawAcquired) return this.#abandon(hold)
    if (hold.stage === ASKED) this.#got(hold, hold.askedNs)
    if (hold.stage === WAITING) {
      this.#givesUp(hold, one)
      return this.#over(hold, NaN)
    }
    this.#log.released(hold, this.#clock.now)
    this.#over(hold, this.#clock.now)
  }

  phaseBegin(task: SimTask, phase: number): void {
    this.#log.doing(this.#clock.now, this.#happens(task).number, PHASE_BEGINS, phase)
  }

  phaseEnd(task: SimTask, phase: number): void {
    this.#log.doing(this.#clock.now, this.#happens(task).number, PHASE_ENDS, phase)
  }

  opBegin(task: SimTask, name: string): void {
    const one = this.#happens(task)
    if (one.depth >= limits.opDepth) while (one.depth > 0) this.#opOver(one, NaN, NaN)
    const kind = this.#kindOf(name)
    const op = (one.ops[one.depth++] ??= new OpenOp(kind))
    op.id = this.#ops++
    op.kind = kind
    op.startNs = this.#clock.now
    op.waitNs = 0
    this.#log.doing(op.startNs, one.number, OP_BEGINS, 0)
  }

  opEnd(task: SimTask, result: number): void {
    const one = this.#happens(task)
    if (one.depth > 0) this.#opOver(one, this.#clock.now, result)
  }

  switch(_cpu: number, previous: SimTask | undefined, next: SimTask | undefined): void {
    this.events++
    this.#lastNs = this.#clock.now
    if (previous !== undefined) this.#taskOf(previous)
    if (next !== undefined) this.#taskOf(next)
  }

  wakeup(task: SimTask, by: SimTask | undefined): void {
    this.#happens(task)
    if (by !== undefined) this.#taskOf(by)
  }

  finding(task: SimTask | undefined): void {
    if (task !== undefined) this.#happens(task)
  }

  /** The run is over, and has counted its work itself: accesses that take no fault are no operations here. */
  finish({ simulatedNs, opsPerSecond }: Pick<RunFigures, 'simulatedNs' | 'opsPerSecond'>): RunFigures {
    for (const task of this.#tasks) this.#stillHeld(task)
    for (const task of this.#tasks) this.#endOf(task)
    return {
      simulatedNs,
      opsPerSecond,
      ...figuresOfTallies(
        this.#kinds,
        this.#lockTallies.filter((one) => one !== undefined),
      ),
      worstChain: chainOf(this.#log, {
        tasks: this.#tasks,
        kinds: this.#kinds.map(({ name }) => name),
        classes: this.#classes.map(({ name }) => name),
        phases: PHASES,
        lastNs: this.#lastNs,
      }),
    }
  }

  /** Waits that never ended still have reasons: the locks that were held until the end. */
  #stillHeld(task: TaskTally): void {
    for (let i = 0; i < task.held; i++) {
      if (task.holds[i].stage === HELD) this.#log.released(task.holds[i], this.#lastNs)
    }
  }

  /** Everything open in a task ends as unknown. */
  #endOf(task: TaskTally): void {
    for (let i = task.held - 1; i >= 0; i--) {
      const hold = task.holds[i]
      if (hold.stage === WAITING) {
        this.#log.waitEnds(hold, false, this.#lastNs)
        hold.endNs = this.#lastNs
      }
      this.#abandon(hold)
    }
    while (task.depth > 0) this.#opOver(task, NaN, NaN)
  }

  #happens(task: SimTask): TaskTally {
    this.events++
    this.#lastNs = this.#clock.now
    return this.#byId[task.id] ?? this.#taskOf(task)
  }

  #taskOf(task: SimTask): TaskTally {
    const known = this.#byId[task.id]
    if (known !== undefined) return known
    const one = new TaskTally(this.#tasks.length, task)
    this.#tasks.push(one)
    while (this.#byId.length <= task.id) this.#byId.push(undefined)
    return (this.#byId[task.id] = one)
  }

  #kindOf(name: string): KindTally {
    let kind = this.#kindByName.get(name)
    if (kind === undefined) {
      kind = new KindTally(name, this.#kinds.length)
      this.#kinds.push(kind)
      this.#kindByName.set(name, kind)
    }
    return kind
  }

  #tallyOf({ classNumber, className }: SimLock, mode: number): LockTally {
    const at = classNumber * 2 + mode
    while (this.#lockTallies.length <= at) this.#lockTallies.push(undefined)
    const known = this.#lockTallies[at]
    if (known !== undefined) return known
    let number = this.#classes.findIndex(({ number: other }) => other === classNumber)
    if (number === -1) number = this.#classes.push({ number: classNumber, name: className }) - 1
    return (this.#lockTallies[at] = new LockTally(className, number, mode))
  }

  #asks(task: SimTask, lock: SimLock, mode: number): Hold {
    const one = this.#happens(task)
    if (mode === EXCLUSIVE) this.#repeated(one, lock.id)
    if (one.held >= limits.heldLocks) this.#giveUp(one, 0)
    const tally = this.#lockTallies[lock.classNumber * 2 + mode] ?? this.#tallyOf(lock, mode)
    const hold = (one.holds[one.held++] ??= new Hold(one.number, tally))
    const op = one.depth > 0 ? one.ops[one.depth - 1] : undefined
    hold.id = -1
    hold.lock = lock.id
    hold.lockClass = tally.classId
    hold.mode = mode
    hold.stage = ASKED
    hold.tried = false
    hold.tally = tally
    hold.op = op === undefined ? -1 : op.id
    hold.kind = op?.kind
    hold.askedNs = this.#clock.now
    hold.contendedNs = NaN
    hold.acquiredNs = NaN
    hold.endNs = NaN
    hold.explainedNs = 0
    hold.blocks = false
    return hold
  }

  #got(hold: Hold, at: Ns): void {
    hold.stage = HELD
    hold.acquiredNs = at
    if (hold.id < 0) hold.id = this.#log.newSpan()
  }

  /** A lock taken exclusively twice without a release: what the first hold lasted is not known. */
  #repeated(task: TaskTally, lock: number): void {
    const index = task.newest(lock)
    if (index !== -1 && task.holds[index].mode === EXCLUSIVE) this.#giveUp(task, index)
  }

  #giveUp(task: TaskTally, index: number): void {
    const hold = task.takeOut(index)
    if (hold.stage === WAITING) this.#givesUp(hold, task)
    this.#abandon(hold)
  }

  #givesUp(hold: Hold, task: TaskTally): void {
    this.#log.waitEnds(hold, false, this.#clock.now)
    this.#waitEnds(task)
  }

  #waitEnds(task: TaskTally): void {
    if (task.waits === 0 || --task.waits > 0) return
    const { now } = this.#clock
    const waited = now - task.waitFromNs
    for (let i = task.depth - 1; i >= 0; i--) if (task.ops[i].id === task.waitOp) task.ops[i].waitNs += waited
    this.#log.doing(now, task.number, WAIT_ENDS, 0)
  }

  /** A mere request leaves nothing. */
  #abandon(hold: Hold): void {
    if (hold.stage !== ASKED || hold.id >= 0) this.#over(hold, NaN)
  }

  #over(hold: Hold, releasedNs: Ns): void {
    if (hold.id < 0) hold.id = this.#log.newSpan()
    const acquiredNs = hold.stage === HELD ? hold.acquiredNs : NaN
    const contended = hold.contendedNs === hold.contendedNs
    hold.tally.add(hold, acquiredNs, releasedNs)
    if (!contended && !hold.blocks) return
    const { spans } = this.#log
    const at = spans.add()
    const { cols } = spans
    cols.id[at] = hold.id
    cols.task[at] = hold.task
    cols.lockClass[at] = hold.lockClass
    cols.opKind[at] = hold.kind?.number ?? -1
    cols.mode[at] = hold.mode
    cols.flags[at] = SPAN_HOLD_KNOWN | (contended ? SPAN_CONTENDED : 0) | (hold.tried ? SPAN_TRY : 0)
    cols.requestedNs[at] = contended ? hold.contendedNs : hold.askedNs
    cols.acquiredNs[at] = acquiredNs
    cols.releasedNs[at] = releasedNs
  }

  #opOver(task: TaskTally, endNs: Ns, result: number): void {
    const op = task.ops[--task.depth]
    if (task.depth > 0) task.ops[task.depth - 1].waitNs += op.waitNs
    if (op.kind.place < 0) op.kind.over(this.#kindsOver++)
    op.kind.add(op, endNs, result)
    this.#log.doing(this.#clock.now, task.number, OP_ENDS, 0)
  }
}
