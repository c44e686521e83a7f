/**
 * How the tasks of a recorded workload begin. At a barrier each waits for the last one; else each is there when it was there:
 * who creates them and what they map before their first operation is no part of the question. Told by evidence alone, as
 * nothing in a trace names a barrier. And how each step is arrived at, once they have begun.
 */

import { hashInts } from '../base/prng.ts'
import type { Ns } from '../model/trace.ts'
import type { Kernel } from '../sim/kernel.ts'
import { WaitQueue } from '../sim/locks.ts'
import { P } from '../sim/phases.ts'
import type { Steps } from '../sim/task.ts'
import type { OutsideOp, Workload, WorkloadOp, WorkloadTask } from './workload.ts'

/** Who sleeps is seen to wake this much before the one that woke it is seen to go on. */
const SLACK_NS = 100_000
const FEWEST = 3

type Beginner = Omit<WorkloadTask, 'barrierNs'>

/** Per task: how long after the last one had come it was ready for its first operation; undefined: it met no barrier. */
export function barriersOf(tasks: readonly Beginner[]): readonly (Ns | undefined)[] {
  const lastOf = new Map<number, Ns | undefined>()
  for (const { mm } of tasks) {
    const group = tasks.filter((task) => task.mm === mm && task.ops.length > 0)
    if (!lastOf.has(mm)) lastOf.set(mm, lastAt(group))
  }
  return tasks.map(({ mm, ops }) => {
    const last = lastOf.get(mm)
    return last === undefined || ops.length === 0 ? undefined : Math.max(0, ops[0].readyNs - last)
  })
}

/**
 * When the last one came to the barrier: the others came before, over some time, slept past that moment, and then were ready
 * closer together than they had come.
 */
function lastAt(group: readonly Beginner[]): Ns | undefined {
  if (group.length < FEWEST || group.some(({ arrival }) => arrival === 'open')) return undefined
  const came = group.map(({ ops: [{ readyNs, thinkSleepNs }] }) => readyNs - thinkSleepNs)
  const ready = group.map(({ ops }) => ops[0].readyNs)
  const last = Math.max(...came)
  const slept = group.every(({ ops }, i) => came[i] === last || (ops[0].thinkSleepNs > 0 && ready[i] > last - SLACK_NS))
  return slept && spread(ready) < spread(came) ? last : undefined
}

function spread(values: readonly Ns[]): Ns {
  return Math.max(...values) - Math.min(...values)
}

/** How the tasks of one replay begin. */
export interface Starts {
  /** By address space. */
  readonly gates: ReadonlyMap<number, Gate>
  /** When the last task began its first operation, in the recording. */
  readonly allBegunNs: Ns
  /** Of replays with recorded demands, all but the first: how each rounds the times of the trace; undefined: as they are. */
  readonly rounding: number | undefined
}

/** A barrier: who comes waits for those still to come. */
class Gate {
  readonly #queue: WaitQueue
  expected = 0

  constructor() {
    this.#queue = new WaitQueue('barrier')
  }

  *pass(k: Kernel, cpu: number): Steps {
    if (--this.expected === 0) k.wake(this.#queue, 0)
    while (this.expected > 0) {
      k.current.movesTo = cpu
      if (k.sleepOn(this.#queue, false)) yield
    }
  }
}

/** Traces tell microseconds. What lies between is enough to make convoys form elsewhere, so seeds differ in it. */
const TICK_NS = 1_000

/** `seed`: of replays with the recorded demands. */
export function startsOf({ tasks }: Workload, seed: number | undefined): Starts {
  const gates = new Map<number, Gate>()
  for (const { mm, barrierNs } of tasks) {
    if (barrierNs === undefined) continue
    const gate = gates.get(mm) ?? new Gate()
    gates.set(mm, gate)
    gate.expected++
  }
  const allBegunNs = tasks.reduce((last, { ops }) => Math.max(last, ops.at(0)?.readyNs ?? 0), 0)
  return { gates, allBegunNs, rounding: seed === 1 ? undefined : seed }
}

interface Arriving {
  readonly task: WorkloadTask
  readonly number: number
  readonly starts: Starts
  readonly op: WorkloadOp | OutsideOp
  /** Whose pause it makes. */
  readonly like: WorkloadOp | OutsideOp
  /** What the task does first, if it is none of its operations; before its first operation, at it, or later. */
  readonly how: 'spawned' | 'before' | 'first' | 'going'
}

/** Until the step begins. */
export function* arrive(k: Kernel, { task, number, starts, op, like, how }: Arriving): Steps {
  if (task.arrival === 'open') {
    if (op.startNs > k.now && k.sleep(op.startNs - k.now)) yield
    return
  }
  const gate = how === 'first' && task.barrierNs !== undefined ? starts.gates.get(task.mm) : undefined
  const asItWas = how === 'first' || how === 'spawned' || (how === 'before' && op.readyNs <= starts.allBegunNs)
  if (gate !== undefined) {
    yield* gate.pass(k, op.cpu)
    if ((task.barrierNs ?? 0) > 0 && k.sleep(task.barrierNs ?? 0)) yield
  } else if (asItWas && op.readyNs > k.now) {
    k.current.movesTo = op.cpu
    if (k.sleep(op.readyNs - k.now)) yield
  }
  const thinkNs = like.thinkCpuNs + roundingOf(starts, { number, startNs: op.startNs })
  if (thinkNs > 0 && k.work(P.user, thinkNs)) yield
  if (!asItWas && like.thinkSleepNs > 0 && k.sleep(like.thinkSleepNs)) yield
}

function roundingOf({ rounding }: Starts, { number, startNs }: { readonly number: number; readonly startNs: Ns }): Ns {
  return rounding === undefined ? 0 : (hashInts(rounding, number, startNs) % TICK_NS) - TICK_NS / 2
}
