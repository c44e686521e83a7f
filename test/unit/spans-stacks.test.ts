/**
 * Call stacks behind the events of locks: a stack belongs to the request its event asked for, waited for or got, the first one
 * counts, and one behind any other event belongs to no lock.
 */
import { describe, expect, it } from 'vitest'
import type { Trace } from '#shared/model/trace.ts'
import { at, locksOf, traceOf } from '../support/import-text.ts'
import { A, B, MM } from '../support/span-lines.ts'

const stack = (us: number, pid: number, caller: string): string[] => [
  at(us, pid, '<stack trace>'),
  ' => rwsem_down_read_slowpath',
  ` => ${caller}`,
]

/** The caller each span of a task's locks was asked for by. */
function callers(trace: Trace, pid = 1): (string | undefined)[] {
  const found = new Map<number, string>()
  const { spanStacks } = trace.extras ?? {}
  spanStacks?.span.forEach((span, i) => {
    const frames = trace.stacks[spanStacks.stack[i]]
    found.set(span, frames.split('\n').at(-1) ?? '')
  })
  return locksOf(trace)
    .filter((span) => span.pid === pid)
    .map(({ id }) => found.get(id))
}

describe('a call stack', () => {
  const events = [
    at(10, 1, `lock_acquire: ${A} read &m`),
    at(12, 1, `lock_contended: ${A} &m`),
    at(20, 1, `lock_acquired: ${A} &m`),
    at(25, 1, 'sys_fsync(fd: 3)'),
    at(30, 1, `lock_release: ${A} &m`),
  ]
  const behind = (...places: readonly number[]) =>
    callers(
      traceOf(
        ...events.flatMap((event, i) =>
          places.includes(i) ? [event, ...stack([10, 12, 20, 25, 30][i], 1, `caller_${i}`)] : [event],
        ),
      ),
    )

  it('behind the asking, the wait or the getting of a lock is its own', () => {
    expect([0, 1, 2].map((place) => behind(place))).toEqual([['caller_0'], ['caller_1'], ['caller_2']])
  })

  it('is the first of them', () => {
    expect(behind(0, 1, 2)).toEqual(['caller_0'])
    expect(behind(1, 2)).toEqual(['caller_1'])
  })

  it('behind another event is no lock’s', () => {
    expect(behind(3)).toEqual([undefined])
    expect(behind(4)).toEqual([undefined])
    expect(behind()).toEqual([undefined])
  })

  it('is the one of the innermost request, of an interrupt as of the task', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${A} &a`),
      at(11, 1, `lock_acquire: ${B} &b`),
      ...stack(11, 1, 'inner'),
      at(12, 1, `lock_acquire: ${A} &c`, { irq: 'h' }),
      ...stack(12, 1, 'interrupt'),
      at(20, 1, `lock_release: ${A} &c`, { irq: 'h' }),
      at(21, 1, `lock_release: ${B} &b`),
      at(22, 1, `lock_release: ${A} &a`),
    )
    const named = new Map(callers(trace).map((caller, i) => [locksOf(trace)[i].class, caller]))
    expect(Object.fromEntries(named)).toEqual({ '&a': undefined, '&b': 'inner', '&c': 'interrupt' })
  })

  it('is one of mmap_lock, where its own events show it', () => {
    const trace = traceOf(
      at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
      ...stack(10, 1, 'find_vma'),
      at(12, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(20, 1, `mmap_lock_released: ${MM} write=false`),
      at(30, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(32, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      ...stack(32, 1, 'later'),
      at(40, 1, `mmap_lock_released: ${MM} write=false`),
    )
    expect(callers(trace)).toEqual(['find_vma', 'later'])
  })

  it('of one hold is not that of the next in the same place', () => {
    const round = (us: number) => [at(us, 1, `lock_acquire: ${A} &a`), at(us + 5, 1, `lock_release: ${A} &a`)]
    const [asked, ...rest] = round(10)
    expect(callers(traceOf(asked, ...stack(10, 1, 'first'), ...rest, ...round(30)))).toEqual(['first', undefined])
  })
})

describe('the call stack of an unnamed wait', () => {
  const begin = (us: number, address = A) => at(us, 1, `contention_begin: ${address} (flags=READ)`)
  const end = (us: number, address = A) => at(us, 1, `contention_end: ${address} (ret=0)`)

  it('is the first one told, and names the lock by each', () => {
    const trace = traceOf(
      begin(10),
      ...stack(10, 1, 'ext4_punch_hole'),
      ...stack(10, 1, 'ext4_dax_huge_fault'),
      end(12),
    )
    expect(callers(trace)).toEqual(['ext4_punch_hole'])
    expect(locksOf(trace).map((span) => span.class)).toEqual(['mapping.invalidate_lock'])
  })

  it('behind a later event of the task is not its own', () => {
    const trace = traceOf(begin(10), at(11, 1, 'sys_fsync(fd: 3)'), ...stack(11, 1, 'do_truncate'), end(12))
    expect(callers(trace)).toEqual([undefined])
    expect(locksOf(trace).map((span) => span.class)).toEqual(['(unnamed rwsem)'])
  })

  it('names no lock where the trace hides addresses: others of that type may be behind them', () => {
    const hidden = '(____ptrval____)'
    const trace = traceOf(begin(10, hidden), ...stack(10, 1, 'do_truncate'), end(12, hidden))
    expect(callers(trace)).toEqual(['do_truncate'])
    expect(locksOf(trace).map((span) => span.class)).toEqual(['(unnamed rwsem)'])
  })

  it('from nowhere known names nothing, and is none of a hold the task has', () => {
    const trace = traceOf(
      at(10, 1, `lock_acquire: ${B} &b`),
      begin(10),
      ...stack(10, 1, 'somewhere'),
      end(12),
      at(20, 1, `lock_release: ${B} &b`),
    )
    expect(locksOf(trace).some((span) => span.class === 'mapping.invalidate_lock')).toBe(false)
    expect(callers(trace).filter((caller) => caller !== undefined)).toEqual(['somewhere'])
  })

  it('is not that of a lock the task got in the same microsecond', () => {
    const got = [at(10, 1, `lock_acquire: ${B} &b`), at(10, 1, `lock_acquired: ${B} &b`)]
    const lost = at(30, 1, `lock_release: ${B} &b`)
    for (const [address, caller] of [
      [A, 'do_truncate'],
      [A, 'somewhere'],
      ['(____ptrval____)', 'do_truncate'],
    ]) {
      const trace = traceOf(...got, begin(10, address), ...stack(10, 1, caller), end(12, address), lost)
      const index = locksOf(trace).findIndex((span) => span.class === '&b')
      expect(callers(trace)[index]).toBeUndefined()
      expect(callers(trace)).toContain(caller)
    }
  })

  it('of a wait that another event names gives that lock no other name', () => {
    const trace = traceOf(
      at(10, 1, `mmap_lock_start_locking: ${MM} write=false`),
      begin(13),
      ...stack(13, 1, 'do_truncate'),
      end(40),
      at(41, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
    )
    expect(trace.locks.map(({ lockClass, label }) => [trace.lockClasses[lockClass].name, label])).toEqual([
      ['mmap_lock', undefined],
    ])
  })
})

describe('the lock nothing but stacks name', () => {
  const wait = (us: number, pid: number, flags: string, caller: string): string[] => [
    at(us, pid, `contention_begin: ${A} (flags=${flags})`),
    ...stack(us, pid, caller),
    at(us + 5, pid, `contention_end: ${A} (ret=0)`),
  ]

  it.each(['unmap_mapping_pages', 'unlink_file_vma_batch_process', 'rmap_walk_file', '__rmap_walk_file'])(
    'is i_mmap_rwsem where %s waits for it, for whoever else waits there',
    (caller) => {
      const trace = traceOf(...wait(10, 1, 'WRITE', '__mmap_region'), ...wait(20, 2, 'READ', caller))
      expect(locksOf(trace).map((span) => span.class)).toEqual(Array(2).fill('&mapping->i_mmap_rwsem'))
    },
  )

  it('has no name where the stack tells nothing', () => {
    const trace = traceOf(...wait(10, 1, 'WRITE', '__mmap_region'))
    expect(locksOf(trace).map((span) => span.class)).toEqual(['(unnamed rwsem)'])
  })
})
