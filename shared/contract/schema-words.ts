/**
 * What the tables and columns of a trace mean, in words: for completion, the list of tables and the help. The tables
 * themselves are read from the open file; a test holds these words against the real schema, so that none is missing and
 * none is about something that is not there.
 */

export interface TableWords {
  /** What a row is. */
  readonly about: string
  readonly columns: Readonly<Record<string, string>>
}

const NS = 'ns since the trace began'

export const SCHEMA_WORDS: Readonly<Record<string, TableWords>> = {
  op: {
    about: 'An operation: a fault, a truncate, a system call, a journal commit.',
    columns: {
      id: 'number of the operation',
      trace_id: 'the trace it is in',
      task_id: 'who did it',
      kind: 'read_fault, write_fault, truncate, punch_hole, write, fsync, …',
      start_ns: NS,
      duration_ns: 'NULL where its end is not in the trace',
      inode: 'the file, as dev:ino',
      offset: 'where in the file, bytes',
      length: 'how much of the file, bytes',
      result: 'what it returned; negative: an errno',
      wait_ns: 'how much of it was waiting for locks',
      cpu: 'where it began',
      inferred: '1: deduced, not recorded as such',
    },
  },
  lock_span: {
    about: 'One acquisition of a lock, from asking for it to giving it back.',
    columns: {
      id: 'number of the acquisition; a wait is named by it',
      lock_id: 'which lock',
      task_id: 'who took it',
      op_id: 'the operation it was taken in',
      mode: 'exclusive or shared',
      requested_ns: `asked for, ${NS}`,
      acquired_ns: `got, ${NS}`,
      released_ns: `given back, ${NS}`,
      contended: '1: had to wait; NULL: cannot be known',
      inferred: '1: a time was deduced',
      trylock: '1: tried, would not have waited',
      irq: '1: in interrupt context',
      hold_known: '1: acquired and released are both from the trace',
    },
  },
  wait_edge: {
    about: 'Who waited for whom: a waiting acquisition and one that held the lock meanwhile.',
    columns: {
      id: 'number of the edge',
      waiter_span_id: 'the acquisition that waited',
      holder_span_id: 'the acquisition that held',
      overlap_ns: 'how long it was waited for this holder',
      holder_phase: 'what the holder was doing most of that time',
      kind: 'lock, or another way of blocking',
    },
  },
  phase: {
    about: 'A part of an operation: map_blocks, zero, unmap, commit_wait, …',
    columns: {
      id: 'number of the phase',
      op_id: 'the operation it is a part of',
      task_id: 'who did it',
      name: 'the function or tracepoint',
      start_ns: NS,
      duration_ns: 'NULL where its end is not in the trace',
      depth: '0: directly in the operation',
    },
  },
  task_state: {
    about: 'A task was running, runnable, or asleep for a reason.',
    columns: {
      id: 'number of the state',
      task_id: 'whose',
      state: 'running, runnable, io, lock, disk-sleep, sleeping, dead',
      start_ns: NS,
      duration_ns: 'NULL where its end is not in the trace',
      cpu: 'where it ran',
    },
  },
  task: {
    about: 'A thread.',
    columns: {
      id: 'number of the task',
      trace_id: 'the trace it is in',
      pid: 'thread id',
      tgid: 'process id',
      comm: 'its name',
    },
  },
  lock: {
    about: 'One lock: an instance of a class.',
    columns: {
      id: 'number of the lock',
      class_id: 'its class',
      address: 'where it is in the kernel, hashed where the kernel hashes',
      label: 'a name of its own, where it has one',
      inode: 'the file it belongs to, where that is known',
    },
  },
  lock_class: {
    about: 'What the kernel calls a lock: i_mmap_rwsem, mapping.invalidate_lock, …',
    columns: {
      id: 'number of the class',
      trace_id: 'the trace it is in',
      name: 'as the trace spells it',
      kind: 'mutex, rwsem, spinlock, …',
    },
  },
  event: {
    about:
      'Every raw event. Made from compressed chunks while it is read; event_in(trace_id, from_ns, to_ns) reads a window only.',
    columns: {
      trace_id: 'the trace it is in',
      ts_ns: NS,
      cpu: 'where it happened',
      task_id: 'who was running',
      name: 'the tracepoint',
      args: "its fields as JSON: json_extract(args, '$.dev')",
      stack: 'call stack, innermost frame first, one per line',
    },
  },
  diagnostic: {
    about: 'What the import remarked: skipped lines, lost events, ends without beginnings.',
    columns: {
      id: 'number of the remark',
      trace_id: 'the trace it is about',
      severity: 'info, warning, error',
      code: 'its kind',
      message: 'in words',
      first_line: 'where it was first seen in the input',
      count: 'how often',
    },
  },
  annotation: {
    about: 'Marks and notes on the time axis.',
    columns: {
      id: 'number of the mark',
      trace_id: 'the trace it is in',
      kind: 'what kind of mark',
      start_ns: NS,
      end_ns: 'NULL: a moment',
      text: 'what it says',
    },
  },
  trace: {
    about: 'The trace itself: where it came from and what it covers.',
    columns: {
      id: 'number of the trace in this file',
      name: 'its name',
      source_format: 'what it was imported from',
      clock: 'the clock it was recorded with',
      clock_unit: 'ns, or tick where the clock counts something else',
      start_clock: 'what the clock read at time 0',
      start_unix_ns: 'when it began, ns since 1970, as text; NULL where unknown',
      duration_ns: 'how long it is',
      event_count: 'how many raw events it has',
      lost_events: 'how many the kernel lost; NULL where unknown',
      kernel: 'the kernel it was recorded on',
      machine: 'uname -m of the recording',
      cpus: 'how many CPUs',
      scenario: 'simulated runs: of what',
      strategy: 'simulated runs: under which locking',
      seed: 'simulated runs: with which seed',
      digest: 'simulated runs: the same on every machine',
      parent_trace_id: 'the trace it was made from',
      rate_bucket_ns: 'width of a bucket of event_rate',
    },
  },
  event_name: {
    about: 'How many events of each name there are.',
    columns: { trace_id: 'the trace', seq: 'number of the name', name: 'the tracepoint', n: 'how many events' },
  },
  event_rate: {
    about: 'Raw events per time bucket of trace.rate_bucket_ns.',
    columns: { trace_id: 'the trace', start_ns: `begin of the bucket, ${NS}`, n: 'how many events' },
  },
}

/** The order in which people look for them; what is not here comes after, and is the file's own bookkeeping. */
export const TABLE_ORDER: readonly string[] = Object.keys(SCHEMA_WORDS)
