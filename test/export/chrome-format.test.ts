/** Every export as Chrome JSON holds the published format's rules: whole traces and cuts of them, recorded and simulated. */

import { describe, expect, it } from 'vitest'
import { describeWithCorpus, readCorpus, readFixture } from '../support/corpus.ts'
import { asChromeJson, middleOf, PUBLISHED, readBytes, type Whole } from '../support/round-trip.ts'
import { simulated } from '../support/simulated-whole.ts'
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
