/**
 * Function calls as steps and operations: how long they last, what lies in what, and calls that lost their exits. A call of
 * function_graph ends at its begin plus its length, which the tracer measured finer than the times of its events.
 */
import { describe, expect, it } from 'vitest'
import type { Trace } from '#shared/model/trace.ts'
import { at, diagnosed, phasesOf, traceOf } from '../support/import-text.ts'
import { first, opTimes, write, written } from '../support/span-lines.ts'

const call = (us: number, depth: number, name: string) =>
  at(us, 1, `funcgraph_entry:                   |  ${'  '.repeat(depth)}${name}() {`)
const back = (us: number, depth: number, length: string) =>
  at(us, 1, `funcgraph_exit:       ${length} us    |  ${'  '.repeat(depth)}}`)
const leaf = (us: number, depth: number, name: string, length: string) =>
  at(us, 1, `funcgraph_entry:      ${length} us    |  ${'  '.repeat(depth)}${name}();`)
const handle = (us: number, what: string) => at(us, 1, `jbd2_handle_${what}: dev 259,0 tid 7`)

/** Steps in the order of their begins: name, begin, end (µs), how deep in their operation. */
const steps = (trace: Trace) =>
  phasesOf(trace).map(({ name, startNs, endNs, depth }) => [name, startNs / 1000, endNs / 1000, depth])

describe('a call', () => {
  it('ends after its length, in what it is called from', () => {
    const trace = traceOf(
      first,
      write(5),
      call(10, 1, 'f'),
      leaf(12, 2, 'g', '1.250'),
      back(20, 1, '9.750'),
      leaf(21, 1, 'h', '0.500'),
      written(30),
    )
    expect(steps(trace)).toEqual([
      ['f', 10, 19.75, 0],
      ['g', 12, 13.25, 1],
      ['h', 21, 21.5, 0],
    ])
    expect(opTimes(trace)).toEqual([['write', 5, 30]])
    expect(new Set(phasesOf(trace).map(({ op }) => op)).size).toBe(1)
  })

  it('is the same with its depth behind it (trace-cmd report -O fgraph:depth)', () => {
    const lines = [first, write(5), call(10, 1, 'f'), leaf(12, 2, 'g', '1.250'), back(20, 1, '9.750'), written(30)]
    const deep = lines.map((line) => line.replace(/(\w\(\)( \{|;)|\})$/, '$1 (2)'))
    expect(deep).not.toEqual(lines)
    expect(steps(traceOf(...deep))).toEqual(steps(traceOf(...lines)))
    expect(steps(traceOf(...deep)).length).toBe(2)
  })

  it('outside every operation is a step of none, as deep as it is called', () => {
    const trace = traceOf(first, call(10, 0, 'f'), leaf(12, 1, 'g', '1.500'), back(20, 0, '10.000'))
    expect(steps(trace)).toEqual([
      ['f', 10, 20, 0],
      ['g', 12, 13.5, 1],
    ])
    expect(phasesOf(trace).map(({ op }) => op)).toEqual([-1, -1])
    expect(opTimes(trace)).toEqual([])
  })

  it('that lasts beyond the end of its operation takes that with it', () => {
    expect(opTimes(traceOf(first, write(5), leaf(10, 1, 'g', '20.500'), written(25)))).toEqual([['write', 5, 30.5]])
    expect(opTimes(traceOf(first, write(5), call(10, 1, 'f'), back(20, 1, '15.500'), written(22)))).toEqual([
      ['write', 5, 25.5],
    ])
    // Of two, the longer.
    const both = traceOf(first, write(5), leaf(10, 1, 'g', '20.500'), leaf(11, 1, 'h', '16.000'), written(25))
    expect(opTimes(both)).toEqual([['write', 5, 30.5]])
    expect(opTimes(traceOf(first, write(5), leaf(10, 1, 'g', '2.000'), written(25)))).toEqual([['write', 5, 25]])
  })
})

describe('what a function says of its operation', () => {
  const kinds = (...lines: readonly string[]) => opTimes(traceOf(first, ...lines)).map(([kind]) => kind)

  it('is told by what it calls, and by whom that is called', () => {
    const fault = (inner: string) => [
      call(10, 0, 'handle_mm_fault'),
      call(11, 1, inner),
      leaf(12, 2, 'jbd2__journal_start', '1.000'),
      back(15, 1, '4.000'),
      back(20, 0, '10.000'),
    ]
    expect(kinds(...fault('ext4_dax_huge_fault'))).toEqual(['write_fault'])
    expect(kinds(...fault('ext4_evict_inode'))).toEqual(['fault'])
    expect(kinds(leaf(10, 0, 'vfs_write', '3.000'))).toEqual(['write'])
  })

  it('is over once another one was seen to begin, and its exit ends nothing else', () => {
    const trace = traceOf(
      first,
      call(10, 0, 'vfs_write'),
      at(12, 1, 'sys_read(fd: 3, buf: 0x55d8, count: 2)'),
      back(20, 0, '10.000'),
      at(30, 1, 'sys_read -> 0x2'),
    )
    expect(opTimes(trace)).toEqual([
      ['write', 10, NaN],
      ['read', 12, 30],
    ])
  })

  it('takes a fault that began in it with it', () => {
    const trap = 'page_fault_kernel: address=0x7f0000001008 ip=0xffffffff81000000 error_code=0x6'
    const trace = traceOf(
      first,
      call(10, 0, 'vfs_write'),
      at(12, 1, trap),
      back(20, 0, '10.000'),
      write(30),
      written(31),
    )
    expect(opTimes(trace).filter(([kind]) => kind === 'write')).toEqual([
      ['write', 10, 20],
      ['write', 30, 31],
    ])
  })

  it('is over with the function, not with the last event that only such an operation has', () => {
    const trace = traceOf(
      first,
      call(10, 0, 'handle_mm_fault'),
      at(14, 1, 'dax_pte_fault_done: dev 259:0 ino 0xc shared WRITE address 0x7f0000001000 pgoff 0x1dc NOPAGE'),
      handle(15, 'start'),
      handle(16, 'stats'),
      back(20, 0, '10.000'),
    )
    expect(opTimes(trace).map(([, from, to]) => [from, to])).toEqual([[10, 20]])
  })

  it('is no operation of its own inside another, nor in an interrupt', () => {
    const inside = traceOf(first, write(5), call(10, 1, 'vfs_write'), back(20, 1, '10.000'), written(30))
    expect(opTimes(inside)).toEqual([['write', 5, 30]])
    expect(steps(inside)).toEqual([['vfs_write', 10, 20, 0]])
    const irq = { irq: 'h' }
    const entry = 'funcgraph_entry:      2.000 us    |  vfs_write();'
    expect(opTimes(traceOf(first, at(10, 1, entry, irq)))).toEqual([])
    expect(opTimes(traceOf(first, at(10, 1, entry)))).toEqual([['write', 10, 12]])
  })
})

describe('an exit', () => {
  it('of a call that is not open is counted, and ends nothing', () => {
    const other = at(20, 1, 'funcgraph_exit:       5.000 us    |    } /* g */')
    for (const unmatched of [other, back(20, 0, '5.000'), back(20, 3, '5.000')]) {
      const trace = traceOf(first, write(5), call(10, 1, 'f'), unmatched, back(25, 1, '15.000'), written(30))
      expect(diagnosed(trace, 'phase-end-without-begin')).toBeGreaterThan(0)
    }
    for (const unmatched of [other, back(20, 3, '5.000')]) {
      const trace = traceOf(first, write(5), call(10, 1, 'f'), unmatched, back(25, 1, '15.000'), written(30))
      expect(steps(trace)).toEqual([['f', 10, 25, 0]])
    }
  })

  it('ends its own call where a function calls itself, and those in it that lost theirs', () => {
    const again = [
      write(5),
      call(10, 1, 'f'),
      call(12, 2, 'f'),
      back(14, 2, '2.000'),
      back(20, 1, '10.000'),
      written(30),
    ]
    expect(steps(traceOf(first, ...again))).toEqual([
      ['f', 10, 20, 0],
      ['f', 12, 14, 1],
    ])
    const lost = traceOf(first, write(5), call(10, 1, 'f'), call(12, 2, 'g'), back(20, 1, '10.000'), written(30))
    expect(steps(lost)).toEqual([
      ['f', 10, 20, 0],
      ['g', 12, NaN, 1],
    ])
  })

  it('is no earlier than what was in the call', () => {
    const ends = (...inside: readonly string[]) =>
      steps(traceOf(first, write(5), call(10, 1, 'f'), ...inside, back(20, 1, '7.500'), written(30)))[0]
    expect(ends()).toEqual(['f', 10, 17.5, 0])
    expect(ends(leaf(12, 2, 'g', '6.250'))).toEqual(['f', 10, 18.25, 0])
    expect(ends(call(12, 2, 'g'), back(19, 2, '6.750'))).toEqual(['f', 10, 18.75, 0])
    // An event of another kind has a time of its own; one before the last call in it says nothing of the end.
    const woken = (us: number) => at(us, 1, 'sched_wakeup: comm=x pid=98 prio=120 target_cpu=000')
    expect(ends(woken(19))).toEqual(['f', 10, 19, 0])
    expect(ends(woken(18), leaf(19, 2, 'g', ' '.repeat(5)))).toEqual(['f', 10, 17.5, 0])
  })

  it('that is not known leaves the length of the trace as it was', () => {
    const trace = traceOf(first, write(5), at(10, 1, 'funcgraph_entry:                   |    g();'), written(30))
    expect(steps(trace)).toEqual([['g', 10, NaN, 0]])
    expect(trace.meta.durationNs).toBe(30_000)
  })
})

describe('a call without an exit', () => {
  it('is over when one as deep begins: its end is not known, and what was open in it has none either', () => {
    const trace = traceOf(
      first,
      write(5),
      call(10, 1, 'f'),
      call(11, 2, 'g'),
      handle(12, 'start'),
      call(20, 1, 'h'),
      back(25, 1, '5.000'),
      written(30),
    )
    expect(steps(trace)).toEqual([
      ['f', 10, NaN, 0],
      ['g', 11, NaN, 1],
      ['handle', 12, NaN, 2],
      ['h', 20, 25, 0],
    ])
    expect(diagnosed(trace, 'unfinished-phase')).toBe(3)
    expect(diagnosed(trace, 'phase-end-without-begin')).toBe(0)
  })

  it('leaves a step open that it is called from', () => {
    const trace = traceOf(
      first,
      write(5),
      handle(8, 'start'),
      call(10, 1, 'f'),
      call(20, 1, 'h'),
      back(25, 1, '5.000'),
      handle(27, 'stats'),
      written(30),
    )
    expect(steps(trace)).toEqual([
      ['handle', 8, 27, 0],
      ['f', 10, NaN, 1],
      ['h', 20, 25, 1],
    ])
  })

  it('that ended with its operation is not open any more, and ends nothing else', () => {
    const trace = traceOf(
      first,
      write(5),
      call(10, 1, 'f'),
      written(20),
      write(30),
      handle(32, 'start'),
      call(35, 1, 'h'),
      back(36, 1, '1.000'),
      handle(38, 'stats'),
      written(40),
    )
    expect(steps(trace).slice(1)).toEqual([
      ['handle', 32, 38, 0],
      ['h', 35, 36, 1],
    ])
    expect(opTimes(trace)).toEqual([
      ['write', 5, 20],
      ['write', 30, 40],
    ])
  })
})

describe('an operation known by what it calls', () => {
  const kinds = (...names: readonly (readonly [depth: number, name: string])[]) =>
    opTimes(traceOf(first, ...names.map(([depth, name], i) => call(10 + i, depth, name)), back(90, 0, '80.000'))).map(
      ([kind]) => kind,
    )

  it('is a first write to a shared mapping where a page is fetched before it is made writable', () => {
    expect(kinds([0, 'do_fault'], [1, '__do_fault'], [1, 'do_page_mkwrite'])).toEqual(['write_fault'])
    expect(kinds([0, 'do_fault'], [1, 'do_page_mkwrite'], [1, 'finish_fault'])).toEqual(['write_fault'])
    expect(kinds([0, '__handle_mm_fault'], [1, 'do_wp_page'], [2, 'do_page_mkwrite'])).toEqual(['mkwrite'])
  })

  it('punches a hole where XFS frees space for that alone', () => {
    const allocate = [0, 'xfs_file_fallocate'] as const
    expect(kinds(allocate, [1, 'xfs_free_file_space'])).toEqual(['punch_hole'])
    expect(kinds(allocate, [1, 'xfs_free_file_space'], [1, 'xfs_alloc_file_space'])).toEqual(['fallocate'])
    expect(kinds(allocate, [1, 'xfs_falloc_zero_range'], [2, 'xfs_free_file_space'])).toEqual(['fallocate'])
    expect(kinds(allocate, [1, 'xfs_collapse_file_space'], [2, 'xfs_free_file_space'])).toEqual(['fallocate'])
    expect(kinds([0, 'xfs_free_file_space'])).toEqual(['fallocate'])
  })
})
