/**
 * A trace.dat and what trace-cmd's plugins print of it: the same events, to the nanosecond, and the same spans. Plugins spell
 * scheduling events their own way and report leaves contexts out, which is all that differs.
 */

import { expect, it } from 'vitest'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { eventWords, readBytes, spanWords } from '../support/round-trip.ts'

describeWithCorpus('trace-cmd report and its trace.dat', () => {
  it('are the same events and spans', () => {
    const binary = readBytes('trace-dat', readCorpus('host/small2-ext4.v7.dat'))
    const text = readBytes('trace-cmd-report', readCorpus('host/small2-ext4.report-t.txt'))
    // Time, CPU and PID; then the context, which is left out; then the event, whose name is enough where plugins print it.
    const plain = (word: string) =>
      word.replace(/^((?:\S+ ){3})\S+ (sched_(?:switch|wakeup\w*|waking)): .*|^((?:\S+ ){3})\S+ /, '$1$3$2')
    expect(eventWords(text).map(plain)).toEqual(eventWords(binary).map(plain))
    const [a, b] = [spanWords(binary), spanWords(text)]
    for (const table of ['op', 'phase', 'waitEdge', 'taskState'] as const)
      expect([table, b[table]]).toEqual([table, a[table]])
    expect(b.lockSpan.length).toBe(a.lockSpan.length)
  })
})
