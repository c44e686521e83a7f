/**
 * Times for function_graph text that has none. What it does have: lines stand in the order things happened, on all CPUs
 * together; a leaf is followed on its CPU by nothing before it ended; an exit is as long after its entry as the line says.
 * The earliest times that satisfy all of that are found by repeated passes over the lines (longest paths); time in which no
 * traced function ran cannot be known and is left out. Tasks are known from the first switch of a CPU on, which also says
 * who ran there before.
 *
 * Lines are kept until they are solved, at most limits.graphLines of them at once.
 */

import { limits } from '../base/limits.ts'
import type { Ns } from '../model/trace.ts'

/** A line on its way to get a time. */
export interface GraphItem {
  readonly cpu: number
  /** -1: whoever ran on the CPU when the trace began. */
  task: number
  readonly context: number
  readonly name: number
  readonly payload: Uint8Array
  readonly shape: 'enter' | 'leaf' | 'exit' | 'other'
  readonly lengthNs: Ns
  stack: string | undefined
}

/** An entry that waits for its exit: its row in this window, or the time it was given in one before. */
interface Entry {
  row: number
  ts: Ns
}

interface Solution {
  readonly times: Float64Array
  /** What later lines say: no earlier than this. */
  readonly least: Float64Array
  readonly before: ReadonlyMap<number, Ns>
  readonly start: Ns
}

const PASSES = 200
/** Lengths are measured beside the recording, not by it: nested ones can add up to a little more than the outer one. */
const ROUNDING_NS = 1000

export class GraphClock {
  readonly #items: GraphItem[] = []
  /** Rows per CPU that have no task yet. */
  readonly #unknown = new Map<number, GraphItem[]>()
  readonly #give: (item: GraphItem, ts: Ns) => void
  readonly #unknownTask: (cpu: number) => number
  readonly #open = new Map<number, Entry[]>()
  readonly #ready = new Map<number, Ns>()
  #now: Ns = 0

  constructor(give: (item: GraphItem, ts: Ns) => void, unknownTask: (cpu: number) => number) {
    this.#give = give
    this.#unknownTask = unknownTask
  }

  add(item: GraphItem): void {
    this.#items.push(item)
    if (item.task === -1) {
      const waiting = this.#unknown.get(item.cpu)
      if (waiting === undefined) this.#unknown.set(item.cpu, [item])
      else waiting.push(item)
    }
    if (this.#items.length >= limits.graphLines) this.flush()
  }

  /** Who ran on a CPU before its first switch. */
  was(cpu: number, task: number): void {
    for (const item of this.#unknown.get(cpu) ?? []) item.task = task
    this.#unknown.delete(cpu)
  }

  get last(): GraphItem | undefined {
    return this.#items.at(-1)
  }

  /** Everything so far gets its time and is given. */
  flush(): void {
    for (const [cpu, items] of this.#unknown) {
      const task = this.#unknownTask(cpu)
      for (const item of items) item.task = task
    }
    this.#unknown.clear()
    const items = this.#items
    const times = this.#solve(this.#entries())
    for (let row = 0; row < items.length; row++) this.#give(items[row], times[row])
    for (const entries of this.#open.values()) {
      for (const entry of entries) {
        if (entry.row === -1) continue
        entry.ts = times[entry.row]
        entry.row = -1
      }
    }
    items.length = 0
  }

  /** Another trace begins: nothing is matched across. */
  boundary(): void {
    this.flush()
    this.#open.clear()
    this.#ready.clear()
  }

  /** Per row the entry its exit belongs to. */
  #entries(): (Entry | undefined)[] {
    return this.#items.map((item, row) => {
      if (item.shape !== 'enter' && item.shape !== 'exit') return undefined
      let open = this.#open.get(item.task)
      if (open === undefined) this.#open.set(item.task, (open = []))
      if (item.shape === 'exit') return open.pop()
      if (open.length >= limits.phaseDepth) open.length = 0
      open.push({ row, ts: 0 })
      return undefined
    })
  }

  #solve(entries: readonly (Entry | undefined)[]): Float64Array {
    const { length } = this.#items
    const times = new Float64Array(length)
    const least = new Float64Array(length)
    const before = new Map(this.#ready)
    const start = this.#now
    for (let pass = 0; pass < PASSES; pass++) {
      if (!this.#pass(entries, { times, least, before, start })) return times
    }
    // The lines contradict each other (damage, lost lines): lengths give way, the order stays.
    this.#pass(entries, { times, least: new Float64Array(length), before, start })
    return times
  }

  /** Earliest times with what `least` holds so far; true if an exit has shown that its entry was later. */
  #pass(entries: readonly (Entry | undefined)[], { times, least, before, start }: Solution): boolean {
    let moved = false
    let now = start
    this.#ready.clear()
    for (const [cpu, ready] of before) this.#ready.set(cpu, ready)
    for (let row = 0; row < this.#items.length; row++) {
      const { cpu, shape, lengthNs } = this.#items[row]
      let ts = Math.max(now, this.#ready.get(cpu) ?? 0, least[row])
      const entry = shape === 'exit' && lengthNs === lengthNs ? entries[row] : undefined
      if (entry !== undefined) {
        const enteredNs = entry.row === -1 ? entry.ts : times[entry.row]
        ts = Math.max(ts, enteredNs + lengthNs)
        if (entry.row !== -1 && ts - lengthNs - enteredNs > ROUNDING_NS) {
          least[entry.row] = ts - lengthNs
          moved = true
        }
      }
      // Damage can add up to more than a trace can be long.
      ts = Math.min(ts, Number.MAX_SAFE_INTEGER)
      times[row] = now = ts
      this.#ready.set(cpu, shape === 'leaf' && lengthNs === lengthNs ? ts + lengthNs : ts)
    }
    this.#now = now
    return moved
  }
}
