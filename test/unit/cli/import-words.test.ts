/** What the command line says of an import when it is done. */
import { expect, it } from 'vitest'
import { describeImport } from '#electron/cli/verbs/import.ts'

const SUMMARY = {
  ...{ file: 'a.faultline', format: 'trace-dat', lines: null, bytes: 600, events: 2, startNs: 0, endNs: 9, tasks: 1 },
  ...{ locks: 1, lockClasses: 1, ops: 0, lockSpans: 1, skipped: [], warnings: [], lost: 0, unmatched: 0, wallMs: 1 },
}

it('names the format of one file, and of several their number', () => {
  expect(describeImport(SUMMARY, 'a.faultline')).toMatch(/^a\.faultline: 2 events read as trace-dat from 600 bytes in /)
  expect(describeImport(SUMMARY, 'a.faultline', 3)).toMatch(
    /^a\.faultline: 2 events read from 3 files with 600 bytes in /,
  )
})

it('says what makes the trace doubtful, and where it begins', () => {
  const warnings = [
    { code: 'overlapping-traces', message: 'two traces of one time', count: 1, firstLine: 1234 },
    { code: 'clock-step', message: 'the clock went back', count: 2, firstLine: null },
  ]
  expect(
    describeImport({ ...SUMMARY, warnings }, 'a.faultline')
      .split('\n')
      .slice(2),
  ).toEqual([
    '  warning: two traces of one time (1 time, first at line 1 234)',
    '  warning: the clock went back (2 times)',
  ])
})
