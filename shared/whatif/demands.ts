/**
 * What an operation of a trace asked of the machine: work on a CPU by the part of the operation it was done in, and sleep
 * that no lock explains. Waiting for a lock the model has, waiting for the journal and waiting for a CPU are not demand: a
 * replay finds them anew. Waits for locks the model does not have stay as they were. It judges no operation as a whole.
 */

import { firstWhere } from '../base/search.ts'
import { TASK_STATES } from '../model/kinds.ts'
import type { Ns, Trace } from '../model/trace.ts'
import { MACHINE } from '../sim/world-options.ts'
import { lockName } from './names.ts'

/** `outside` the fault lock or before the first lock, `inside` it, mapping blocks, freeing blocks. */
export const PARTS = ['outside', 'inside', 'mapping', 'freeing'] as const
export type Part = (typeof PARTS)[number]

export interface Demand {
  /** A sync that waited for a commit: the replay's waits as well, another does not. */
  readonly commits: boolean
  /** Work on a CPU, by part. */
  readonly workNs: readonly Ns[]
  readonly sleepNs: Ns
}

export interface Interval {
  readonly from: Ns
  readonly to: Ns
}

/** Locks the simulated kernel has and waits for by itself, by their plain names. */
const MODELLED = new Set([
  'mmap_lock',
  'invalidate_lock',
  'i_rwsem',
  'i_data_sem',
  'i_mmap_rwsem',
  'i_mmap_mutex',
  'i_mmap_lock',
  'truncate_mutex',
  'xfs_nondir_ilock_class',
  'journal',
  'jbd2_handle',
  'j_wait_transaction_locked',
  'j_wait_done_commit',
  'j_wait_updates',
  '(unnamed rwsem)',
])

export function isModelled(lockClass: string): boolean {
  return MODELLED.has(lockName(lockClass))
}

/** Time of tasks by state, for any interval. */
export class TaskTimes {
  readonly known: boolean
  readonly #rows = new Map<number, number[]>()
  readonly #trace: Trace

  constructor(trace: Trace) {
    this.#trace = trace
    this.known = trace.taskState.length > 0
    const { cols, length } = trace.taskState
    for (let row = 0; row < length; row++) push(this.#rows, cols.task[row], row)
    for (const rows of this.#rows.values()) rows.sort((a, b) => cols.startNs[a] - cols.startNs[b])
  }

  /** Of [from, to) without what is `apart` (in order, not overlapping): on a CPU, waiting for one, asleep; `unseen` of the CPU's
   *  time is what no event speaks of. */
  of(task: number, { from, to }: Interval, apart: readonly Interval[] = []) {
    const { cols } = this.#trace.taskState
    const rows = this.#rows.get(task) ?? []
    let runnable = 0
    let asleep = 0
    let running = 0
    for (let at = this.#firstEndingAfter(rows, from); at < rows.length && cols.startNs[rows[at]] < to; at++) {
      const row = rows[at]
      const state = TASK_STATES[cols.state[row]]
      const end = cols.startNs[row] + cols.durationNs[row]
      const part = { from: Math.max(from, cols.startNs[row]), to: Math.min(to, end >= 0 ? end : to) }
      const ns = Math.max(0, part.to - part.from) - overlapOf(part, apart)
      if (state === 'running') running += ns
      else if (state === 'runnable') runnable += ns
      else asleep += ns
    }
    const total = to - from - overlapOf({ from, to }, apart)
    const cpu = Math.max(0, total - runnable - asleep)
    return { cpu, runnable, asleep, unseen: Math.max(0, cpu - running) }
  }

  #firstEndingAfter(rows: readonly number[], from: Ns): number {
    const { cols } = this.#trace.taskState
    // A state without an end is not over.
    return firstWhere(0, rows.length, (at) => !(cols.startNs[rows[at]] + cols.durationNs[rows[at]] <= from))
  }
}

function overlapOf({ from, to }: Interval, apart: readonly Interval[]): Ns {
  let ns = 0
  for (const one of apart) {
    const overlap = Math.min(to, one.to) - Math.max(from, one.from)
    if (overlap > 0) ns += overlap
  }
  return ns
}

function push<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** In order, those that overlap joined. */
function joined(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)
  const result: Interval[] = []
  for (const one of sorted) {
    const last = result.at(-1)
    if (last !== undefined && one.from <= last.to)
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, one.to) }
    else result.push(one)
  }
  return result
}

interface Phase extends Interval {
  readonly name: string
  readonly depth: number
}

interface Section extends Interval {
  readonly task: number
}

/** Phases in which a journal is waited for: what a task sleeps there the model's journal makes it sleep again. */
const JOURNAL = new Set(['journal', 'commit_wait', 'commit_locked', 'transaction'])
const MAPPING = new Set(['map_blocks', 'zero', 'alloc', 'es_lookup', 'extent_lookup'])
const FREEING = new Set(['free'])
export const SYNCS: ReadonlySet<string> = new Set(['fsync', 'fdatasync', 'msync'])
const UNDER_INODE_LOCK = new Set(['truncate', 'punch_hole', 'write', 'fallocate'])

export class Demands {
  readonly times: TaskTimes
  readonly #trace: Trace
  readonly #inodes: Int32Array
  readonly #phases = new Map<number, Phase[]>()
  readonly #waits = new Map<number, Interval[]>()
  /** Per inode, when somebody surely had its i_data_sem, its i_rwsem, exclusively; in order. */
  readonly #mapping = new Map<number, Section[]>()
  readonly #changing = new Map<number, Section[]>()
  /** Commits, by their ends. */
  readonly #commits: Interval[]
  /** Running time that was found to be spinning. */
  spunNs = 0

  constructor(trace: Trace, inodes: Int32Array) {
    this.#trace = trace
    this.#inodes = inodes
    this.times = new TaskTimes(trace)
    this.#commits = commitsOf(trace)
    this.#readPhases()
    this.#readWaits()
    for (const [row, phases] of this.#phases) this.#readSections(row, phases)
    for (const sections of [...this.#mapping.values(), ...this.#changing.values()]) {
      sections.sort((a, b) => a.from - b.from)
    }
  }

  phasesOf(row: number): readonly Phase[] {
    return this.#phases.get(row) ?? []
  }

  of(row: number): Demand {
    const { cols } = this.#trace.op
    const task = cols.task[row]
    const whole = { from: cols.startNs[row], to: cols.startNs[row] + cols.durationNs[row] }
    const phases = this.phasesOf(row)
    const apart = joined([...(this.#waits.get(row) ?? []), ...this.#spinning(row, phases)])
    const inParts = (names: ReadonlySet<string>) => joined(phases.filter(({ name }) => names.has(name)))
    const cpuIn = (intervals: readonly Interval[]) =>
      intervals.reduce((sum, one) => sum + this.times.of(task, one, apart).cpu, 0)
    const mapping = cpuIn(inParts(MAPPING))
    const freeing = cpuIn(inParts(FREEING))
    const guarded = guardedPart(phases)
    const inside = guarded === undefined ? 0 : Math.max(0, cpuIn([guarded]) - mapping)
    const all = this.times.of(task, whole, apart)
    const commit = SYNCS.has(this.#trace.opKinds[cols.kind[row]]) ? this.#commitIn(whole) : undefined
    const journal = joined([
      ...phases.filter(({ name }) => JOURNAL.has(name)),
      ...(commit === undefined ? [] : [commit]),
    ])
    const forJournal = journal.reduce((sum, one) => sum + this.times.of(task, one, apart).asleep, 0)
    return {
      commits: commit !== undefined,
      workNs: [Math.max(0, all.cpu - inside - mapping - freeing), inside, mapping, freeing],
      sleepNs: Math.max(0, all.asleep - forJournal),
    }
  }

  /** From the begin of a commit that ended in the interval to the interval's end. */
  #commitIn({ from, to }: Interval): Interval | undefined {
    const after = firstWhere(0, this.#commits.length, (at) => this.#commits[at].to > to)
    const last = this.#commits.at(after - 1)
    return after > 0 && last !== undefined && last.to > from ? { from: Math.max(from, last.from), to } : undefined
  }

  #readPhases(): void {
    const { cols, length } = this.#trace.phase
    for (let row = 0; row < length; row++) {
      if (cols.op[row] < 0 || !(cols.durationNs[row] >= 0)) continue
      const from = cols.startNs[row]
      const name = this.#trace.phaseNames[cols.name[row]]
      push(this.#phases, cols.op[row], { name, depth: cols.depth[row], from, to: from + cols.durationNs[row] })
    }
    for (const phases of this.#phases.values()) phases.sort((a, b) => a.from - b.from || b.to - a.to)
  }

  #readWaits(): void {
    const { lockSpan, locks, lockClasses } = this.#trace
    const { cols } = lockSpan
    const own = this.#trace.meta.sourceFormat === 'simulation'
    const modelled = lockClasses.map(({ name }) => own || isModelled(name))
    for (let row = 0; row < lockSpan.length; row++) {
      if (cols.op[row] < 0 || !modelled[locks[cols.lock[row]].lockClass]) continue
      const wait = { from: cols.requestedNs[row], to: cols.acquiredNs[row] }
      if (!(wait.to > wait.from)) continue
      // In the model who spun owns the lock when it is let go, and goes on when it has seen that.
      const spun = own && this.times.of(cols.task[row], wait).asleep === 0
      push(this.#waits, cols.op[row], spun ? { from: wait.from, to: wait.to + MACHINE.spinHandoff } : wait)
    }
  }

  /** ext4_map_blocks prints under i_data_sem what it maps; truncate, punch and write print nothing before they have i_rwsem. */
  #readSections(row: number, phases: readonly Phase[]): void {
    const { cols } = this.#trace.op
    const inode = this.#inodes[row]
    const kind = this.#trace.opKinds[cols.kind[row]]
    if (inode < 0) return
    const task = cols.task[row]
    const from = mappingBegins(kind, phases)
    if (from !== undefined) {
      const to = phases.reduce((end, one) => (MAPPING.has(one.name) ? Math.max(end, one.to) : end), from)
      push(this.#mapping, inode, { task, from, to })
    }
    for (const one of phases)
      if (FREEING.has(one.name)) push(this.#mapping, inode, { task, from: one.from, to: one.to })
    if (UNDER_INODE_LOCK.has(kind) && phases.length > 0) {
      push(this.#changing, inode, { task, from: phases[0].from, to: cols.startNs[row] + cols.durationNs[row] })
    }
  }

  /**
   * A writer spins on an rwsem's running owner before trace_contention_begin (rwsem_down_write_slowpath), which shows as
   * work. What lies between an operation's entry and its first step under the lock, while another task surely had that
   * lock, is taken for it.
   */
  #spinning(row: number, phases: readonly Phase[]): Interval[] {
    const { cols } = this.#trace.op
    const kind = this.#trace.opKinds[cols.kind[row]]
    const task = cols.task[row]
    const found: Interval[] = []
    const look = (lead: Interval, sections: readonly Section[]) => {
      for (const section of overlapping(sections, lead)) {
        if (section.task === task) continue
        const spun = { from: Math.max(lead.from, section.from), to: Math.min(lead.to, section.to) }
        found.push(spun)
        this.spunNs += this.times.of(task, spun, this.#waits.get(row) ?? []).cpu
      }
    }
    const mapsAt = mappingBegins(kind, phases)
    const entry = guardedPart(phases)?.from
    if (mapsAt !== undefined && entry !== undefined) {
      look({ from: entry, to: mapsAt }, this.#mapping.get(this.#inodes[row]) ?? [])
    }
    if (UNDER_INODE_LOCK.has(kind) && phases.length > 0) {
      look({ from: cols.startNs[row], to: phases[0].from }, this.#changing.get(this.#inodes[row]) ?? [])
    }
    return found
  }
}

function commitsOf({ op, opKinds }: Trace): Interval[] {
  const commits: Interval[] = []
  for (let row = 0; row < op.length; row++) {
    const { startNs, durationNs } = op.cols
    if (opKinds[op.cols.kind[row]] !== 'commit' || !(durationNs[row] >= 0)) continue
    commits.push({ from: startNs[row], to: startNs[row] + durationNs[row] })
  }
  return commits.sort((a, b) => a.to - b.to)
}

/** From the handle (or the request for it) a fault's DAX part lies in, to the end of that. */
function guardedPart(phases: readonly Phase[]): Interval | undefined {
  const fault = phases.findLast(({ name }) => name === 'dax_fault')
  if (fault === undefined) return undefined
  const handle = phases.findLast(({ name, from, to }) => name === 'handle' && from <= fault.from && to >= fault.to)
  if (handle === undefined) return fault
  const asked = phases.findLast(({ name, to }) => name === 'journal' && to <= handle.from && to >= handle.from - 1)
  return { from: asked?.from ?? handle.from, to: handle.to }
}

/** When an operation that creates blocks has i_data_sem for it: its last mapping. */
function mappingBegins(kind: string, phases: readonly Phase[]): Ns | undefined {
  if (kind !== 'write_fault' && kind !== 'pmd_fault' && kind !== 'write') return undefined
  return phases.findLast(({ name }) => name === 'map_blocks')?.from
}

function overlapping(sections: readonly Section[], { from, to }: Interval): readonly Section[] {
  const after = firstWhere(0, sections.length, (at) => sections[at].from >= to)
  // Exclusive sections hardly overlap each other: a few before the last that begins in time are all that can reach in.
  return sections.slice(Math.max(0, after - FEW), after).filter((section) => section.to > from)
}

const FEW = 16
