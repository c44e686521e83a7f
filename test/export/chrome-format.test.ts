/** Every export as Chrome JSON holds the published format's rules: whole traces and cuts of them, recorded and simulated. */

import { describe, expect, it } from 'vitest'
import { describeWithCorpus, readCorpus, readFixture } from '../support/corpus.ts'
import { asChromeJson, middleOf, PUBLISHED, readBytes, type Whole } from '../support/round-trip.ts'
import { simulated } from '../support/simulated-whole.ts'
import { nested } from '#shared/export/nesting.ts'
import type { Slice } from '#shared/export/slice.ts'
import { violations } from './chrome-format.ts'

function holds(whole: Whole): void {
  expect(violations(asChromeJson(whole))).toEqual([])
  expect(violations(asChromeJson(whole, middleOf(whole)))).toEqual([])
}

describeWithCorpus('real traces as Chrome JSON', () => {
  it.each(PUBLISHED)('%s %s', (format, file) => holds(readBytes(format, readCorpus(file))))
})

describe('a trace of one fixture and of a simulated run as Chrome JSON', () => {
  it('recorded', () => holds(readBytes('ftrace', readFixture('ftrace/dax-ext4-lockdep.txt'))))
  it('simulated', () => holds(simulated(1)))
})

describeWithCorpus('arrows', () => {
  it('have both their ends in a window in which waits were lost', () => {
    const whole = readBytes('trace-dat', readCorpus('dax/tc-dax-ext4-lost.v7.dat'))
    expect(violations(asChromeJson(whole, { from: 62_957_381, to: 116_560_776 }))).toEqual([])
  })

  it('end in the hold that was in the way, wherever a moment is its own', () => {
    const whole = simulated(1)
    const { waiter, holder } = whole.trace.waitEdge.cols
    const { lock, requestedNs, acquiredNs, releasedNs } = whole.trace.lockSpan.cols
    const { traceEvents } = JSON.parse(Buffer.from(asChromeJson(whole)).toString()) as { traceEvents: Drawn[] }
    const ns = (us = 0) => Math.round(us * 1000)
    const lanes = Map.groupBy(
      traceEvents.filter(({ ph, cat }) => ph === 'X' && cat === 'hold'),
      ({ pid, tid }) => `${pid} ${tid}`,
    )
    let own = 0
    let other = 0
    for (const { ph, id, ts, pid, tid } of traceEvents) {
      if (ph !== 'f') continue
      const span = holder[Number(id) - 1]
      const asked = requestedNs[waiter[Number(id) - 1]]
      const name = whole.trace.lockClasses[whole.trace.locks[lock[span]].lockClass].name
      const lane = lanes.get(`${pid} ${tid}`) ?? []
      const innermost = (at: number) =>
        lane.filter((one) => ns(one.ts) <= at && at < ns(one.ts) + ns(one.dur)).reduce((a, b) => (b.ts >= a.ts ? b : a))
          .name
      expect(ns(ts)).toBeGreaterThanOrEqual(asked)
      if (innermost(ns(ts)) === name) {
        own++
        continue
      }
      other++
      const first = Math.max(acquiredNs[span], asked)
      for (let at = first; at < releasedNs[span]; at += 50) expect(innermost(at)).not.toBe(name)
    }
    expect([own > 1000, other < own / 100]).toEqual([true, true])
  })
})

interface Drawn {
  readonly ph: string
  readonly cat: string
  readonly name: string
  readonly id?: number | string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
}

describe('nesting', () => {
  it('shortens the one it changes least, and of another kind only what sticks out', () => {
    const slice = (category: Slice['category'], start: number, end: number): Slice => ({
      category,
      row: start,
      name: category,
      start,
      end,
    })
    const ends = (...slices: Slice[]) => nested(slices).map(({ start, end }) => [start, end])
    expect(ends(slice('phase', 0, 1001), slice('phase', 1000, 900_000))).toEqual([
      [0, 1000],
      [1000, 900_000],
    ])
    expect(ends(slice('phase', 0, 5000), slice('phase', 1000, 5001))).toEqual([
      [0, 5000],
      [1000, 5000],
    ])
    expect(ends(slice('op', 0, 1001), slice('phase', 1000, 9000))).toEqual([
      [0, 1001],
      [1000, 1001],
    ])
    // Inside of an operation both: the later ends with it all the same.
    expect(ends(slice('op', 0, 2000), slice('phase', 0, 1001), slice('phase', 1000, 2500))).toEqual([
      [0, 2000],
      [0, 1000],
      [1000, 2000],
    ])
  })
})

describe('the check of Chrome JSON', () => {
  const said = (...traceEvents: object[]): string =>
    violations(Buffer.from(JSON.stringify({ displayTimeUnit: 'ns', traceEvents }))).join('; ')
  const names = ['process_name', 'thread_name'].map((name) => ({ ph: 'M', name, pid: 1, tid: 1, args: { name: 'x' } }))
  const slice = { ph: 'X', name: 'a', cat: 'c', pid: 1, tid: 1, ts: 1, dur: 5 }
  const flow = { name: 'w', cat: 'w', pid: 1, tid: 1, id: 1 }

  it('finds what breaks a rule', () => {
    expect(said(...names, slice)).toBe('')
    expect(said(slice)).toContain('which has no name')
    expect(said({ ...slice, ph: 'Q' })).toContain('phase Q')
    expect(said({ ...slice, dur: undefined })).toContain('X without dur')
    expect(said(...names, slice, { ...slice, ts: 3, dur: 9 })).toContain('is half in')
    expect(said(...names, ...names)).toContain('is named twice')
    expect(said(...names, slice, { ...flow, ph: 's', ts: 2 })).toContain('1 begins, 0 ends')
    const both = [
      { ...flow, ph: 's', ts: 2 },
      { ...flow, ph: 'f', bp: 'e', ts: 9 },
    ]
    expect(said(...names, slice, ...both)).toContain('not bound to a slice')
    expect(said({ ph: 'M', name: 'thread_sort_index', pid: 1, tid: 1, args: { sort_index: 'x' } })).toContain(
      'without sort_index',
    )
  })
})
