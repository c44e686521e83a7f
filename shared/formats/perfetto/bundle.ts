/**
 * Bundles of ftrace events of one CPU: single events, and scheduling in columns (`compact_sched`: times as differences, names
 * as numbers of a table of the bundle). Who was switched out is not in the columns: it is who was switched in before.
 */

import type { Ns } from '../../model/trace.ts'
import { CONTEXT_HARDIRQ, CONTEXT_NMI, CONTEXT_SOFTIRQ, CONTEXT_TASK } from '../../spans/recorder.ts'
import type { Clocks } from './clocks.ts'
import { FtraceText, stateLetters, type FtraceWords } from './ftrace-text.ts'
import { Wire } from './wire.ts'

const EVENT = 2
const LOST = 3
const COMPACT = 4
const DESCRIPTOR = 11
/** Numbers of one column. */
const COLUMN = 1_000_000
/** TRACE_FLAG_* of include/linux/trace_events.h. */
const HARDIRQ = 0x08
const SOFTIRQ = 0x10
const NMI = 0x40

export interface FtraceEvent extends FtraceWords {
  readonly ts: Ns
  readonly pid: number
  readonly context: number
}

export interface BundleTo {
  event(cpu: number, event: FtraceEvent): void
  /** Events of the CPU were lost before what comes. */
  lost(cpu: number): void
}

interface Running {
  readonly pid: number
  readonly comm: string
  readonly prio: number
}

interface Compact {
  readonly cpu: number
  readonly comms: readonly string[]
  /** The first time. */
  readonly at: Ns
}

/** Who runs from when on. */
interface Ran {
  readonly ts: Ns
  readonly pid: number
}

export class Bundles {
  readonly #clocks: Clocks
  readonly #to: BundleTo
  readonly #text = new FtraceText()
  readonly #outer = new Wire()
  readonly #event = new Wire()
  readonly #body = new Wire()
  readonly #running = new Map<number, Running>()

  constructor(clocks: Clocks, to: BundleTo) {
    this.#clocks = clocks
    this.#to = to
  }

  /** False: it broke off. */
  read({ bytes, from, to }: Wire): boolean {
    const head = this.#outer.of(bytes, from, to)
    let cpu = 0
    let shift = 0
    const at = { ftrace: undefined as Ns | undefined, boot: undefined as Ns | undefined, clock: 0 }
    let lost = false
    while (head.next()) {
      if (head.field === 1) cpu = Math.min(head.number, 65_535)
      else if (head.field === LOST) lost = head.number !== 0
      else if (head.field === 5) at.clock = head.number
      else if (head.field === 6) at.ftrace = this.#clocks.relative(head.lo, head.hi)
      else if (head.field === DESCRIPTOR && head.isMessage) this.#text.describe(head)
      else if (head.field === 7) at.boot = this.#clocks.relative(head.lo, head.hi)
    }
    if (at.clock !== 0 && at.ftrace !== undefined && at.boot !== undefined) shift = at.boot - at.ftrace
    if (lost) {
      // Who was switched in meanwhile nobody knows.
      this.#running.delete(cpu)
      this.#to.lost(cpu)
    }
    const outer = this.#outer.of(bytes, from, to)
    let whole = true
    while (outer.next()) {
      if (!outer.isMessage) continue
      if (outer.field === EVENT) whole = this.#one(outer, cpu, shift) && whole
      else if (outer.field === COMPACT) this.#compact(outer, cpu, shift)
    }
    return whole && !outer.bad
  }

  #one(outer: Wire, cpu: number, shift: Ns): boolean {
    const event = this.#event.of(outer.bytes, outer.from, outer.to)
    const body = this.#body
    let [ts, pid, context, found]: [Ns | undefined, number, number, boolean] = [undefined, 0, CONTEXT_TASK, false]
    while (event.next()) {
      if (event.field === 1) ts = this.#clocks.relative(event.lo, event.hi) + shift
      else if (event.field === 2) pid = event.lo
      else if (event.field === 5 && !event.isMessage) context = contextOf(event.number)
      else if (event.isMessage) {
        body.bytes = event.bytes
        ;[body.field, body.from, body.to] = [event.field, event.from, event.to]
        found = true
      }
    }
    if (ts === undefined || !found) return false
    this.#to.event(cpu, { ts, pid, context, ...this.#text.of(body) })
    return !event.bad
  }

  #compact(outer: Wire, cpu: number, shift: Ns): void {
    const compact = new Wire().of(outer.bytes, outer.from, outer.to)
    const comms: string[] = []
    const columns: number[][] = Array.from({ length: 13 }, () => [])
    const first: (Ns | undefined)[] = []
    while (compact.next()) {
      const { field } = compact
      if (field === 5) comms.push(compact.text)
      else if (field < 13) {
        // Times are read as differences; the first is a whole reading and may need 64 bits.
        if ((field === 1 || field === 7) && first[field] === undefined) first[field] = this.#first(compact)
        compact.packed(columns[field], COLUMN)
      }
    }
    const ran = [{ ts: -Infinity, pid: this.#running.get(cpu)?.pid ?? 0 }]
    this.#switches(columns, { cpu, comms, at: (first[1] ?? 0) + shift }, ran)
    this.#wakings(columns, { cpu, comms, at: (first[7] ?? 0) + shift }, ran)
  }

  #first(column: Wire): Ns | undefined {
    if (!column.isMessage) return this.#clocks.relative(column.lo, column.hi)
    // A packed column is numbers without keys: a key of its own makes the first one a field.
    const packed = column.bytes.subarray(column.from, Math.min(column.to, column.from + 10))
    const keyed = new Uint8Array(packed.length + 1)
    keyed[0] = 8
    keyed.set(packed, 1)
    const one = new Wire().of(keyed, 0, keyed.length)
    return one.next() ? this.#clocks.relative(one.lo, one.hi) : undefined
  }

  #switches(columns: readonly (readonly number[])[], at: Compact, ran: Ran[]): void {
    const [times, states, pids, prios, comms] = [columns[1], columns[2], columns[3], columns[4], columns[6]]
    let ts = at.at
    for (let i = 0; i < Math.min(times.length, states.length, pids.length); i++) {
      if (i > 0) ts += times[i]
      const previous = this.#running.get(at.cpu)
      const next = { pid: pids[i], prio: prios[i] ?? 0, comm: at.comms[comms[i]] ?? '' }
      this.#running.set(at.cpu, next)
      ran.push({ ts, pid: next.pid })
      // Who ran before the first switch nobody said.
      const was = previous ?? { pid: 0, prio: 0, comm: '' }
      const payload = `prev_comm=${was.comm} prev_pid=${was.pid} prev_prio=${was.prio} prev_state=${stateLetters(states[i])} ==> next_comm=${next.comm} next_pid=${next.pid} next_prio=${next.prio}`
      this.#to.event(at.cpu, { ts, pid: was.pid, context: CONTEXT_TASK, name: 'sched_switch', payload })
    }
  }

  /** Whose wake-up it was is not in the columns either: who ran then. */
  #wakings(columns: readonly (readonly number[])[], at: Compact, ran: readonly Ran[]): void {
    const [times, pids, cpus, prios, comms, flags] = [7, 8, 9, 10, 11, 12].map((field) => columns[field])
    let ts = at.at
    let then = 0
    for (let i = 0; i < Math.min(times.length, pids.length); i++) {
      if (i > 0) ts += times[i]
      const comm = at.comms[comms[i]] ?? ''
      const target = String(cpus[i] ?? 0).padStart(3, '0')
      const payload = `comm=${comm} pid=${pids[i]} prio=${prios[i] ?? 0} target_cpu=${target}`
      while (then + 1 < ran.length && ran[then + 1].ts <= ts) then++
      this.#to.event(at.cpu, {
        ts,
        pid: ran[then].pid,
        context: contextOf(flags[i] ?? 0),
        name: 'sched_waking',
        payload,
      })
    }
  }
}

function contextOf(flags: number): number {
  if ((flags & NMI) !== 0) return CONTEXT_NMI
  if ((flags & HARDIRQ) !== 0) return CONTEXT_HARDIRQ
  return (flags & SOFTIRQ) !== 0 ? CONTEXT_SOFTIRQ : CONTEXT_TASK
}
