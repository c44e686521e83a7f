/**
 * Task states and wake-ups: what a switch says of the task that leaves and of the one that comes, which sleeps were waits for a
 * journal commit, and how long an operation was off its CPU.
 */
import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED, SPAN_INFERRED, TASK_STATES } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { at, diagnosed, edgesOf, locksOf, opsOf, phasesOf, traceOf } from '../support/import-text.ts'
import { A, first } from '../support/span-lines.ts'

function switched(us: number, prev: number, state: string, next: number, cpu = 0): string {
  const body = `prev_comm=t prev_pid=${prev} prev_prio=120 prev_state=${state} ==> next_comm=t next_pid=${next} next_prio=120`
  return at(us, prev, `sched_switch: ${body}`, { cpu })
}
const waking = (us: number, by: number, pid: number, comm?: string, cpu = 1): string =>
  at(us, by, `sched_waking: comm=x pid=${pid} prio=120 target_cpu=000`, {
    cpu,
    ...(comm === undefined ? {} : { comm }),
  })
const wakeup = (us: number, by: number, pid: number, where = {}): string =>
  at(us, by, `sched_wakeup: comm=x pid=${pid} prio=120 target_cpu=000`, { cpu: 1, ...where })

/** What a task was, from when to when. */
function statesOf(trace: Trace, pid: number) {
  const { length, cols } = trace.taskState
  return Array.from({ length }, (_, row) => row)
    .filter((row) => trace.tasks[cols.task[row]].pid === pid)
    .map((row) => [
      TASK_STATES[cols.state[row]],
      cols.startNs[row] / 1000,
      (cols.startNs[row] + cols.durationNs[row]) / 1000,
    ])
}

describe('a task that leaves its CPU', () => {
  it('is what the kernel says of it', () => {
    const was = (state: string) => statesOf(traceOf(first, switched(10, 1, state, 2)), 1)[0]?.[0]
    expect(['R', 'R+', 'S', 'D', 'X', 'Z', 'I'].map(was)).toEqual([
      'runnable',
      'runnable',
      'sleeping',
      'disk-sleep',
      'dead',
      'dead',
      'sleeping',
    ])
  })

  it('waits for a lock wherever one that is known is open: named, unnamed, or mmap_lock', () => {
    const was = (...lines: readonly string[]) => statesOf(traceOf(first, ...lines, switched(10, 1, 'D', 2)), 1)[0]?.[0]
    expect(was(at(5, 1, `lock_acquire: ${A} &m`), at(6, 1, `lock_contended: ${A} &m`))).toBe('lock')
    expect(was(at(5, 1, `lock_acquired: ${A} &n`), at(6, 1, `contention_begin: ${A} (flags=READ)`))).toBe('lock')
    expect(was(at(5, 1, 'mmap_lock_start_locking: mm=00000000cccccccc memcg_path= write=true'))).toBe('lock')
    expect(was(at(5, 1, `contention_begin: ${A} (flags=READ)`), at(6, 1, `contention_end: ${A} (ret=0)`))).toBe(
      'disk-sleep',
    )
  })

  it('asleep for a lock it waits for does not ask for mmap_lock by that', () => {
    const trace = traceOf(
      at(5, 1, 'mmap_lock_start_locking: mm=00000000cccccccc memcg_path= write=true'),
      at(6, 1, `contention_begin: ${A} (flags=SPIN)`),
      switched(10, 1, 'D', 2),
      switched(15, 2, 'S', 1),
      at(16, 1, `contention_end: ${A} (ret=0)`),
      at(20, 1, 'mmap_lock_acquire_returned: mm=00000000cccccccc memcg_path= write=true success=true'),
    )
    expect(locksOf(trace).map((span) => [span.class, span.flags & SPAN_CONTENDED])).toEqual([
      ['(unnamed spinlock)', SPAN_CONTENDED],
      ['mmap_lock', 0],
    ])
  })

  it('is what another CPU with a clock behind says from when its last state was cut short, no earlier', () => {
    // Task 1 runs on CPU 0 from 10 on; at 30 somebody else leaves that CPU. At 25 by its own clock CPU 1 has task 1.
    const trace = traceOf(
      first,
      switched(10, 9, 'S', 1),
      switched(30, 7, 'S', 2),
      switched(25, 8, 'S', 1, 1),
      switched(40, 1, 'S', 8, 1),
      switched(50, 8, 'S', 1, 1),
    )
    expect(statesOf(trace, 1)).toEqual([
      ['running', 10, 30],
      ['running', 30, 40],
      ['sleeping', 40, 50],
      ['running', 50, NaN],
    ])
    expect(diagnosed(trace, 'clock-backwards')).toBe(1)
  })

  it('is not where it was before what another CPU said of it', () => {
    const held = (...lines: readonly string[]) => {
      const trace = traceOf(
        first,
        switched(10, 9, 'S', 1),
        at(20, 1, `lock_acquire: ${A} &m`),
        at(20, 1, `lock_acquired: ${A} &m`),
        switched(30, 1, 'D', 2),
        ...lines,
      )
      return [locksOf(trace)[0]?.releasedNs, diagnosed(trace, 'clock-backwards')]
    }
    const released = (us: number) => at(us, 1, `lock_release: ${A} &m`)
    expect(held(wakeup(40, 5, 1), released(45))).toEqual([45_000, 0])
    // CPU 1 woke it at 40: what it did at 35 was before that, and when it let go nobody knows.
    expect(held(wakeup(40, 5, 1), released(35))).toEqual([NaN, 1])
    // What CPU 1 says of 25 does not take back that it left at 30.
    expect(held(wakeup(25, 5, 1), released(28))).toEqual([NaN, 2])
  })

  it('becomes runnable when it is woken, once, and stays what it is where it was not asleep', () => {
    const trace = traceOf(
      first,
      switched(10, 1, 'S', 2),
      waking(20, 5, 1),
      wakeup(22, 5, 1),
      switched(30, 2, 'R', 1),
      // It runs: a wake-up changes nothing.
      wakeup(35, 5, 1),
      switched(40, 1, 'R', 2),
      wakeup(45, 5, 1),
      // Nothing was seen of this one.
      wakeup(46, 5, 77),
    )
    expect(statesOf(trace, 1)).toEqual([
      ['sleeping', 10, 20],
      ['runnable', 20, 30],
      ['running', 30, 40],
      ['runnable', 40, NaN],
    ])
    expect(statesOf(trace, 77)).toEqual([])
  })

  it('ran until another was seen in its place on its own CPU, whatever it does on another one', () => {
    const trace = traceOf(
      first,
      switched(10, 1, 'S', 7),
      // It left CPU 0 unseen and is seen to run on CPU 1: what CPU 0 does next says nothing about it.
      switched(20, 3, 'S', 7, 1),
      switched(30, 9, 'S', 4),
      switched(40, 7, 'S', 3, 1),
      switched(50, 4, 'S', 9),
      switched(60, 5, 'S', 4),
    )
    expect(statesOf(trace, 7)).toEqual([
      ['running', 10, 20],
      ['running', 20, 40],
      ['sleeping', 40, NaN],
    ])
    // The one seen asleep since does not run on because its place is taken.
    expect(statesOf(trace, 9)).toEqual([
      ['sleeping', 30, 50],
      ['running', 50, 60],
    ])
  })
})

describe('a fault', () => {
  const trap = (us: number): string => at(us, 1, 'page_fault_user: address=0x7f0000001008 ip=0x4020a0 error_code=0x6')
  const faults = (...lines: readonly string[]) => opsOf(traceOf(first, ...lines)).filter(({ pid }) => pid === 1).length

  it('is the same touch within five milliseconds of running, however long its task was off its CPU', () => {
    expect(faults(trap(1000), trap(6000))).toBe(1)
    expect(faults(trap(1000), trap(6001))).toBe(2)
    expect(faults(trap(1000), switched(2000, 1, 'R', 2), switched(9000, 2, 'R', 1), trap(13_000))).toBe(1)
    expect(faults(trap(1000), switched(2000, 1, 'R', 2), switched(9000, 2, 'R', 1), trap(13_001))).toBe(2)
  })

  it('is the same touch where its task was seen to come back and not to leave', () => {
    expect(faults(trap(1000), switched(1500, 2, 'R', 1), trap(2000))).toBe(1)
  })

  it('counts the time off its CPU from the switch on, and anew after every step', () => {
    const away = (us: number, length: number) => [switched(us, 1, 'R', 2), switched(us + length, 2, 'R', 1)]
    expect(faults(trap(1000), ...away(2000, 4000), ...away(7000, 4000), trap(14_000))).toBe(1)
    expect(faults(trap(1000), ...away(2000, 4000), ...away(7000, 4000), trap(14_001))).toBe(2)
    const step = at(7000, 1, 'mm_filemap_fault: dev=254:0 ino=52c00 ofs=212992')
    expect(faults(trap(1000), ...away(2000, 4000), step, trap(12_000))).toBe(1)
    expect(faults(trap(1000), ...away(2000, 4000), step, trap(12_001))).toBe(2)
  })
})

describe('a wait for a journal commit', () => {
  const JBD2 = 'jbd2/pmem0-8'
  const commit = (us: number, what: string): string =>
    at(us, 77, `jbd2_${what}: dev 259,0 transaction 375 sync 0`, { comm: JBD2, cpu: 1 })
  const waits = (trace: Trace) =>
    locksOf(trace)
      .filter(({ pid }) => pid < 3)
      .map((span) => [span.pid, span.class, span.requestedNs / 1000, span.acquiredNs / 1000])
  const sync = (us: number, pid: number): string[] => [at(us, pid, 'sys_fsync(fd: 3)'), switched(us + 1, pid, 'D', 0)]
  const done = (us: number, pid: number): string[] => [switched(us, 0, 'R', pid), at(us + 1, pid, 'sys_fsync -> 0x0')]

  it('of several is for one commit: one span holds them all up, since it began', () => {
    const trace = traceOf(
      first,
      // Shows that the trace has waits at all: what operations waited is known from here on.
      at(1, 3, `contention_begin: ${A} (flags=READ)`),
      at(2, 3, `contention_end: ${A} (ret=0)`),
      ...sync(5, 1),
      commit(10, 'start_commit'),
      ...sync(20, 2),
      commit(40, 'end_commit'),
      waking(41, 77, 1, JBD2),
      waking(42, 77, 2, JBD2),
      ...done(50, 1),
      ...done(60, 2),
    )
    const holders = locksOf(trace).filter(({ pid }) => pid === 77)
    expect(holders).toMatchObject([
      { class: 'journal', flags: SPAN_INFERRED, mode: 'exclusive', acquiredNs: 10_000, releasedNs: 41_000, op: 1 },
    ])
    expect(waits(trace)).toEqual([
      [1, 'journal', 6, 41],
      [2, 'journal', 21, 42],
    ])
    expect(edgesOf(trace).map(({ holder, overlapNs }) => [holder, overlapNs])).toEqual([
      [holders[0].id, 31_000],
      [holders[0].id, 21_000],
    ])
    expect(opsOf(trace).filter(({ kind }) => kind === 'fsync')).toMatchObject([{ waitNs: 35_000 }, { waitNs: 21_000 }])
    expect(phasesOf(trace).filter(({ name }) => name === 'commit_wait')).toHaveLength(2)
  })

  it('for the next commit has a holder of its own', () => {
    const round = (us: number) => [
      commit(us, 'start_commit'),
      ...sync(us + 10, 1),
      commit(us + 20, 'end_commit'),
      waking(us + 21, 77, 1, JBD2),
      ...done(us + 30, 1),
    ]
    const trace = traceOf(first, ...round(100), ...round(200))
    expect(locksOf(trace).filter(({ pid }) => pid === 77)).toHaveLength(2)
  })

  it('ends soon after the commit: a wake-up later than ten milliseconds after its end is for something else', () => {
    const woken = (us: number) =>
      traceOf(
        first,
        commit(100, 'start_commit'),
        ...sync(110, 1),
        commit(20_000, 'end_commit'),
        waking(us, 77, 1, JBD2),
        ...done(us + 10, 1),
      )
    expect(waits(woken(30_000))).toHaveLength(1)
    expect(waits(woken(30_001))).toHaveLength(0)
  })

  it('may be as long as the commit is', () => {
    const trace = traceOf(
      first,
      commit(100, 'start_commit'),
      ...sync(110, 1),
      waking(20_000, 77, 1, JBD2),
      commit(20_100, 'end_commit'),
      ...done(20_200, 1),
    )
    expect(waits(trace)).toEqual([[1, 'journal', 111, 20_000]])
  })

  it('whose begin was not seen holds up for as long as it was waited for', () => {
    const trace = traceOf(
      first,
      at(50, 77, 'op_begin: kind=commit ino=1 dev=1:1', { comm: JBD2, cpu: 1 }),
      ...sync(110, 1),
      waking(200, 77, 1, JBD2),
      ...done(210, 1),
    )
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 89_000 }])
  })

  it('is none of a task outside any operation, of one that only lost its CPU, and of what others woke', () => {
    const none = (...lines: readonly string[]) => {
      const trace = traceOf(first, commit(100, 'start_commit'), ...lines, commit(150, 'end_commit'))
      expect(locksOf(trace)).toEqual([])
      expect(phasesOf(trace)).toEqual([])
    }
    none(switched(110, 1, 'D', 0), waking(120, 77, 1, JBD2))
    none(at(109, 1, 'sys_fsync(fd: 3)'), switched(110, 1, 'R', 0), waking(120, 77, 1, JBD2))
    none(...sync(110, 1), waking(120, 5, 1))
    none(...sync(110, 1), at(120, 77, 'sched_waking: comm=x pid=1 prio=120 target_cpu=000', { comm: JBD2, irq: 's' }))
  })

  it('is told by sched_wakeup where the trace has no sched_waking', () => {
    const trace = traceOf(
      first,
      commit(100, 'start_commit'),
      ...sync(110, 1),
      wakeup(120, 77, 1, { comm: JBD2 }),
      ...done(130, 1),
      commit(150, 'end_commit'),
    )
    expect(waits(trace)).toEqual([[1, 'journal', 111, 120]])
  })

  it('leaves out the steps of others: a commit state is one of the journal thread only', () => {
    const trace = traceOf(first, commit(100, 'commit_locking'), commit(110, 'start_commit'), commit(120, 'end_commit'))
    expect(phasesOf(trace)).toEqual([])
    expect(opsOf(trace)).toMatchObject([{ kind: 'commit', startNs: 110_000, endNs: 120_000 }])
  })

  it('begins anew where the end of the last commit was lost', () => {
    const trace = traceOf(
      first,
      commit(100, 'start_commit'),
      commit(101, 'commit_locking'),
      commit(200, 'start_commit'),
      commit(220, 'end_commit'),
    )
    expect(opsOf(trace)).toMatchObject([
      { kind: 'commit', endNs: NaN },
      { kind: 'commit', startNs: 200_000, endNs: 220_000 },
    ])
    expect(phasesOf(trace)).toMatchObject([{ name: 'commit_locking', endNs: NaN }])
    expect(trace.diagnostics.map(({ code }) => code)).not.toContain('open-at-end')
  })

  it('ends its own steps with each state, and none from before it', () => {
    const where = { comm: JBD2, cpu: 1 }
    const trace = traceOf(
      first,
      at(90, 77, 'phase_begin: name=before', where),
      commit(100, 'start_commit'),
      commit(101, 'commit_locking'),
      commit(105, 'commit_flushing'),
      commit(110, 'end_commit'),
      at(120, 77, 'phase_end: name=before', where),
    )
    expect(phasesOf(trace).map(({ name, startNs, endNs }) => [name, startNs / 1000, endNs / 1000])).toEqual([
      ['before', 90, 120],
      ['commit_locking', 101, 105],
      ['commit_flushing', 105, 110],
    ])
  })

  it('inside the function that commits is that operation, and ends with it', () => {
    const call = (us: number, what: string) =>
      at(us, 77, `funcgraph_${what}: func=jbd2_journal_commit_transaction depth=0`, { comm: JBD2, cpu: 1 })
    const trace = traceOf(
      first,
      call(100, 'entry'),
      commit(101, 'start_commit'),
      commit(102, 'commit_locking'),
      commit(110, 'end_commit'),
      call(120, 'exit'),
    )
    expect(opsOf(trace)).toMatchObject([{ kind: 'commit', startNs: 100_000, endNs: 120_000 }])
    expect(phasesOf(trace)).toMatchObject([{ name: 'commit_locking', startNs: 102_000, endNs: 110_000 }])
  })

  it('once its states are over, what is held there is held in the commit, in none of them', () => {
    const where = { comm: JBD2, cpu: 1 }
    const call = (us: number, what: string) =>
      at(us, 77, `funcgraph_${what}: func=jbd2_journal_commit_transaction depth=0`, where)
    const trace = traceOf(
      first,
      call(100, 'entry'),
      commit(101, 'start_commit'),
      commit(102, 'commit_locking'),
      at(105, 77, `lock_acquire: ${A} &m`, where),
      at(105, 77, `lock_acquired: ${A} &m`, where),
      commit(110, 'end_commit'),
      at(112, 1, `lock_acquire: ${A} &m`),
      at(112, 1, `lock_contended: ${A} &m`),
      at(118, 77, `lock_release: ${A} &m`, where),
      at(119, 1, `lock_acquired: ${A} &m`),
      call(120, 'exit'),
    )
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 6_000, phase: 'other' }])
  })
})
