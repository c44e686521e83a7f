/**
 * Every export as a Perfetto trace holds the published messages field by field, and the rules of packet sequences, tracks,
 * slices, counters and flows: whole traces and cuts of them, recorded and simulated.
 */

import { describe, expect, it } from 'vitest'
import { describeWithCorpus, readCorpus, readFixture } from '../support/corpus.ts'
import { traceOf, type Message } from '../support/proto.ts'
import { asPerfetto, middleOf, PUBLISHED, readBytes, type Whole } from '../support/round-trip.ts'
import { simulated } from '../support/simulated-whole.ts'
import { violations } from './perfetto-schema.ts'

function holds(whole: Whole): void {
  expect(violations(Buffer.from(asPerfetto(whole)))).toEqual([])
  expect(violations(Buffer.from(asPerfetto(whole, middleOf(whole))))).toEqual([])
}

describeWithCorpus('real traces as Perfetto traces', () => {
  it.each(PUBLISHED)('%s %s', (format, file) => holds(readBytes(format, readCorpus(file))))
})

describe('a trace of one fixture and of a simulated run as a Perfetto trace', () => {
  it('recorded', () => holds(readBytes('ftrace', readFixture('ftrace/dax-ext4-lockdep.txt'))))
  it('simulated', () => holds(simulated(1)))
})

describe('the check of a Perfetto trace', () => {
  const event = (at: number, fields: Message): Message => ({
    8: at,
    10: 2,
    13: 2,
    11: { 9: 1, 10: 1, 11: 7, ...fields },
  })
  const begun = { 10: 2, 13: 1, 12: { 2: { 1: 1, 2: 'a' } } }
  const track = { 10: 2, 60: { 1: 7, 2: 'track' } }
  it('finds what breaks the schema or the rules', () => {
    const said = (...packets: readonly Message[]): string => violations(traceOf(...packets)).join('; ')
    const end = { 8: 9, 10: 2, 13: 2, 11: { 9: 2, 11: 7 } }
    expect(said(begun, track, event(1, {}), end)).toBe('')
    expect(said({ 10: 2, 200: 1 })).toContain('.200: no such field')
    expect(said({ 10: 2, 60: 5 })).toContain('is no message')
    expect(said({ 10: 2, 60: { 1: 7, 2: 5 } })).toContain('is no string')
    expect(said(begun, event(1, {}))).toContain('a track nobody described')
    expect(said(begun, track, event(1, { 10: 5 }), end)).toContain('2 5, which is not interned')
    expect(said(track, event(1, {}))).toContain('needs state that was never begun')
    expect(said(begun, track, event(5, {}), { ...end, 8: 4 })).toContain('goes back in time')
    expect(said(begun, track, event(5, {}))).toContain('track 7: 1 open')
    expect(said(begun, { 10: 2, 60: { 1: 7, 5: 6 } })).toContain('before its parent')
    expect(said({ 10: 2, 13: 1, 59: { 58: 6 } })).toContain('a clock without a snapshot')
  })
})
