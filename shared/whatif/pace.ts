/**
 * Pace of a replay: each step of an operation costs its list price times a factor, one per part of the operation, so that
 * the parts add up to what was measured. What the steps cost at list prices, a pilot has found out. A strategy that has
 * other steps pays for those at the same rate: its parts may take more or less than the recorded strategy's, in the
 * proportion of their price lists. What a part may take is a budget: steps the pilot did not have cannot exceed it.
 */

import type { Ns } from '../model/trace.ts'
import { COSTS, type CostId } from '../sim/costs.ts'
import type { World } from '../sim/world.ts'
import { PARTS, type Part } from './demands.ts'
import type { Workload, WorkloadOp } from './workload.ts'

/** Per task, and in it per operation and part: what its steps cost at list prices. */
export type Pilot = readonly Float64Array[]

const WIDTH = PARTS.length
/** Instead of a part's number. */
const LEAVING: number = PARTS.indexOf('leaving')
const UNPACED = -1
const NOTHING = -2

const MAPPING: readonly CostId[] = [
  'esLookup',
  'extentLookup',
  'alloc',
  'linkExtent',
  'clear4kPmem',
  'clear2mPmem',
  'clear4k',
]
const FREEING: readonly CostId[] = ['freeExtent']
/** Of what is no fault: with a handle open. */
const HANDLE: readonly CostId[] = ['handleStart', 'handleStop', 'linkExtent']
/** Of a fault: before its guard, or after. */
const OUTSIDE: readonly CostId[] = ['trap', 'vmaLookup', 'timeUpdate', 'syscall', 'pageAlloc']
/** The model's own: a transfer's share of the device runs beside the CPU's, and a sync waits for company as long as it does. */
const AS_IT_IS: readonly CostId[] = ['pmemWriteShare', 'pmemReadShare', 'fsyncBatch']
/** Slept at the device: measured as sleep. */
const DEVICE: readonly CostId[] = ['orderedData', 'writebackPage', 'readPage']

const FAULT_PART = partsOf((id) =>
  MAPPING.includes(id) ? 'mapping' : id === 'trap' ? 'entry' : OUTSIDE.includes(id) ? 'outside' : 'inside',
)
const OTHER_PART = partsOf((id) =>
  MAPPING.includes(id) && id !== 'linkExtent'
    ? 'mapping'
    : FREEING.includes(id)
      ? 'freeing'
      : HANDLE.includes(id)
        ? 'inside'
        : id === 'syscall'
          ? 'entry'
          : 'outside',
)

function partsOf(of: (id: CostId) => Part): Int8Array {
  return Int8Array.from(COSTS, ({ id }) =>
    AS_IT_IS.includes(id) ? UNPACED : DEVICE.includes(id) ? NOTHING : PARTS.indexOf(of(id)),
  )
}

/** One task's operation on its way. */
export class Pace {
  readonly task: number
  active = false
  /** False: at list prices, whatever it comes to. */
  whole = false
  isFault = false
  readonly factor = new Float64Array(WIDTH)
  /** What each part may still take. */
  readonly left = new Float64Array(WIDTH)
  /** What its steps cost so far at list prices. */
  readonly paid = new Float64Array(WIDTH)
  sleepNs: Ns = 0

  constructor(task: number) {
    this.task = task
  }

  take(cost: number, ns: Ns): Ns {
    const part = (this.isFault ? FAULT_PART : OTHER_PART)[cost]
    if (part >= 0) this.paid[part] += ns
    if (!this.whole) return ns
    if (part < 0) return part === UNPACED ? ns : 0
    const wanted = Math.min(Math.round(ns * this.factor[part]), this.left[part])
    this.left[part] -= wanted
    return wanted
  }

  /** Measured and not yet spent; from now on it is. `held`: what is spent before the fault lock is let go. */
  rest(held: boolean): Ns {
    let ns = 0
    for (let part = 0; part < WIDTH; part++) {
      if (held && part === LEAVING) continue
      ns += this.left[part]
      this.left[part] = 0
    }
    return Math.round(ns)
  }
}

export class Pacer {
  readonly #w: World
  readonly #workload: Workload
  readonly #pilot: Pilot | undefined
  /** By kind of operation and part: what the asked strategy's steps cost of the recorded one's. */
  readonly #ratio: ReadonlyMap<string, Float64Array>
  readonly #paces: (Pace | undefined)[] = []

  constructor(w: World, workload: Workload, { pilot, own }: { pilot: Pilot | undefined; own: Pilot | undefined }) {
    this.#w = w
    this.#workload = workload
    this.#pilot = pilot
    this.#ratio = pilot === undefined || own === undefined ? new Map() : ratios(workload, pilot, own)
    w.prices.pace = (task, cost, ns) => {
      const pace = this.#paces[task]
      return pace === undefined || !pace.active ? ns : pace.take(cost, ns)
    }
    w.prices.rest = (task, held) => {
      const pace = this.#paces[task]
      return pace?.active === true && pace.whole ? pace.rest(held) : 0
    }
  }

  begin(task: number, { op, like }: { readonly op: number; readonly like: WorkloadOp }): Pace {
    const { id } = this.#w.k.current
    const pace = (this.#paces[id] ??= new Pace(id))
    pace.active = true
    pace.isFault = like.kind.endsWith('_fault') || like.kind === 'mkwrite'
    pace.paid.fill(0)
    pace.whole = this.#pilot !== undefined
    pace.sleepNs = like.sleepNs
    if (this.#pilot === undefined) return pace
    this.#budget(pace, like, this.#pilot[task].subarray(op * WIDTH, (op + 1) * WIDTH))
    return pace
  }

  end(): void {
    const pace = this.#paces[this.#w.k.current.id]
    if (pace !== undefined) pace.active = false
  }

  /** A part that was measured and has no steps, or has steps and was not measured, is one with what is outside. */
  #budget(pace: Pace, { kind, workNs }: WorkloadOp, nominal: Float64Array): void {
    const ratio = this.#ratio.get(kind)
    let [pooled, pooledNominal] = [0, 0]
    const inPool = (part: number) => part === 0 || (part !== LEAVING && !(workNs[part] > 0 && nominal[part] > 0))
    for (let part = 0; part < WIDTH; part++) {
      if (!inPool(part)) continue
      pooled += workNs[part]
      pooledNominal += nominal[part]
    }
    for (let part = 0; part < WIDTH; part++) {
      const price = nominal[part]
      const measured = !inPool(part) ? workNs[part] : pooledNominal > 0 ? (pooled * price) / pooledNominal : 0
      pace.factor[part] = price > 0 ? measured / price : 1
      pace.left[part] = Math.round(measured * (ratio?.[part] ?? 1))
    }
    if (pooledNominal === 0) pace.left[0] = pooled
  }

  /** For each operation those of the task it may take its demands from: same kind, and as costly to within a factor of two. */
  peersOf(task: number): readonly (readonly number[])[] {
    const groups = new Map<string, number[]>()
    const nominal = this.#pilot?.[task]
    const keys = this.#workload.tasks[task].ops.map(({ kind }, i) => {
      const sum = nominal?.subarray(i * WIDTH, (i + 1) * WIDTH).reduce((total, ns) => total + ns, 0) ?? 0
      return `${kind} ${32 - Math.clz32(sum)}`
    })
    keys.forEach((key, i) => {
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [i])
      else group.push(i)
    })
    return keys.map((key) => groups.get(key) ?? [])
  }
}

/** Over all operations of a kind that both pilots finished: one alone may have met another state of the file. */
function ratios({ tasks }: Workload, pilot: Pilot, own: Pilot): ReadonlyMap<string, Float64Array> {
  const sums = new Map<string, { readonly before: Float64Array; readonly after: Float64Array }>()
  tasks.forEach(({ ops }, task) => {
    ops.forEach(({ kind }, op) => {
      const [before, after] = [pilot, own].map((one) => one[task].subarray(op * WIDTH, (op + 1) * WIDTH))
      if (!before.some((ns) => ns > 0) || !after.some((ns) => ns > 0)) return
      let sum = sums.get(kind)
      if (sum === undefined) sums.set(kind, (sum = { before: new Float64Array(WIDTH), after: new Float64Array(WIDTH) }))
      for (let part = 0; part < WIDTH; part++) {
        sum.before[part] += before[part]
        sum.after[part] += after[part]
      }
    })
  })
  return new Map(
    [...sums].map(([kind, { before, after }]) => [kind, before.map((ns, part) => (ns > 0 ? after[part] / ns : 1))]),
  )
}
