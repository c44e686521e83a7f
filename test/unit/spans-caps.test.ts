/**
 * What the span builder does at its caps: whatever is held, open or nested beyond them is given up with a diagnostic that says so,
 * the newest stays right, and the trace is whole.
 */
import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { SPAN_HOLD_KNOWN } from '#shared/model/kinds.ts'
import { at, diagnosed, locksOf, opsOf, phasesOf, traceOf } from '../support/import-text.ts'

const address = (n: number) => (0xaaaa0000 + n * 16).toString(16).padStart(16, '0')
const many = (count: number, line: (n: number) => string) => Array.from({ length: count }, (_, n) => line(n))

describe('at its caps the span builder', () => {
  it('gives up the oldest of too many held locks, and the others end where they are released', () => {
    const count = limits.heldLocks + 1
    const trace = traceOf(
      ...many(count, (n) => at(n, 1, `lock_acquire: ${address(n)} &m`)),
      ...many(count, (n) => at(1000 + n, 1, `lock_release: ${address(n)} &m`)),
    )
    const known = locksOf(trace).filter(({ flags }) => flags & SPAN_HOLD_KNOWN)
    expect(known).toHaveLength(limits.heldLocks)
    expect(known.every((span) => span.releasedNs - span.acquiredNs === 1_000_000)).toBe(true)
    expect(known.some((span) => span.address === address(0))).toBe(false)
    expect(diagnosed(trace, 'too-many-held')).toBe(1)
  })

  it('ends the wait of a lock it gives up', () => {
    const trace = traceOf(
      at(0, 1, `lock_acquire: ${address(999)} &w`),
      at(1, 1, `lock_contended: ${address(999)} &w`),
      ...many(limits.heldLocks, (n) => at(10 + n, 1, `lock_acquire: ${address(n)} &m`)),
      at(5000, 1, `lock_release: ${address(0)} &m`),
    )
    const waiting = locksOf(trace).find(({ class: name }) => name === '&w')
    expect(waiting?.flags ?? NaN).not.toBe(NaN)
    expect(waiting?.acquiredNs).toBeNaN()
    expect(diagnosed(trace, 'too-many-held')).toBe(1)
  })

  it('says so of locks that other subsystems print, too', () => {
    const count = limits.heldLocks + 1
    const said = (n: number) => `mm=${address(n)} memcg_path= write=true`
    const trace = traceOf(
      ...many(count, (n) => at(n, 1, `mmap_lock_acquire_returned: ${said(n)} success=true`)),
      ...many(count, (n) => at(1000 + n, 1, `mmap_lock_released: ${said(n)}`)),
    )
    const whole = locksOf(trace).filter((span) => span.releasedNs - span.acquiredNs === 1_000_000)
    expect(whole).toHaveLength(limits.heldLocks)
    expect(diagnosed(trace, 'too-many-held')).toBe(1)
  })

  it('gives up operations nested too deep, and the innermost still ends where it says', () => {
    const trace = traceOf(
      ...many(limits.opDepth + 1, (n) => at(n, 1, `op_begin: kind=write ino=${n} dev=1:1`)),
      at(1000, 1, 'op_end: ret=7'),
    )
    const ops = opsOf(trace)
    expect(ops).toHaveLength(limits.opDepth + 1)
    expect(ops.filter(({ endNs }) => endNs === 1_000_000)).toMatchObject([{ result: 7 }])
    expect(diagnosed(trace, 'ops-too-deep')).toBe(1)
    expect(diagnosed(trace, 'open-at-end')).toBe(0)
  })

  it('gives up steps nested too deep', () => {
    const trace = traceOf(
      at(0, 1, 'op_begin: kind=write ino=1 dev=1:1'),
      ...many(limits.phaseDepth + 1, (n) => at(1 + n, 1, `phase_begin: name=step${n}`)),
      at(500, 1, `phase_end: name=step${limits.phaseDepth}`),
      at(501, 1, 'phase_end: name=nobody'),
      at(1000, 1, 'op_end: ret=0'),
    )
    expect(phasesOf(trace)).toHaveLength(limits.phaseDepth + 1)
    expect(diagnosed(trace, 'too-deep')).toBe(1)
    expect(opsOf(trace)).toMatchObject([{ kind: 'write', endNs: 1_000_000, result: 0 }])
  })

  it('gives up the oldest of too many waits of unnamed locks', () => {
    const trace = traceOf(
      ...many(limits.heldLocks + 1, (n) => at(n, 1, `contention_begin: ${address(n)} (flags=SPIN)`)),
      ...many(limits.heldLocks + 1, (n) => at(1000 + n, 1, `contention_end: ${address(n)} (ret=0)`)),
    )
    const spans = locksOf(trace)
    const measured = spans.filter((span) => span.acquiredNs - span.requestedNs === 1_000_000)
    expect(measured).toHaveLength(limits.heldLocks)
    expect(measured.some((span) => span.address === address(0))).toBe(false)
  })
})
