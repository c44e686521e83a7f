import { describe, expect, it } from 'vitest'
import { contention } from '#shared/analysis/contention.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED, TASK_STATES } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { at, diagnosed, edgesOf, locksOf, opsOf, traceOf } from '../support/import-text.ts'
import { A, MM } from '../support/span-lines.ts'

describe('unnamed waits (contention_begin, contention_end)', () => {
  it('begins of one wait are one wait, from the first to the end', () => {
    const trace = traceOf(
      at(10, 1, `contention_begin: ${A} (flags=SPIN|MUTEX)`),
      at(12, 1, `contention_begin: ${A} (flags=MUTEX)`),
      at(20, 1, `contention_begin: ${A} (flags=SPIN|MUTEX)`),
      at(25, 1, `contention_end: ${A} (ret=0)`),
    )
    expect(locksOf(trace)).toMatchObject([
      {
        class: '(unnamed mutex)',
        kind: 'mutex',
        mode: 'exclusive',
        flags: SPAN_CONTENDED,
        requestedNs: 0,
        acquiredNs: 15_000,
      },
    ])
  })

  it('an rwsem wait that begins again lost its end', () => {
    const trace = traceOf(
      at(10, 1, `contention_begin: ${A} (flags=READ)`),
      at(90, 1, `contention_begin: ${A} (flags=READ)`),
      at(95, 1, `contention_end: ${A} (ret=0)`),
    )
    expect(locksOf(trace).map((span) => [span.requestedNs, span.acquiredNs])).toEqual([
      [0, NaN],
      [80_000, 85_000],
    ])
  })

  it('waits for different locks nest, and count once in the operation', () => {
    const trace = traceOf(
      at(10, 1, 'sys_fsync(fd: 3)'),
      at(20, 1, `contention_begin: ${A} (flags=READ)`),
      at(22, 1, 'contention_begin: 00000000bbbbbbbb (flags=SPIN)'),
      at(25, 1, 'contention_end: 00000000bbbbbbbb (ret=0)'),
      at(30, 1, `contention_end: ${A} (ret=0)`),
      at(40, 1, 'sys_fsync -> 0x0'),
    )
    expect(
      locksOf(trace)
        .map((span) => [span.class, span.mode, span.acquiredNs - span.requestedNs])
        .sort(),
    ).toEqual([
      ['(unnamed rwsem)', 'shared', 10_000],
      ['(unnamed spinlock)', 'exclusive', 3000],
    ])
    expect(opsOf(trace)).toMatchObject([{ waitNs: 10_000 }])
  })

  it('operations from before the first wait of a trace waited for nothing; without wait events nobody knows', () => {
    const calls = [at(10, 1, 'sys_fsync(fd: 3)'), at(20, 1, 'sys_fsync -> 0x0')]
    expect(opsOf(traceOf(...calls))).toMatchObject([{ waitNs: NaN }])
    const trace = traceOf(
      ...calls,
      at(30, 2, `contention_begin: ${A} (flags=READ)`),
      at(31, 2, `contention_end: ${A} (ret=0)`),
    )
    expect(opsOf(trace)).toMatchObject([{ waitNs: 0 }])
  })

  it('a wait lockdep shows is not counted again', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} read &m`),
      at(11, 1, `lock_contended: ${A} &m`),
      at(12, 1, 'contention_begin: 00000000bbbbbbbb (flags=READ)'),
      at(20, 1, 'contention_end: 00000000bbbbbbbb (ret=0)'),
      at(21, 1, `lock_acquired: ${A} &m`),
      at(22, 1, `lock_release: ${A} &m`),
    )
    expect(locksOf(trace).map((span) => span.class)).toEqual(['&m'])
  })

  it('tells who reads where only lock_contended names the lock, and readers do not keep each other waiting', () => {
    const waits = (us: number, pid: number, mode: string) => [
      at(us, pid, `lock_contended: ${A} &s`),
      at(us + 1, pid, `contention_begin: 00000000bbbbbbbb (flags=${mode})`),
    ]
    const trace = traceOf(
      ...waits(10, 1, 'READ'),
      ...waits(20, 2, 'WRITE'),
      at(30, 1, `lock_acquired: ${A} &s`),
      ...waits(40, 3, 'READ'),
      at(50, 2, `lock_acquired: ${A} &s`),
      at(60, 3, `lock_acquired: ${A} &s`),
    )
    expect(locksOf(trace).map(({ pid, mode }) => [pid, mode])).toEqual([
      [1, 'shared'],
      [2, 'exclusive'],
      [3, 'shared'],
    ])
  })

  it('an interrupted wait was never granted', () => {
    const trace = traceOf(at(10, 1, `contention_begin: ${A} (flags=WRITE)`), at(20, 1, `contention_end: ${A} (ret=-4)`))
    expect(locksOf(trace)).toMatchObject([{ acquiredNs: NaN, releasedNs: 10_000 }])
  })

  it('the task that wakes a waiter held the lock until then; the span says it is inferred', () => {
    const trace = traceOf(
      at(5, 2, 'sys_ftruncate(fd: 3, length: 0)'),
      at(10, 1, `contention_begin: ${A} (flags=READ)`),
      at(30, 2, 'sched_waking: comm=task1 pid=1 prio=120 target_cpu=000', { cpu: 1 }),
      at(33, 1, `contention_end: ${A} (ret=0)`),
    )
    const holder = locksOf(trace).find((span) => span.pid === 2)
    const waiter = locksOf(trace).find((span) => span.pid === 1)
    expect(holder).toMatchObject({
      flags: SPAN_INFERRED,
      mode: 'exclusive',
      acquiredNs: NaN,
      releasedNs: 25_000,
      op: 0,
    })
    expect(edgesOf(trace)).toEqual([
      { waiter: waiter?.id, holder: holder?.id, overlapNs: 20_000, phase: 'other', kind: 'holder' },
    ])
  })

  it('a holder that had waited itself is that span, released when it wakes the next', () => {
    const trace = traceOf(
      at(10, 2, `contention_begin: ${A} (flags=WRITE)`),
      at(15, 2, `contention_end: ${A} (ret=0)`),
      at(20, 1, `contention_begin: ${A} (flags=WRITE)`),
      at(30, 2, 'sched_waking: comm=task1 pid=1 prio=120 target_cpu=000'),
      at(33, 1, `contention_end: ${A} (ret=0)`),
    )
    const spans = locksOf(trace)
    expect(spans).toHaveLength(2)
    expect(spans[0]).toMatchObject({
      pid: 2,
      acquiredNs: 5000,
      releasedNs: 20_000,
      flags: SPAN_CONTENDED | SPAN_INFERRED,
    })
    expect(edgesOf(trace)).toMatchObject([{ waiter: spans[1].id, holder: spans[0].id, overlapNs: 10_000 }])
  })

  it('an interrupt or the idle task that prints a wake-up is not taken for a holder', () => {
    const trace = traceOf(
      at(10, 1, `contention_begin: ${A} (flags=READ)`),
      at(20, 2, 'sched_wakeup: comm=task1 pid=1 prio=120 target_cpu=000', { irq: 'h', cpu: 1 }),
      at(21, 0, 'sched_wakeup: comm=task1 pid=1 prio=120 target_cpu=000', { cpu: 1 }),
      at(33, 1, `contention_end: ${A} (ret=0)`),
    )
    expect(locksOf(trace)).toHaveLength(1)
    expect(edgesOf(trace)).toEqual([])
  })
})

describe('call stacks of unnamed waits', () => {
  const wait = (us: number, address: string, caller: string): string[] => [
    at(us, 1, `contention_begin: ${address} (flags=READ)`),
    at(us, 1, '<stack trace>'),
    ' => trace_event_raw_event_contention_begin',
    ' => rwsem_down_read_slowpath',
    ' => down_read',
    ` => ${caller}`,
    at(us + 2, 1, `contention_end: ${address} (ret=0)`),
  ]

  it('name the lock at that address, for all its waits, and say so', () => {
    const trace = traceOf(...wait(10, A, 'ext4_punch_hole'), ...wait(20, A, 'ext4_dax_huge_fault+0x61/0x3e0'))
    expect(locksOf(trace).map((span) => [span.class, span.flags & SPAN_INFERRED])).toEqual([
      ['mapping.invalidate_lock', 0],
      ['mapping.invalidate_lock', SPAN_INFERRED],
    ])
    expect(trace.locks[0].label).toBe('named by call stacks')
  })

  it('that contradict each other name nothing', () => {
    const trace = traceOf(...wait(10, A, 'do_truncate'), ...wait(20, A, 'ext4_map_blocks'))
    expect(new Set(locksOf(trace).map((span) => span.class))).toEqual(new Set(['(unnamed rwsem)']))
  })
})

describe('the call stack of a wait that other events name', () => {
  const begun = (us: number, caller: string): string[] => [
    at(us, 1, `contention_begin: ${A} (flags=READ)`),
    at(us, 1, '<stack trace>'),
    ' => rwsem_down_read_slowpath',
    ` => ${caller}`,
  ]
  const sites = (trace: Trace) =>
    contention.run(trace, contention.params.parse({ by: 'site' })).rows.map((row) => [row.class, row.site])

  it.each([
    [
      'mmap_lock',
      [
        at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
        ...begun(13, 'lock_mm_and_find_vma+0x17a/0x2a0'),
        at(40, 1, `contention_end: ${A} (ret=0)`),
        at(41, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
        at(50, 1, `mmap_lock_released: ${MM} write=false`),
      ],
    ],
    [
      'XFS_MMAPLOCK',
      [
        at(10, 1, 'xfs_ilock: dev 254:0 ino 0x83 flags MMAPLOCK_SHARED caller xfs_ilock_for_iomap'),
        ...begun(13, 'lock_mm_and_find_vma+0x17a/0x2a0'),
        at(40, 1, `contention_end: ${A} (ret=0)`),
        at(50, 1, 'xfs_iunlock: dev 254:0 ino 0x83 flags MMAPLOCK_SHARED caller xfs_ilock_for_iomap'),
      ],
    ],
    [
      '&mm->mmap_lock',
      [
        at(10, 1, `lock_acquire: ${A} read &mm->mmap_lock`),
        ...begun(13, 'lock_mm_and_find_vma+0x17a/0x2a0'),
        at(14, 1, `lock_contended: ${A} &mm->mmap_lock`),
        at(40, 1, `contention_end: ${A} (ret=0)`),
        at(41, 1, `lock_acquired: ${A} &mm->mmap_lock`),
        at(50, 1, `lock_release: ${A} &mm->mmap_lock`),
      ],
    ],
  ])('is the call site of the wait for %s', (name, lines) => {
    expect(sites(traceOf(...lines))).toEqual([[name, 'lock_mm_and_find_vma']])
  })
})

describe('mmap_lock:*', () => {
  it('an uncontended lock is a hold without a wait', () => {
    const trace = traceOf(
      at(10, 1, `mmap_lock_start_locking: ${MM} write=true`),
      at(12, 1, `mmap_lock_acquire_returned: ${MM} write=true success=true`),
      at(20, 1, `mmap_lock_released: ${MM} write=true`),
    )
    expect(locksOf(trace)).toMatchObject([
      {
        class: 'mmap_lock',
        mode: 'exclusive',
        flags: SPAN_HOLD_KNOWN,
        requestedNs: 2000,
        acquiredNs: 2000,
        releasedNs: 10_000,
      },
    ])
  })

  it('a refused trylock makes the attempt that follows a wait; the unnamed wait inside is the same', () => {
    const trace = traceOf(
      at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(11, 1, `mmap_lock_acquire_returned: ${MM} write=false success=false`),
      at(12, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(13, 1, `contention_begin: ${A} (flags=READ)`),
      at(40, 1, `contention_end: ${A} (ret=0)`),
      at(41, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(50, 1, `mmap_lock_released: ${MM} write=false`),
    )
    expect(locksOf(trace)).toMatchObject([
      {
        class: 'mmap_lock',
        mode: 'shared',
        flags: SPAN_CONTENDED | SPAN_HOLD_KNOWN,
        requestedNs: 2000,
        acquiredNs: 31_000,
      },
    ])
  })

  it('a downgrade ends the exclusive hold and begins a shared one', () => {
    const trace = traceOf(
      at(10, 1, `mmap_lock_start_locking: ${MM} write=true`),
      at(12, 1, `mmap_lock_acquire_returned: ${MM} write=true success=true`),
      at(15, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(20, 1, `mmap_lock_released: ${MM} write=false`),
    )
    expect(locksOf(trace).map((span) => [span.mode, span.acquiredNs, span.releasedNs])).toEqual([
      ['exclusive', 2000, 5000],
      ['shared', 5000, 10_000],
    ])
  })

  it('lockdep of the same lock is preferred', () => {
    const trace = traceOf(
      at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(11, 1, `lock_acquire: ${A} try read &mm->mmap_lock`),
      at(12, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(20, 1, `mmap_lock_released: ${MM} write=false`),
      at(21, 1, `lock_release: ${A} &mm->mmap_lock`),
    )
    expect(
      locksOf(trace)
        .filter((span) => !Number.isNaN(span.releasedNs))
        .map((span) => span.class),
    ).toEqual(['&mm->mmap_lock'])
  })
})

describe('xfs_ilock', () => {
  it('flags name the locks; times are inferred; a wait right after belongs to it', () => {
    const lock = 'dev 7:1 ino 0x84 flags'
    const trace = traceOf(
      at(10, 1, `xfs_ilock: ${lock} MMAPLOCK_SHARED caller a+0x1/0x2`),
      at(11, 1, `contention_begin: ${A} (flags=READ)`),
      at(20, 1, `contention_end: ${A} (ret=0)`),
      at(22, 1, `xfs_ilock: ${lock} ILOCK_EXCL|0x5000000 caller b+0x1/0x2`),
      at(30, 1, `xfs_iunlock: ${lock} ILOCK_EXCL caller b+0x1/0x2`),
      at(40, 1, `xfs_iunlock: ${lock} MMAPLOCK_SHARED caller a+0x1/0x2`),
    )
    const flags = SPAN_HOLD_KNOWN | SPAN_INFERRED
    expect(locksOf(trace)).toMatchObject([
      {
        class: 'XFS_MMAPLOCK',
        mode: 'shared',
        flags: flags | SPAN_CONTENDED,
        requestedNs: 0,
        acquiredNs: 10_000,
        releasedNs: 30_000,
      },
      { class: 'XFS_ILOCK', mode: 'exclusive', flags, acquiredNs: 12_000, releasedNs: 20_000 },
    ])
    expect(trace.inodes).toContain('7:1:132')
  })
})

describe('task states', () => {
  it('a switch in both spellings; blocked with an open wait is waiting for a lock', () => {
    const trace = traceOf(
      at(10, 1, `contention_begin: ${A} (flags=READ)`),
      at(
        11,
        1,
        'sched_switch: prev_comm=a b prev_pid=1 prev_prio=120 prev_state=D ==> next_comm=x next_pid=2 next_prio=120',
      ),
      at(15, 2, 'sched_wakeup: a b:1 [120] CPU:000'),
      at(20, 2, 'sched_switch: x:2 [120] R ==> a b:1 [120]'),
      at(21, 1, `contention_end: ${A} (ret=0)`),
      at(30, 1, 'sched_switch: a b:1 [120] S ==> x:2 [120]'),
    )
    const cols = trace.taskState.cols
    const rows = Array.from({ length: trace.taskState.length }, (_, row) => [
      trace.tasks[cols.task[row]].pid,
      TASK_STATES[cols.state[row]],
      cols.startNs[row],
      cols.durationNs[row],
    ])
    expect(rows).toEqual([
      [1, 'lock', 1000, 4000],
      [2, 'running', 1000, 9000],
      [1, 'runnable', 5000, 5000],
      [1, 'running', 10_000, 10_000],
      [2, 'runnable', 10_000, 10_000],
      [1, 'sleeping', 20_000, NaN],
      [2, 'running', 20_000, NaN],
    ])
  })

  it('a task that was left unseen (its PID was not chosen) ran until another one is seen in its place, no longer', () => {
    const to = (pid: number) => `next_comm=t${pid} next_pid=${pid} next_prio=120`
    const from = (pid: number) => `sched_switch: prev_comm=t${pid} prev_pid=${pid} prev_prio=120 prev_state=S ==>`
    const trace = traceOf(
      at(10, 1, `${from(1)} ${to(7)}`),
      at(15, 9, `${from(9)} ${to(1)}`),
      at(40, 1, `${from(1)} ${to(7)}`),
      at(41, 7, `${from(7)} ${to(1)}`),
    )
    const cols = trace.taskState.cols
    const ran = Array.from({ length: trace.taskState.length }, (_, row) => row)
      .filter((row) => trace.tasks[cols.task[row]].pid === 7 && TASK_STATES[cols.state[row]] === 'running')
      .map((row) => [cols.startNs[row], cols.durationNs[row]])
    expect(ran).toEqual([
      [0, 5000],
      [30_000, 1000],
    ])
  })

  it('a state told of in the past, after one that was cut short, begins where that ended', () => {
    const to = (pid: number) => `next_comm=t${pid} next_pid=${pid} next_prio=120`
    const from = (pid: number) => `sched_switch: prev_comm=t${pid} prev_pid=${pid} prev_prio=120 prev_state=S ==>`
    const trace = traceOf(
      at(10, 1, `${from(1)} ${to(7)}`),
      // 7 has left CPU 0 unseen: it ran until here.
      at(20, 9, `${from(9)} ${to(1)}`),
      // Another CPU's clock is behind.
      at(15, 3, `${from(3)} ${to(7)}`, { cpu: 1 }),
      at(30, 7, `${from(7)} ${to(3)}`, { cpu: 1 }),
    )
    const cols = trace.taskState.cols
    const rows = Array.from({ length: trace.taskState.length }, (_, row) => row)
      .filter((row) => trace.tasks[cols.task[row]].pid === 7)
      .map((row) => [TASK_STATES[cols.state[row]], cols.startNs[row], cols.durationNs[row]])
    expect(rows).toEqual([
      ['running', 0, 10_000],
      ['running', 10_000, 10_000],
      ['sleeping', 20_000, NaN],
    ])
    expect(diagnosed(trace, 'clock-backwards')).toBeGreaterThan(0)
  })
})
