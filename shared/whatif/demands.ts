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

/**
 * `inside` the fault lock, or of what is no fault a handle; mapping blocks; freeing blocks; the `entry`, before the first
 * lock; `leaving`, once the fault lock is let go; `outside` of all these.
 */
export const PARTS = ['outside', 'inside', 'mapping', 'freeing', 'entry', 'leaving'] as const
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
const NESTED = new Set([...MAPPING, ...FREEING])
const MAP_LOCKS = new Set(['i_data_sem', '(unnamed rwsem)'])
const HANDLE = new Set(['handle'])
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

  readonly #entries = new Map<number, Ns>()
  readonly #firstLock = new Map<number, Ns>()
  readonly tailShare: number
  /** Lock events come before the spinning, which so is part of the waits. */
  readonly seesSpinning: boolean

  constructor(trace: Trace, inodes: Int32Array) {
    this.#trace = trace
    this.seesSpinning =
      trace.meta.sourceFormat === 'simulation' ||
      (trace.eventCounts[trace.eventNames.indexOf('lock_contended')] ?? 0) > 0
    this.#inodes = inodes
    this.times = new TaskTimes(trace)
    this.#commits = commitsOf(trace)
    this.#readPhases()
    this.#readWaits()
    this.tailShare = trace.meta.sourceFormat === 'simulation' ? 0 : this.#readTails()
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
    const tail = this.#tailOf(this.#trace.opKinds[cols.kind[row]], phases)
    const inParts = (names: ReadonlySet<string>) =>
      joined([...phases.filter(({ name }) => names.has(name)), ...(names.has('map_blocks') ? tail : [])])
    const cpuIn = (intervals: readonly Interval[]) =>
      intervals.reduce((sum, one) => sum + this.times.of(task, one, apart).cpu, 0)
    const mapping = cpuIn(inParts(MAPPING))
    const freeing = cpuIn(inParts(FREEING))
    const guarded = guardedPart(phases)
    const handles = guarded === undefined ? inParts(HANDLE) : [guarded]
    const nested = cpuIn(within(inParts(NESTED), handles))
    const inside = Math.max(0, cpuIn(handles) - nested)
    const all = this.times.of(task, whole, apart)
    const guardEnds = guardLeft(this.#trace.opKinds[cols.kind[row]], phases) ?? whole.to
    const leaving = this.times.of(task, { from: guardEnds, to: whole.to }, apart).cpu
    const rest = Math.max(0, all.cpu - inside - mapping - freeing - leaving)
    const entry = Math.min(this.#entryOf(cols.kind[row]), rest)
    const commit = SYNCS.has(this.#trace.opKinds[cols.kind[row]]) ? this.#commitIn(whole) : undefined
    const journal = joined([
      ...phases.filter(({ name }) => JOURNAL.has(name)),
      ...(commit === undefined ? [] : [commit]),
    ])
    const forJournal = journal.reduce((sum, one) => sum + this.times.of(task, one, apart).asleep, 0)
    return {
      commits: commit !== undefined,
      workNs: [rest - entry, inside, mapping, freeing, entry, leaving],
      sleepNs: Math.max(0, all.asleep - forJournal),
    }
  }

  /** What lies after its last mapping and is still done under the lock for it: zeroing, and entering it in the status cache. */
  #tailOf(kind: string, phases: readonly Phase[]): readonly Interval[] {
    if (mappingBegins(kind, phases) === undefined) return []
    const from = phases.findLast(({ name }) => name === 'map_blocks')?.to ?? 0
    return [{ from, to: from + this.tailShare * Math.max(0, this.#holdEnds(phases) - from) }]
  }

  /** The latest an operation may let go of the lock it maps blocks under: the end of its fault, or of its handle. */
  #holdEnds(phases: readonly Phase[]): Ns {
    const from = phases.findLast(({ name }) => name === 'map_blocks')?.from ?? Infinity
    const whole = phases.findLast((one) => (one.name === 'dax_fault' || one.name === 'handle') && one.from <= from)
    return whole?.to ?? 0
  }

  /**
   * How much of the rest of the fault, or handle, that is: a holder wakes who waits for the lock when it lets it go. Under
   * FEWEST such moments in the trace: nothing.
   */
  #readTails(): number {
    const { lockSpan, locks, lockClasses, op, opKinds } = this.#trace
    const { cols } = lockSpan
    const isMapLock = lockClasses.map(({ name }) => MAP_LOCKS.has(lockName(name)))
    const tails: number[] = []
    for (let row = 0; row < lockSpan.length; row++) {
      if (cols.op[row] < 0 || !isMapLock[locks[cols.lock[row]].lockClass]) continue
      const phases = this.phasesOf(cols.op[row])
      if (mappingBegins(opKinds[op.cols.kind[cols.op[row]]], phases) === undefined) continue
      const from = phases.findLast(({ name }) => name === 'map_blocks')?.to ?? 0
      const to = cols.releasedNs[row]
      const rest = this.times.of(cols.task[row], { from, to: this.#holdEnds(phases) }).cpu
      if (to >= from && rest > 0) tails.push(Math.min(1, this.times.of(cols.task[row], { from, to }).cpu / rest))
    }
    tails.sort((a, b) => a - b)
    return tails.length < FEWEST ? 0 : tails[tails.length >> 1]
  }

  /** What operations of a kind do before anything of theirs is seen: a quarter of them are faster. */
  #entryOf(kind: number): Ns {
    let known = this.#entries.get(kind)
    if (known !== undefined) return known
    const leads: Ns[] = []
    const { cols, length } = this.#trace.op
    for (let row = 0; row < length; row++) {
      if (cols.kind[row] !== kind) continue
      const first = this.phasesOf(row).at(0)?.from ?? NaN
      const lock = this.#firstLock.get(row) ?? NaN
      const to = lock < first || Number.isNaN(first) ? lock : first
      if (to >= cols.startNs[row]) leads.push(to - cols.startNs[row])
    }
    leads.sort((a, b) => a - b)
    known = leads[leads.length >> 2] ?? 0
    this.#entries.set(kind, known)
    return known
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
      if (cols.requestedNs[row] < (this.#firstLock.get(cols.op[row]) ?? Infinity))
        this.#firstLock.set(cols.op[row], cols.requestedNs[row])
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
      const parts = [...phases.filter(({ name }) => MAPPING.has(name)), ...this.#tailOf(kind, phases)]
      const to = parts.reduce((end, one) => Math.max(end, one.to), from)
      push(this.#mapping, inode, { task, from, to })
    }
    for (const one of phases)
      if (FREEING.has(one.name)) push(this.#mapping, inode, { task, from: one.from, to: one.to })
    if (UNDER_INODE_LOCK.has(kind) && phases.length > 0) {
      const from = firstUnderInodeLock(kind, phases)
      if (from !== undefined) push(this.#changing, inode, { task, from, to: cols.startNs[row] + cols.durationNs[row] })
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
    if (this.seesSpinning) return found
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
      const to = firstUnderInodeLock(kind, phases) ?? phases[0].from
      look({ from: cols.startNs[row], to }, this.#changing.get(this.#inodes[row]) ?? [])
    }
    return found
  }
}

/** What of the one lies in the other. */
function within(inner: readonly Interval[], outer: readonly Interval[]): Interval[] {
  return inner.flatMap((one) =>
    outer
      .map(({ from, to }) => ({ from: Math.max(one.from, from), to: Math.min(one.to, to) }))
      .filter(({ from, to }) => to > from),
  )
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

/**
 * When the fault lock is let go: right after a fault's or a punched hole's last handle, and after ext4_truncate
 * (fs/ext4: ext4_dax_huge_fault, ext4_punch_hole, ext4_setattr of 6.1). Undefined: that cannot be seen.
 */
function guardLeft(kind: string, phases: readonly Phase[]): Ns | undefined {
  if (kind.endsWith('_fault')) return guardedPart(phases)?.to
  if (kind === 'punch_hole') return phases.findLast(({ name }) => name === 'handle')?.to
  return kind === 'truncate' ? phases.findLast(({ name }) => name === 'truncate')?.to : undefined
}

/** ext4_punch_hole prints itself, and writes back, before it has i_rwsem; its first handle is under it. */
function firstUnderInodeLock(kind: string, phases: readonly Phase[]): Ns | undefined {
  return phases.find(({ name }) => kind !== 'punch_hole' || name === 'journal' || name === 'handle')?.from
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
const FEWEST = 10
