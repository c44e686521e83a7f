/** Search against looking at every span, one by one. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN } from '#shared/model/kinds.ts'
import { findHits, lookUp, type LookUp } from '#shared/timeline/search.ts'
import { anySmallTrace, traceOf } from '../support/small-trace.ts'

const NO_EVENT = () => {
  throw new Error('no event was searched for')
}

const anyLook = fc.record({
  from: fc.nat(60),
  width: fc.integer({ min: 1, max: 100 }),
  pixels: fc.integer({ min: 1, max: 20 }),
  atNs: fc.nat(100),
  direction: fc.constantFrom('next' as const, 'previous' as const),
})

describe('search', () => {
  it('finds every span whose name contains the text, next and previous, with ticks of any window', () => {
    fc.assert(
      fc.property(anySmallTrace, fc.constantFrom('A', 'fault', 'Z', 'map', 't'), anyLook, (small, text, look) => {
        const trace = traceOf(small)
        const has = (name: string) => name.toLowerCase().includes(text.toLowerCase())
        const naive: number[] = []
        for (let op = 0; op < trace.op.length; op++) {
          if (has(trace.opKinds[trace.op.cols.kind[op]])) naive.push(trace.op.cols.startNs[op])
        }
        for (let phase = 0; phase < trace.phase.length; phase++) {
          if (has(trace.phaseNames[trace.phase.cols.name[phase]])) naive.push(trace.phase.cols.startNs[phase])
        }
        for (let span = 0; span < trace.lockSpan.length; span++) {
          const { lock, flags, requestedNs, acquiredNs } = trace.lockSpan.cols
          const { lockClass, address } = trace.locks[lock[span]]
          const { name, kind } = trace.lockClasses[lockClass]
          if (kind === 'annotation' || !(has(name) || has(address ?? ''))) continue
          if ((flags[span] & SPAN_HOLD_KNOWN) !== 0 && acquiredNs[span] >= 0) naive.push(acquiredNs[span])
          if ((flags[span] & SPAN_CONTENDED) !== 0) naive.push(requestedNs[span])
        }
        naive.sort((a, b) => a - b)
        const hits = findHits(trace, { text, kinds: ['op', 'phase', 'lock'] }, undefined)
        expect([...hits.ns]).toEqual(naive)
        const { from, width, ...rest } = look
        const asked: LookUp = { ...rest, fromNs: from, toNs: from + width, list: 3 }
        const found = lookUp(trace, hits, asked, NO_EVENT)
        const near =
          look.direction === 'next' ? naive.find((ns) => ns >= look.atNs) : naive.findLast((ns) => ns < look.atNs)
        expect(found.hit?.ns).toBe(near)
        const at = found.at < 0 ? (look.direction === 'next' ? naive.length : 0) : found.at
        expect(found.hits.map(({ ns }) => ns)).toEqual(naive.slice(at, at + 3))
        const stepped = naive.map((_, hit) => lookUp(trace, hits, { ...asked, hit }, NO_EVENT))
        const by = look.direction === 'next' ? 1 : -1
        expect(stepped.map(({ hit }) => hit?.ns)).toEqual(naive.map((_, i) => naive[i + by]))
        expect(stepped.map(({ at }) => at)).toEqual(naive.map((_, i) => (i + by < naive.length ? i + by : -1)))
        expect(found.ticks.reduce((sum, n) => sum + n, 0)).toBe(
          naive.filter((ns) => ns >= from && ns < from + width).length,
        )
      }),
      { numRuns: 200 },
    )
  })
})
