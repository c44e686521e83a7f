/**
 * Who stood in a lock's queue, in which order, and who left it early: the edges say each waiter's own reasons, for its own time,
 * and none that the trace does not show.
 */
import { describe, expect, it } from 'vitest'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { Trace } from '#shared/model/trace.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { at, diagnosed, edgesOf, locksOf, traceOf } from '../support/import-text.ts'
import { expectLinear } from '../support/growth.ts'
import { textReaders } from '../support/read-text.ts'
import { A, B } from '../support/span-lines.ts'

const ask = (us: number, pid: number, mode = ''): string[] => [
  at(us, pid, `lock_acquire: ${A} ${mode}&m`),
  at(us, pid, `lock_contended: ${A} &m`),
]
const take = (us: number, pid: number, mode = ''): string[] => [
  at(us, pid, `lock_acquire: ${A} ${mode}&m`),
  at(us, pid, `lock_acquired: ${A} &m`),
]
const got = (us: number, pid: number): string => at(us, pid, `lock_acquired: ${A} &m`)
const free = (us: number, pid: number): string => at(us, pid, `lock_release: ${A} &m`)

/** Edges as pid of the waiter, pid of the holder, microseconds, kind. */
function reasons(trace: Trace): (readonly [number, number, number, string])[] {
  const pids = new Map(locksOf(trace).map(({ id, pid }) => [id, pid]))
  return edgesOf(trace).map(
    ({ waiter, holder, overlapNs, kind }) =>
      [pids.get(waiter) ?? -1, pids.get(holder) ?? -1, overlapNs / 1000, kind] as const,
  )
}

describe('a queue for a lock', () => {
  it('that one leaves from the middle keeps the others', () => {
    const trace = traceOf(
      ...take(10, 1),
      ...ask(12, 2),
      ...ask(13, 3),
      ...ask(14, 4),
      // Interrupted: it gives up.
      free(20, 3),
      free(30, 1),
      got(31, 4),
      free(40, 4),
      got(41, 2),
    )
    expect(reasons(trace)).toEqual([
      [3, 1, 7, 'holder'],
      [2, 1, 18, 'holder'],
      [4, 1, 16, 'holder'],
      [2, 4, 9, 'holder'],
    ])
  })

  it('counts each moment of a reader once: for the holder, then for the writer in front of it, then for that as holder', () => {
    const trace = traceOf(
      ...take(10, 1),
      ...ask(12, 2),
      ...ask(13, 3, 'read '),
      ...ask(14, 4),
      free(20, 1),
      got(22, 2),
      free(30, 2),
      got(33, 4),
      free(40, 4),
      got(41, 3),
    )
    expect(reasons(trace).filter(([waiter]) => waiter === 3)).toEqual([
      [3, 1, 7, 'holder'],
      [3, 2, 2, 'queued-writer'],
      [3, 2, 8, 'holder'],
      [3, 4, 7, 'holder'],
    ])
  })

  it('names no queued writer where the lock was handed on without a gap', () => {
    const trace = traceOf(...take(10, 1), ...ask(12, 2), ...ask(13, 3, 'read '), free(20, 1), got(20, 2), free(30, 2))
    expect(reasons(trace)).toEqual([
      [2, 1, 8, 'holder'],
      [3, 1, 7, 'holder'],
      [3, 2, 10, 'holder'],
    ])
  })

  it('holds up the readers that came no earlier than the writer, and no writers', () => {
    const trace = traceOf(
      ...take(10, 1, 'read '),
      ...ask(12, 5, 'read '),
      ...ask(14, 2),
      ...ask(14, 3, 'read '),
      ...ask(15, 4),
      free(20, 1),
      got(20, 2),
    )
    expect(reasons(trace).filter(([, , , kind]) => kind === 'queued-writer')).toEqual([[3, 2, 6, 'queued-writer']])
  })

  it('is judged the same after readers have waited for the lock and gone', () => {
    const trace = traceOf(
      ...take(10, 1),
      ...ask(11, 3, 'read '),
      free(12, 1),
      got(13, 3),
      ...ask(14, 2),
      ...ask(15, 4, 'read '),
      free(20, 3),
      got(20, 2),
    )
    expect(reasons(trace)).toEqual([
      [3, 1, 1, 'holder'],
      [2, 3, 6, 'holder'],
      [4, 2, 5, 'queued-writer'],
      [4, 2, 0, 'holder'],
    ])
  })

  it('of unnamed locks tells of no queued writer: one that was not seen may have held it all along', () => {
    const trace = traceOf(
      at(10, 2, `contention_begin: ${A} (flags=WRITE)`),
      at(11, 3, `contention_begin: ${A} (flags=READ)`),
      at(20, 2, `contention_end: ${A} (ret=0)`),
      at(30, 3, `contention_end: ${A} (ret=0)`),
    )
    expect(edgesOf(trace)).toEqual([])
  })

  it('does not make a task wait for itself: an interrupt that finds the lock of its task taken', () => {
    const trace = traceOf(
      ...take(10, 1),
      at(12, 1, `lock_acquire: ${A} &m`, { irq: 'h' }),
      at(12, 1, `lock_contended: ${A} &m`, { irq: 'h' }),
      free(20, 1),
    )
    expect(edgesOf(trace)).toEqual([])
  })

  it('names the holder that left at the very moment the wait began, too', () => {
    const trace = traceOf(...take(10, 1), ...ask(20, 2), free(20, 1), got(21, 2))
    expect(reasons(trace)).toEqual([[2, 1, 0, 'holder']])
  })
})

describe('what the holder did', () => {
  it('is asked of each holder and of each wait by itself', () => {
    const step = (us: number, pid: number, what: string) => at(us, pid, `phase_${what}`)
    const other = (us: number, pid: number, what: string) => at(us, pid, `lock_${what}: ${B} &n`)
    const trace = traceOf(
      at(5, 1, 'op_begin: kind=write ino=1 dev=1:1'),
      at(5, 9, 'op_begin: kind=write ino=1 dev=1:1'),
      ...take(10, 1),
      other(10, 9, 'acquire'),
      other(10, 9, 'acquired'),
      step(10, 1, 'begin: name=first'),
      step(10, 9, 'begin: name=another'),
      ...ask(12, 2),
      other(12, 6, 'acquire'),
      other(12, 6, 'contended'),
      step(20, 1, 'end: name=first'),
      step(20, 1, 'begin: name=second'),
      ...ask(22, 3),
      step(27, 1, 'end: name=second'),
      step(27, 1, 'begin: name=third'),
      free(30, 1),
      other(30, 9, 'release'),
      got(31, 2),
      step(31, 2, 'begin: name=fourth'),
      free(36, 2),
    )
    const pids = new Map(locksOf(trace).map(({ id, pid }) => [id, pid]))
    expect(edgesOf(trace).map(({ waiter, overlapNs, phase }) => [pids.get(waiter), overlapNs / 1000, phase])).toEqual([
      [2, 18, 'first'],
      [3, 8, 'second'],
      [6, 18, 'another'],
      [3, 5, 'fourth'],
    ])
  })
})

describe('a step back in time', () => {
  it('takes the reasons of the waits that were open, and leaves those of later ones alone', () => {
    const trace = traceOf(
      ...take(100, 1),
      ...ask(110, 2),
      // Another CPU's clock is behind.
      at(50, 7, 'sys_fsync(fd: 3)', { cpu: 1 }),
      ...ask(120, 3, 'read '),
      got(125, 2),
      free(130, 1),
      got(140, 3),
    )
    expect(reasons(trace)).toEqual([[3, 1, 10, 'holder']])
    // How long it waited is not known.
    expect(locksOf(trace).find(({ pid }) => pid === 2)).toMatchObject({ acquiredNs: NaN, releasedNs: 60_000 })
    expect(locksOf(trace).find(({ pid }) => pid === 3)).toMatchObject({ acquiredNs: 90_000 })
  })
})

describe('a release with more waiters than are named', () => {
  function traced(most: number, lines: readonly string[], perWait = 0): Trace {
    const collector = new TraceCollector()
    const recorder = new Recorder(new TraceBuilder(collector, 'test', 'ftrace'))
    recorder.spans.state.releaseEdges = { most, perWait }
    recorder.spans.state.queuedEdges = { most, perWait }
    const reader = textReaders.ftrace(recorder)
    reader.push(new TextEncoder().encode(`# tracer: nop\n#\n${lines.join('\n')}\n`))
    reader.end()
    recorder.end()
    return collector.trace()
  }
  const lines = [...take(10, 1), ...ask(12, 2), ...ask(13, 3), ...ask(14, 4), ...ask(15, 5), free(20, 1)]

  it('names those that waited longest, and counts the others', () => {
    const trace = traced(3, lines)
    expect(reasons(trace).map(([waiter]) => waiter)).toEqual([2, 3, 4])
    expect(diagnosed(trace, 'wait-edges-cut')).toBe(1)
  })

  it('says nothing of it where all are named', () => {
    const trace = traced(4, lines)
    expect(reasons(trace).map(([waiter]) => waiter)).toEqual([2, 3, 4, 5])
    expect(trace.diagnostics.map(({ code }) => code)).not.toContain('wait-edges-cut')
  })

  it('names a wait that stands further back for the first releases it sees', () => {
    // A queue of five, and who has had the lock stands at its end again.
    const order = [2, 3, 4, 5, 6, 1, 2, 3]
    const turns = order.flatMap((pid, i) => {
      const us = 20 + 10 * i
      const before = i === 0 ? 1 : order[i - 1]
      return [free(us, before), got(us + 1, pid), ...ask(us + 2, before)]
    })
    const all = [...take(10, 1), ...ask(12, 2), ...ask(13, 3), ...ask(14, 4), ...ask(15, 5), ...ask(16, 6), ...turns]
    const toldOf = (pid: number) =>
      reasons(traced(1, all, 2)).flatMap(([waiter, holder]) => (waiter === pid ? [holder] : []))
    expect(toldOf(2).slice(0, 1)).toEqual([1])
    // Of 1, 2, 3, 4 and 5: the first two, and the one before its own turn.
    expect(toldOf(6).slice(0, 3)).toEqual([1, 2, 5])
    // 1 asks again once 2 has it: it is named twice, then when it comes first.
    expect(toldOf(1).slice(0, 3)).toEqual([2, 3, 6])
    expect(diagnosed(traced(1, all, 2), 'wait-edges-cut')).toBeGreaterThan(0)
  })

  it('leaves none of the readers that a writer keeps waiting without that reason', () => {
    const readers = Array.from({ length: 8 }, (_, i) => 20 + i)
    const lines = [
      ...readers.flatMap((pid) => take(10, 100 + pid, 'read ')),
      ...ask(12, 1),
      ...readers.flatMap((pid) => ask(13, pid, 'read ')),
      ...readers.map((pid) => free(20, 100 + pid)),
      got(21, 1),
      free(30, 1),
    ]
    const told = reasons(traced(1, lines, 2))
    for (const pid of readers) expect(told).toContainEqual([pid, 1, 9, 'holder'])
    expect(told.filter(([waiter]) => waiter === 1)).toHaveLength(8)
  })
})

describe('the work', () => {
  const read = (lines: readonly string[]) => () => traceOf(...lines)

  it('grows with a queue that is left in any order', () => {
    expectLinear(16_000, 'readers in one queue', (size) => {
      const pids = Array.from({ length: size }, (_, i) => 10 + i)
      const ends = pids.map((_, i) => got(20, pids[(i * 7919) % size]))
      return read([...pids.flatMap((pid) => ask(10, pid, 'read ')), ...ends])
    })
  })

  it('grows with a queue whose lock goes round in it', () => {
    expectLinear(4000, 'tasks in one queue', (size) => {
      const pids = Array.from({ length: size }, (_, i) => 10 + i)
      const turns = pids.flatMap((pid, i) => [free(20 + i, pid - 1), got(20 + i, pid)])
      return read([...take(10, 9), ...pids.flatMap((pid) => ask(10, pid)), ...turns])
    })
  })

  it('grows with steps back in time, whatever number of locks were waited for', () => {
    expectLinear(8000, 'steps back', (size) =>
      read(
        Array.from({ length: size }, (_, i) => {
          const us = 10_000 + 4 * i - (i % 2) * 1000
          const lock = (10 ** 9 + i).toString(16).padStart(16, '0')
          const does = (what: string) => at(us, 10 + (i % 8), `lock_${what}: ${lock} &m`)
          return ['acquire', 'contended', 'acquired', 'release'].map(does)
        }).flat(),
      ),
    )
  })
})
