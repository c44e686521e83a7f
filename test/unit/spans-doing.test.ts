/**
 * What a holder did while others waited: the step that took most of it, over as many changes as are remembered; nothing is said
 * of time nobody saw.
 */
import { describe, expect, it } from 'vitest'
import { at, edgesOf, locksOf, phasesOf, traceOf } from '../support/import-text.ts'
import { A, B, first } from '../support/span-lines.ts'

const C = '00000000cccccccc'

const lock = (us: number, pid: number, what: string, name = '&m', address = A): string =>
  at(us, pid, `lock_${what}: ${address} ${name}`)
const take = (us: number, pid: number, name = '&m', address = A): string[] => [
  lock(us, pid, 'acquire', name, address),
  lock(us, pid, 'acquired', name, address),
]
const ask = (us: number, pid: number, name = '&m', address = A): string[] => [
  lock(us, pid, 'acquire', name, address),
  lock(us, pid, 'contended', name, address),
]
const op = (us: number, pid = 1): string => at(us, pid, 'op_begin: kind=write ino=1 dev=1:1')
const begin = (us: number, name: string): string => at(us, 1, `phase_begin: name=${name}`)
const end = (us: number, name: string): string => at(us, 1, `phase_end: name=${name}`)

/** What pid 1 did while pid 2 waited from `from` to `to`. */
function did(from: number, to: number, ...lines: readonly string[]): string | undefined {
  const waited = [...take(900, 1), ...ask(from, 2), lock(to, 1, 'release')]
  const timed = [...lines, ...waited].map((line, i) => ({ line, i, time: Number(/ (\d+\.\d+):/.exec(line)?.[1]) }))
  timed.sort((a, b) => a.time - b.time || a.i - b.i)
  const edges = edgesOf(traceOf(first, ...timed.map(({ line }) => line)))
  expect(edges.length).toBeGreaterThan(0)
  return edges.at(-1)?.phase
}

describe('what a holder did', () => {
  it('is its own, also where another holder lets others go at the same time', () => {
    const working = (pid: number, name: string) => [
      at(900, pid, 'op_begin: kind=write ino=1 dev=1:1'),
      at(901, pid, `phase_begin: name=${name}`),
    ]
    const trace = traceOf(
      first,
      ...working(1, 'x'),
      ...take(910, 1),
      ...working(4, 'y'),
      ...take(910, 4, '&n', B),
      ...ask(1000, 2),
      ...ask(1000, 3, '&n', B),
      lock(1020, 1, 'release'),
      lock(1020, 4, 'release', '&n', B),
    )
    expect(edgesOf(trace).map(({ phase, overlapNs }) => [phase, overlapNs])).toEqual([
      ['x', 20_000],
      ['y', 20_000],
    ])
  })

  it('is what took most of the wait, whatever came last', () => {
    expect(did(1012, 1030, op(1000), begin(1001, 'x'), end(1024, 'x'), begin(1024, 'y'))).toBe('x')
    expect(did(1012, 1030, op(1000), begin(1001, 'x'), end(1018, 'x'), begin(1018, 'y'))).toBe('y')
  })

  it('adds up the pieces of a step', () => {
    const pieces = [
      begin(1012, 'x'),
      end(1016, 'x'),
      begin(1016, 'y'),
      end(1024, 'y'),
      begin(1024, 'x'),
      end(1030, 'x'),
    ]
    expect(did(1012, 1030, op(1000), ...pieces)).toBe('x')
  })

  it('of two that took as long is the earlier', () => {
    expect(did(1012, 1030, op(1000), begin(1012, 'x'), end(1021, 'x'), begin(1021, 'y'))).toBe('x')
  })

  it('is not told where most of the wait was not seen', () => {
    expect(did(1012, 1030, op(1025), begin(1026, 'x'))).toBeUndefined()
    expect(did(1012, 1030, op(1015))).toBe('other')
  })

  it('is told where as much was seen as was not', () => {
    expect(did(1012, 1030, op(1021))).toBe('other')
  })

  it('is not told of no time at all', () => {
    expect(did(1012, 1012, op(1000), begin(1001, 'x'))).toBeUndefined()
  })

  it('is nothing known after its operation has ended, and other work between its steps', () => {
    const done = at(1014, 1, 'op_end: ret=0')
    expect(did(1012, 1030, op(1000), begin(1001, 'x'), end(1013, 'x'), done)).toBeUndefined()
    expect(did(1012, 1030, op(1000), begin(1001, 'x'), end(1014, 'x'))).toBe('other')
  })

  it('is a wait of its own, until that ends', () => {
    const waits = [...take(1001, 5, '&b', B), ...ask(1010, 1, '&b', B), lock(1024, 5, 'release', '&b', B)]
    expect(did(1012, 1030, op(1000), begin(1001, 'x'), ...waits, lock(1025, 1, 'acquired', '&b', B))).toBe('wait:&b')
    expect(did(1012, 1050, op(1000), begin(1001, 'x'), ...waits, lock(1025, 1, 'acquired', '&b', B))).toBe('x')
  })

  it('is each lock it waited for by its own name', () => {
    const wait = (us: number, name: string, address: string) => [
      ...ask(us, 1, name, address),
      lock(us + 30, 1, 'acquired', name, address),
      lock(us + 30, 1, 'release', name, address),
    ]
    expect(did(1002, 1059, op(1000), ...wait(1000, '&b', B), ...wait(1032, '&c', C))).toBe('wait:&b')
    expect(did(1012, 1070, op(1000), ...wait(1000, '&b', B), ...wait(1032, '&c', C))).toBe('wait:&c')
  })

  it('is remembered over a hundred changes, and not told beyond', () => {
    const changes = Array.from({ length: 200 }, (_, i) => [begin(1000 + 2 * i, 'x'), end(1001 + 2 * i, 'x')]).flat()
    expect(did(1300, 1400, op(990), ...changes)).toBe('x')
    expect(did(1001, 1400, op(990), ...changes)).toBeUndefined()
  })

  it('does not change where a step begins inside one of its own name', () => {
    const again = Array.from({ length: 200 }, (_, i) => [begin(1600 + 2 * i, 'x'), end(1601 + 2 * i, 'x')]).flat()
    expect(did(1000, 2000, op(990), begin(995, 'x'), ...again)).toBe('x')
  })

  it('is asked anew for a lock that is given back later', () => {
    const trace = traceOf(
      first,
      ...ask(1005, 2),
      ...ask(1006, 3, '&b', B),
      op(1010),
      ...take(1010, 1),
      ...take(1010, 1, '&b', B),
      begin(1010, 'x'),
      end(1018, 'x'),
      begin(1018, 'y'),
      lock(1020, 1, 'release'),
      lock(1040, 1, 'release', '&b', B),
    )
    expect(edgesOf(trace).map(({ overlapNs, phase }) => [overlapNs / 1000, phase])).toEqual([
      [10, 'x'],
      [30, 'y'],
    ])
  })

  it('is asked up to the moment it gave an unnamed lock away, not up to when that is known', () => {
    const trace = traceOf(
      first,
      op(1000),
      begin(1001, 'x'),
      at(1010, 2, `contention_begin: ${A} (flags=READ)`),
      at(1020, 1, 'sched_waking: comm=task2 pid=2 prio=120 target_cpu=000'),
      end(1020, 'x'),
      begin(1021, 'y'),
      at(1060, 2, `contention_end: ${A} (ret=0)`),
    )
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 10_000, phase: 'x' }])
  })
})

describe('an unmapping under i_mmap_rwsem', () => {
  const walk = (from: number, to: number, mode = 'read ', where = {}): string[] => [
    at(from, 1, `lock_acquire: ${A} ${mode}&mapping->i_mmap_rwsem`, where),
    at(from, 1, `lock_acquired: ${A} &mapping->i_mmap_rwsem`, where),
    at(to, 1, `lock_release: ${A} &mapping->i_mmap_rwsem`, where),
  ]
  const call = (name: string, ...lines: readonly string[]) =>
    phasesOf(traceOf(at(10, 1, `sys_${name}(fd: 3, mode: 3)`), ...lines, at(40, 1, `sys_${name} -> 0x0`))).map(
      ({ name: step, startNs, endNs }) => [step, startNs / 1000, endNs / 1000],
    )

  it('is a step of what removes mappings; others write-protect under it', () => {
    for (const name of ['ftruncate', 'truncate', 'fallocate']) {
      expect(call(name, ...walk(12, 20))).toEqual([['unmap', 2, 10]])
    }
    expect(call('fsync', ...walk(12, 20))).toEqual([['write_protect', 2, 10]])
  })

  it('is a step of a fault, too', () => {
    const trace = traceOf(
      at(10, 1, 'page_fault_user: address=0x7f0000001008 ip=0x4020a0 error_code=0x6'),
      ...walk(12, 20),
    )
    expect(phasesOf(trace)).toMatchObject([{ name: 'unmap', op: 0, startNs: 2000, endNs: 10_000 }])
  })

  it('is none where the lock is taken exclusively, in an interrupt, or outside any operation', () => {
    expect(call('ftruncate', ...walk(12, 20, ''))).toEqual([])
    expect(call('ftruncate', ...walk(12, 20, 'read ', { irq: 'h' }))).toEqual([])
    expect(phasesOf(traceOf(...walk(12, 20)))).toEqual([])
  })

  it('that is only announced (might_lock) is none, and nothing of another lock is', () => {
    const noted = [
      at(12, 1, `lock_acquire: ${A} read &mapping->i_mmap_rwsem`),
      at(13, 1, `lock_release: ${A} &mapping->i_mmap_rwsem`),
    ]
    const other = [
      at(11, 1, `lock_acquire: ${B} read &b`),
      at(11, 1, `lock_acquired: ${B} &b`),
      at(14, 1, `lock_release: ${B} &b`),
    ]
    expect(call('ftruncate', ...other, ...noted)).toEqual([])
    const trace = traceOf(...other, ...noted)
    expect(locksOf(trace).map((span) => span.class)).toEqual(['&b'])
  })
})
