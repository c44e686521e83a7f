/** Names that people give to locks, over the names a trace has. */

import { describe, expect, it } from 'vitest'
import { withLockNames, withoutGuessedNames } from '#electron/store/lock-names.ts'
import { SPAN_INFERRED } from '#shared/model/kinds.ts'
import type { Dictionaries } from '#shared/model/trace.ts'
import { at, locksOf, traceOf } from '../support/import-text.ts'
import { A, B, first } from '../support/span-lines.ts'

function dictionaries(): Dictionaries {
  const lock = { lockClass: 0, address: '0xa1', label: undefined, inode: undefined }
  return {
    lockClasses: [
      { name: '(unnamed mutex)', kind: 'mutex' },
      { name: 'rcu_read_lock', kind: 'annotation' },
      { name: 'i_mutex', kind: 'mutex' },
    ],
    locks: [lock],
  } as unknown as Dictionaries
}

function called(name: string): { readonly name: string; readonly kind: string; readonly classes: number } {
  const { lockClasses, locks } = withLockNames(dictionaries(), [{ address: '0xa1', name }])
  return { ...lockClasses[locks[0].lockClass], classes: lockClasses.length }
}

describe('a name that is given to a lock', () => {
  it('joins it to the class that is called so', () => {
    expect(called('i_mutex')).toEqual({ name: 'i_mutex', kind: 'mutex', classes: 3 })
  })

  it('makes a class of its kind where none is', () => {
    expect(called('mine')).toEqual({ name: 'mine', kind: 'mutex', classes: 4 })
  })

  it('makes no annotation of it, whose waits no list has', () => {
    expect(called('rcu_read_lock')).toEqual({ name: 'rcu_read_lock', kind: 'mutex', classes: 4 })
  })
})

describe('what stays inferred of a lock whose name is given', () => {
  const begins = (us: number, pid: number, caller: string, address: string) => [
    at(us, pid, `contention_begin: ${address} (flags=WRITE)`),
    at(us, pid, '<stack trace>'),
    ` => ${caller} <ffffffff81000000>`,
  ]
  const ends = (us: number, pid: number, address: string) => at(us, pid, `contention_end: ${address} (ret=0)`)
  const wakes = (us: number, pid: number, woken: number) =>
    at(us, pid, `sched_waking: comm=x pid=${woken} prio=120 target_cpu=000`)
  const inferred = (address: string, ...lines: readonly string[]) => {
    const trace = traceOf(first, ...lines)
    const before = locksOf(trace).map(({ flags }) => flags & SPAN_INFERRED)
    withoutGuessedNames(trace.lockSpan, trace, withLockNames(trace, [{ address, name: 'mine' }]))
    return locksOf(trace).map(({ flags }, i) => [before[i] !== 0, (flags & SPAN_INFERRED) !== 0])
  }

  it('is nothing of a wait that its call stack named, at this address', () => {
    const waits = [...begins(10, 1, 'do_truncate', A), ends(20, 1, A)]
    expect(inferred(A, ...waits)).toEqual([[true, false]])
    expect(inferred(B, ...waits, ...begins(30, 1, 'do_truncate', B), ends(40, 1, B)).sort()).toEqual([
      [true, false],
      [true, true],
    ])
  })

  it('is a hold whose holder or whose end was deduced', () => {
    const waits = [...begins(10, 1, 'do_truncate', A), ends(20, 1, A), ...begins(30, 2, 'do_truncate', A)]
    expect(inferred(A, ...waits, wakes(40, 1, 2), ends(41, 2, A))).toEqual([
      [true, true],
      [true, false],
    ])
  })

  it('is nothing of waits whose stacks contradict each other', () => {
    const waits = [...begins(10, 1, 'do_truncate', A), ends(20, 1, A), ...begins(30, 1, 'ext4_punch_hole', A)]
    expect(inferred(A, ...waits, ends(40, 1, A)).map(([, after]) => after)).toEqual([false, false])
  })
})
