/** What has no end of its own in the trace is over when something begins that proves it. */
import { describe, expect, it } from 'vitest'
import { TASK_STATES } from '#shared/model/kinds.ts'
import { at, opsOf, traceOf } from '../support/import-text.ts'
import { A, codes, FAULT, first, MM, opTimes, write, written } from '../support/span-lines.ts'

describe('what the next begin proves', () => {
  it('of a system call without an exit: it is over, and what is waited for later is not waited for in it', () => {
    const trace = traceOf(
      first,
      write(5),
      at(10, 1, 'sys_read(fd: 3, buf: 0x55d8, count: 2)'),
      at(12, 1, `lock_acquire: ${A} &m`),
      at(12, 1, `lock_contended: ${A} &m`),
      at(20, 1, `lock_acquired: ${A} &m`),
      at(21, 1, `lock_release: ${A} &m`),
      at(25, 1, 'sys_read -> 0x2'),
    )
    expect(opsOf(trace)).toMatchObject([
      { kind: 'write', endNs: NaN, waitNs: 0 },
      { kind: 'read', endNs: 25_000, waitNs: 8_000 },
    ])
  })

  it('of a fault in user mode: no system call runs, and what returns later began unseen', () => {
    const trace = traceOf(first, write(5), at(10, 1, FAULT), written(30))
    expect(opTimes(trace)[0]).toEqual(['write', 5, NaN])
    expect(codes(trace)).toContain('exit-without-enter')
  })

  it('of a fault whose end was not seen: it lasted until the last that is known of it', () => {
    const dax = (what: string) =>
      `dax_pte_fault${what}: dev 259:0 ino 0xc shared WRITE address 0x7f0000001000 pgoff 0x1dc`
    expect(opTimes(traceOf(first, at(10, 1, FAULT), at(15, 1, dax('')), write(30), written(31)))[0].slice(1)).toEqual([
      10, 15,
    ])
  })

  it('of a request for mmap_lock that came to nothing: nobody waits for it any more', () => {
    const mmap = (us: number, what: string) => at(us, 1, `mmap_lock_${what}: ${MM} write=false`)
    const trace = traceOf(
      first,
      mmap(10, 'start_locking'),
      at(11, 1, `mmap_lock_acquire_returned: ${MM} write=false success=false`),
      mmap(12, 'start_locking'),
      mmap(20, 'released'),
      at(25, 1, 'sched_switch: a:1 [120] S ==> b:2 [120]'),
      at(30, 2, 'sched_switch: b:2 [120] S ==> a:1 [120]'),
    )
    const { cols, length } = trace.taskState
    const states = Array.from({ length }, (_, i) => TASK_STATES[cols.state[i]])
    expect(states).not.toContain('lock')
  })
})

describe('an operation that has no end of its own', () => {
  it('waited until its end, where the end of the wait was not seen', () => {
    const trace = traceOf(
      first,
      at(10, 1, FAULT),
      at(12, 1, `contention_begin: ${A} (flags=SPIN)`),
      at(15, 1, `mmap_lock_released: ${MM} write=false`),
      at(90, 9, 'sched_wakeup: comm=x pid=98 prio=120 target_cpu=000'),
    )
    expect(opsOf(trace)).toMatchObject([{ kind: 'fault', startNs: 10_000, endNs: 15_000, waitNs: 3_000 }])
  })

  it('goes on while a step of it does', () => {
    const trace = traceOf(
      first,
      at(10, 1, FAULT),
      at(12, 1, 'ext4_es_lookup_extent_enter: dev 259,0 ino 12 lblk 87'),
      at(15, 1, `mmap_lock_released: ${MM} write=false`),
      at(18, 1, 'ext4_es_lookup_extent_exit: dev 259,0 ino 12 found 1 [0/218) 8623104 W'),
      write(30),
      written(31),
    )
    expect(opTimes(trace)[0]).toEqual(['fault', 10, 18])
  })
})
