/**
 * What is open in one task: operations, phases, locks held or waited for, its scheduler state. Everything is kept in
 * reused objects and plain arrays, because this is touched by every event of a trace. Rules live in the other files of
 * this folder; nothing here decides anything.
 */

import { MODES } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'

export const EXCLUSIVE = MODES.indexOf('exclusive')
export const SHARED = MODES.indexOf('shared')

/** Stages of a Hold. */
export const ASKED = 0
export const WAITING = 1
export const HELD = 2

/** One request for a lock, from the asking to the release. */
export class Hold {
  /** Row of the lockSpan; -1 until it is sure that there will be one. */
  id = -1
  lock = 0
  lockClass = 0
  behaviour = 0
  mode = 0
  flags = 0
  stage = ASKED
  op = -1
  task = 0
  askedNs: Ns = NaN
  /** When it was found taken (lock_contended, contention_begin); NaN unless contended. */
  contendedNs: Ns = NaN
  acquiredNs: Ns = NaN
  /** When the wait for it was given up. */
  gaveUpNs: Ns = NaN
  /** Of a waiting reader: how much of the wait exclusive holders and queued writers explain so far. */
  explainedNs: Ns = NaN
  /** Of a wait: the task of the last holder it has an edge to, -1 none. */
  blamedOn = -1
  /** Its wait counts in the task's waiting time and phase history. */
  counted = false
  /** Time ran backwards while it waited: how long is not known. */
  broken = false

  /** While it waits: its place in the queue of its lock, and how many releases of the lock it came after, all and exclusive ones. */
  queue: Waiters | undefined = undefined
  ahead: Hold | undefined = undefined
  behind: Hold | undefined = undefined
  joinedAt = 0
  joinedAtWrite = 0

  /** Call stack in which it was asked for, -1 unknown. */
  stack = -1

  /** Of an unnamed wait: its address (dense, -1 unknown), and the request by which other events show the same wait. */
  address = -1
  shownBy: Hold | undefined = undefined
  /** The lockdep request this wait belongs to. */
  adopted: Hold | undefined = undefined
  /** TaskTrack.lockdepSeen when it began. */
  seenBefore = 0
  /** Who woke it last while it waited, when, and inside which operation begun when. */
  waker: TaskTrack | undefined = undefined
  wokenNs: Ns = NaN
  wakerOp = -1
  wakerFromNs: Ns = NaN

  reset(): this {
    this.id = -1
    this.mode = 0
    this.flags = 0
    this.stage = ASKED
    this.op = -1
    this.askedNs = NaN
    this.contendedNs = NaN
    this.acquiredNs = NaN
    this.gaveUpNs = NaN
    this.explainedNs = 0
    this.blamedOn = -1
    this.counted = this.broken = false
    this.stack = -1
    this.address = -1
    this.shownBy = undefined
    this.adopted = undefined
    this.waker = undefined
    return this
  }
}

/** Locks of one context of one task, oldest first. */
export class HeldList {
  readonly items: Hold[] = []
  length = 0

  push(hold: Hold): void {
    this.items[this.length++] = hold
  }

  last(): Hold | undefined {
    return this.length > 0 ? this.items[this.length - 1] : undefined
  }

  /** Index of the newest entry of a lock, -1 none. */
  newest(lock: number): number {
    const items = this.items
    for (let i = this.length - 1; i >= 0; i--) if (items[i].lock === lock) return i
    return -1
  }

  removeAt(index: number): void {
    const items = this.items
    const last = --this.length
    for (let i = index; i < last; i++) items[i] = items[i + 1]
  }
}

/** Open waits for one lock, oldest first, linked: of a hundred thousand any may be the next to end. */
export class Waiters {
  first: Hold | undefined = undefined
  last: Hold | undefined = undefined
  length = 0
  /** Those that want to share it. */
  shared = 0
  /** Releases of the lock while anybody waited for it, and those of exclusive holders. */
  releases = 0
  writes = 0

  add(wait: Hold): void {
    wait.queue?.remove(wait)
    wait.queue = this
    wait.ahead = this.last
    wait.behind = undefined
    wait.joinedAt = this.releases
    wait.joinedAtWrite = this.writes
    if (this.last === undefined) this.first = wait
    else this.last.behind = wait
    this.last = wait
    this.length++
    if (wait.mode === SHARED) this.shared++
  }

  /** Releases it has seen of holds that kept it waiting. */
  seenBy(wait: Hold): number {
    return wait.mode === SHARED ? this.writes - wait.joinedAtWrite : this.releases - wait.joinedAt
  }

  /** The first of those at the end of the queue, not before `from`, that have seen fewer than `most` releases (by writers). */
  newest(from: Hold, ofReaders: boolean, most: number): Hold | undefined {
    let found: Hold | undefined = undefined
    for (let at = this.last; at !== from.ahead && at !== undefined; at = at.ahead) {
      const seen = ofReaders ? this.releases - at.joinedAt : this.writes - at.joinedAtWrite
      if (seen >= most) break
      found = at
    }
    return found
  }

  remove(wait: Hold): boolean {
    if (wait.queue !== this) return false
    const { ahead, behind } = wait
    if (ahead === undefined) this.first = behind
    else ahead.behind = behind
    if (behind === undefined) this.last = ahead
    else behind.ahead = ahead
    wait.queue = wait.ahead = wait.behind = undefined
    this.length--
    if (wait.mode === SHARED) this.shared--
    return true
  }
}

export class PhaseFrame {
  id = -1
  name = 0
  op = -1
  startNs: Ns = NaN
  depth = 0
  /** No event ends it: it lasts until its operation does. */
  untilOpEnd = false
}

export class OpFrame {
  id = -1
  kind = ''
  /** System call it belongs to; '' for everything else. */
  syscall = ''
  /** Bits of TOLD_BY_*: who has told of its begin. */
  toldBy = 0
  fault = false
  /** The trace has an event at its end (function_graph): nothing else ends it. */
  bounded = false
  /** Began in kernel mode (a fault on user memory inside a system call). */
  inKernel = false
  startNs: Ns = NaN
  /** Latest event known to lie inside; NaN none. For operations without an end event. */
  endNs: Ns = NaN
  /** It has probably ended: events that follow are not its own unless they show that it goes on. */
  quiet = false
  /** Latest end of a step inside that the trace measured more finely than it tells times. */
  insideNs: Ns = -Infinity
  waitNs: Ns = NaN
  inode = -1
  offset = NaN
  length = NaN
  result = NaN
  cpu = -1
  inferred = false
  phaseBase = 0
  /** Faults. */
  page = NaN
  ip = NaN
  /** Time switched out since `endNs`. */
  offCpuNs: Ns = NaN
  /** Time in user mode between its attempts, but for the once that its CPU may have stood still. */
  userNs: Ns = 0
  stoodStill = false
  /** Whether it reads or writes is told. */
  accessTold = false
  write = false
  present = false
  /** Nothing was mapped where it is. */
  fresh = false
  file = false
  private = false
  pmd = false
  done = false

  reset(): this {
    this.kind = ''
    this.syscall = ''
    this.fault = this.bounded = this.inKernel = this.quiet = this.inferred = false
    this.write = this.present = this.file = this.private = this.pmd = this.done = false
    this.endNs = this.offset = this.length = this.result = this.page = this.ip = NaN
    this.offCpuNs = this.userNs = 0
    this.stoodStill = this.accessTold = this.fresh = false
    this.insideNs = -Infinity
    this.waitNs = 0
    this.inode = -1
    this.phaseBase = 0
    return this
  }

  /** It lasts at least until `ts`. */
  reaches(ts: Ns): void {
    this.endNs = ts
    this.offCpuNs = 0
  }
}

/** A power of two: places come round by a mask. */
const RING = 128
const AROUND = RING - 1
/** What `most` has seen so far, for one call at a time. */
const seen = new Int32Array(RING)
const spent = new Float64Array(RING)

/** The last changes of what a task was doing, for "what did the holder do while others waited". */
export class History {
  /** When and what, side by side: of a task that comes round once in hundreds nothing is in the cache any more. */
  readonly #changes = new Float64Array(2 * RING)
  #count = 0

  /** From `ts` on the task does `doing` (a phase name, or a negative DOING_*). */
  push(ts: Ns, doing: number): void {
    const changes = this.#changes
    if (this.#count > 0) {
      const last = 2 * ((this.#count - 1) & AROUND)
      if (changes[last + 1] === doing || ts < changes[last]) return
    }
    const at = 2 * (this.#count++ & AROUND)
    changes[at] = ts
    changes[at + 1] = doing
  }

  /** What it did most of [from, to]; DOING_UNKNOWN where the history does not reach over half of it. */
  most(from: Ns, to: Ns): number {
    let kinds = 0
    let end = to
    const oldest = Math.max(0, this.#count - RING)
    for (let i = this.#count - 1; i >= oldest && end > from; i--) {
      const start = Math.max(from, this.#changes[2 * (i & AROUND)])
      const doing = this.#changes[2 * (i & AROUND) + 1]
      let at = 0
      while (at < kinds && seen[at] !== doing) at++
      if (at === kinds) {
        seen[at] = doing
        spent[kinds++] = 0
      }
      spent[at] += Math.max(0, end - start)
      end = Math.min(end, start)
    }
    let best = DOING_UNKNOWN
    let most = end - from
    for (let i = 0; i < kinds; i++) {
      if (spent[i] >= most) {
        best = seen[i]
        most = spent[i]
      }
    }
    return best
  }
}

export const DOING_UNKNOWN = -1
/** In an operation, in no phase of it. */
export const DOING_OTHER = -2

/** Contexts per task (CONTEXT_* of recorder.ts). */
const CONTEXTS = 4

export class TaskTrack {
  readonly task: number
  readonly ops: OpFrame[] = []
  depth = 0
  readonly phases: PhaseFrame[] = []
  phaseDepth = 0
  readonly held: HeldList[] = Array.from({ length: CONTEXTS }, () => new HeldList())
  /** contention_* waits that are open, innermost last, and holds such waits ended in. */
  readonly contending = new HeldList()
  readonly loose = new HeldList()
  /** mmap_lock and xfs_ilock holds of traces without lockdep. */
  readonly explicit = new HeldList()
  /** The mmap_lock a trylock of this task has just been refused, -1 none. */
  mmapRefused = -1
  /** What the last xfs_ilock asks for, in the order it takes them, while nothing else has happened in this task. */
  readonly ilocks = new HeldList()
  /** What an xfs_ilock that waits takes when it has waited. */
  readonly ilocksLater = new HeldList()
  /** The system call whose return was the last of them, and who told of it; '' once both have. */
  returned = ''
  returnedBy = 0
  lastCpu = -1
  /** Time of the last event that concerned it. */
  latestNs: Ns = -Infinity
  /** Time of the event before that. */
  previousNs: Ns = -Infinity

  /** Nested waits that count; the time since the outermost began belongs to `waitOp`. */
  waitDepth = 0
  waitFromNs: Ns = NaN
  waitOp = -1
  waitClass = -1
  /** lock_contended / lock_acquired events so far: tells whether lockdep saw a contention_* wait too. */
  lockdepSeen = 0

  history: History | undefined = undefined
  /** ext4_journal_start not yet answered by jbd2_handle_start. */
  journalAskedNs: Ns = NaN
  /** ext4_ext_map_blocks_exit of a block that is zeroed before it is published (ext4_map_blocks). */
  zeroFromNs: Ns = NaN

  /** TASK_STATES index, -1 not known. */
  state = -1
  stateFromNs: Ns = NaN
  stateCpu = -1
  switchedOutNs: Ns = NaN
  /** Switched out uninterruptibly inside an operation without a known lock wait. */
  blockedNs: Ns = NaN
  /** The last journal commit of this task, and the span that stands for it as a holder (-1: none yet). */
  commitOp = -1
  commitFromNs: Ns = NaN
  commitEndNs: Ns = NaN
  commitSpan = -1

  constructor(task: number) {
    this.task = task
  }

  /** The innermost operation events belong to now, or undefined. */
  current(): OpFrame | undefined {
    for (let i = this.depth - 1; i >= 0; i--) if (!this.ops[i].quiet) return this.ops[i]
    return undefined
  }

  currentId(): number {
    for (let i = this.depth - 1; i >= 0; i--) if (!this.ops[i].quiet) return this.ops[i].id
    return -1
  }

  top(): OpFrame | undefined {
    return this.depth > 0 ? this.ops[this.depth - 1] : undefined
  }
}
