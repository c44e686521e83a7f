/**
 * Records printed field by field, as `trace-cmd report -R` and tracefs' option `fields` do, are the same operations, locks
 * and waits as printed by their print formats: neither is read as if it were the other.
 */

import { describe, expect, it } from 'vitest'
import { describeWithCorpus, readCorpus, readFixture } from '../support/corpus.ts'
import { readBytes, spanDifferences, spanWords } from '../support/round-trip.ts'

describe('trace-cmd report -R', () => {
  for (const [printed, raw] of [
    ['report.txt', 'report-R.txt'],
    ['report-dax-ext4.txt', 'report-R-dax-ext4.txt'],
    ['report-dax-xfs.txt', 'report-R-dax-xfs.txt'],
  ]) {
    it(`${raw} is ${printed}`, () => {
      const [a, b] = [printed, raw].map((file) =>
        readBytes('trace-cmd-report', readFixture(`trace-cmd-report/${file}`)),
      )
      expect(spanWords(b)).toEqual(spanWords(a))
    })
  }
})

describe('flags without names', () => {
  for (const file of ['report-dax-ext4.txt', 'report-R-dax-ext4.txt', 'report-dax-xfs.txt', 'report-R-dax-xfs.txt']) {
    it(`${file} has a fault that ended in SIGBUS, and none without memory`, () => {
      const { op } = readBytes('trace-cmd-report', readFixture(`trace-cmd-report/${file}`)).trace
      const results = Array.from({ length: op.length }, (_, i) => op.cols.result[i])
      expect(results.filter((result) => result === -14)).toHaveLength(1)
      expect(results).not.toContain(-12)
    })
  }
})

describe('the option fields of tracefs', () => {
  it('gives the spans of the same buffer', () => {
    const [a, b] = ['same-as-fields.txt', 'fields.txt'].map((file) =>
      readBytes('ftrace', readFixture(`ftrace/${file}`)),
    )
    expect(a.trace.op.length).toBeGreaterThan(10)
    expect(spanDifferences(a, b, { slack: 0 })).toEqual([])
  })
})

describeWithCorpus('a whole recording', () => {
  it('is the same with report -R', () => {
    const [a, b] = ['report', 'report-R'].map((layout) =>
      readBytes('trace-cmd-report', readCorpus(`host/small2-ext4.${layout}.txt`)),
    )
    expect(spanWords(b)).toEqual(spanWords(a))
  })
})
