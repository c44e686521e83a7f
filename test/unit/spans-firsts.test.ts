/**
 * The span builder where things are first or missing: the first class of locks, tasks that no event is of, times that stand still or
 * go back, and steps whose ends are at the very edge.
 */
import { describe, expect, it } from 'vitest'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { SpanBuilder } from '#shared/spans/span-builder.ts'
import { at, diagnosed, edgesOf, locksOf, traceOf } from '../support/import-text.ts'

const A = '00000000aaaaaaaa'
const B = '00000000bbbbbbbb'

describe('what is first or missing', () => {
  it('who waits for the first class of a trace is said to wait for it by those who wait for him', () => {
    const trace = traceOf(
      at(1, 1, `lock_acquire: ${A} first`),
      at(1, 1, `lock_acquired: ${A} first`),
      at(2, 2, `lock_acquire: ${B} second`),
      at(2, 2, `lock_acquired: ${B} second`),
      at(3, 2, `lock_acquire: ${A} first`),
      at(3, 2, `lock_contended: ${A} first`),
      at(4, 3, `lock_acquire: ${B} second`),
      at(4, 3, `lock_contended: ${B} second`),
      at(8, 1, `lock_release: ${A} first`),
      at(8, 2, `lock_acquired: ${A} first`),
      at(8, 2, `lock_release: ${A} first`),
      at(8, 2, `lock_release: ${B} second`),
      at(8, 3, `lock_acquired: ${B} second`),
    )
    expect(edgesOf(trace).map(({ phase }) => phase)).toContain('wait:first')
  })

  it('tasks that no event is of do not matter', () => {
    const collector = new TraceCollector()
    const builder = new TraceBuilder(collector, 'test', 'ftrace')
    const tasks = [1, 2, 3].map((pid) => builder.task(pid, 0))
    const spans = new SpanBuilder(builder)
    spans.at(10, 0, tasks[2] ?? 0, 0)
    spans.ops.begin('commit')
    spans.lost(undefined)
    spans.end()
    builder.end()
    expect(collector.trace().op.length).toBe(1)
  })

  it('a lock whose call stack the trace does not tell has none', () => {
    const trace = traceOf(
      at(1, 1, `lock_acquire: ${A} first`),
      at(2, 1, `lock_acquired: ${A} first`),
      at(3, 1, `lock_release: ${A} first`),
    )
    expect([trace.lockSpan.length, trace.extras?.spanStacks]).toEqual([1, undefined])
  })
})

describe('time that stands still, or goes back', () => {
  const switched = (us: number, prev: number, next: number, state = 'D') =>
    at(
      us,
      prev,
      `sched_switch: prev_comm=t prev_pid=${prev} prev_prio=120 prev_state=${state} ==> next_comm=t next_pid=${next} next_prio=120`,
    )

  it('a task may be told of in the very moment in which its state was lost', () => {
    const trace = traceOf(switched(10, 2, 1), 'CPU:0 [LOST 3 EVENTS]', switched(10, 1, 2))
    expect(diagnosed(trace, 'clock-backwards')).toBe(0)
    const back = traceOf(switched(10, 2, 1), 'CPU:0 [LOST 3 EVENTS]', switched(9, 1, 2))
    expect(diagnosed(back, 'clock-backwards')).toBeGreaterThan(0)
  })

  it('a commit that begins after it woke a waiter has an end that nobody knows', () => {
    const journal = { comm: 'jbd2/x-8', cpu: 1 }
    const woken = (us: number, end = 60) => {
      const ends = at(end, 7, 'jbd2_end_commit: dev 8,0 transaction 5 sync 0 head 4', journal)
      const wakes = at(us, 7, 'sched_waking: comm=t pid=5 prio=120 target_cpu=000', journal)
      return traceOf(
        at(1, 5, 'sys_enter_fsync: fd: 3'),
        switched(2, 5, 0),
        at(40, 7, 'jbd2_start_commit: dev 8,0 transaction 5 sync 0', journal),
        ...(end < 60 ? [ends, wakes] : [wakes, ends]),
      )
    }
    const holder = (us: number, end?: number) => locksOf(woken(us, end)).find(({ pid }) => pid === 7)
    expect([holder(50)?.acquiredNs, holder(50)?.releasedNs]).toEqual([39_000, 49_000])
    expect(holder(30, 45)).toMatchObject({ acquiredNs: 39_000, releasedNs: NaN })
  })
})
