/**
 * The fixed vocabularies of a trace: operation kinds, lock modes, task states, edge kinds. They are stored as small
 * integers in columns and as words in SQL and JSON. System calls outside OP_KINDS become kinds under their own name.
 */

/** Operation kinds, in the order every page lists them. */
export const OP_KINDS = [
  'read_fault',
  'write_fault',
  'mkwrite',
  'cow_fault',
  'pmd_fault',
  'fault',
  'truncate',
  'punch_hole',
  'fallocate',
  'read',
  'write',
  'fsync',
  'fdatasync',
  'msync',
  'writeback',
  'commit',
  'invalidate',
  'mmap',
  'munmap',
] as const
export type OpKind = (typeof OP_KINDS)[number]

/** Those of them that are page faults. */
export const FAULT_KINDS: ReadonlySet<string> = new Set<OpKind>([
  'read_fault',
  'write_fault',
  'mkwrite',
  'cow_fault',
  'pmd_fault',
  'fault',
])

export const MODES = ['exclusive', 'shared'] as const
export type LockMode = (typeof MODES)[number]

/** `lock_span.cols.flags`. */
export const SPAN_CONTENDED = 1
/** Which lock, who or when was deduced, not recorded. */
export const SPAN_INFERRED = 2
/** A trylock: it never waits. */
export const SPAN_TRY = 4
/** Taken in interrupt context: it runs on the task's time but is not the task's doing. */
export const SPAN_IRQ = 8
/** The trace can show holds of this lock (false for contention_* waits). Without it acquired/released say nothing of a hold. */
export const SPAN_HOLD_KNOWN = 16

/** `lock.label` of a lock whose name no event of the trace prints. */
export const NAMED_BY_STACKS = 'named by call stacks'
export const NAMED_BY_BEHAVIOUR = 'named by behaviour'
export const NAMED_BY_USER = 'named by the user'
/** Such a label says where the class's name comes from: it is no name itself. */
export const NAMINGS: readonly string[] = [NAMED_BY_STACKS, NAMED_BY_BEHAVIOUR, NAMED_BY_USER]

/** Task states, `task_state.state`; sched_switch's prev_state decides. */
export const TASK_STATES = ['running', 'runnable', 'io', 'lock', 'disk-sleep', 'sleeping', 'dead'] as const
export type TaskState = (typeof TASK_STATES)[number]

/** Why a wait edge is there: the holder held it, or stood before the waiter in the queue (a waiting writer blocks readers). */
export const EDGE_KINDS = ['holder', 'queued-writer'] as const
export type EdgeKind = (typeof EDGE_KINDS)[number]

/** What a lock class is. `annotation` classes are lockdep bookkeeping: spans, not locks, and never listed as contention. */
export const LOCK_KINDS = [
  'mutex',
  'rwsem',
  'spinlock',
  'rwlock',
  'percpu-rwsem',
  'seqcount',
  'bit-lock',
  'annotation',
  'unknown',
] as const
export type LockKind = (typeof LOCK_KINDS)[number]

export const SEVERITIES = ['info', 'warning', 'error'] as const
export type Severity = (typeof SEVERITIES)[number]

/**
 * What of an event's circumstances makes spans: the context it happened in (CONTEXT_* of the recorder), and what went
 * before it in the input. With these the raw events say again all the spans say.
 */
export const EVENT_CONTEXT = 0b11
/** Events of its CPU, or of any, were lost before it. */
export const EVENT_AFTER_LOSS = 0b100
export const EVENT_AFTER_ANY_LOSS = 0b1000
/** Another trace of the same input begins with it. */
export const EVENT_BOUNDARY = 0b1_0000
/** Its payload is stored as the record it is printed from. Whoever reads chunks of a file gets text, and not this. */
export const EVENT_RECORD = 0b1000_0000
