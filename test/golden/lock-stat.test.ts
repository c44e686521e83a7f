/**
 * /proc/lock_stat as a table: `contention` of an imported one has every figure the kernel printed, and its comparison with
 * the trace of the same time agrees where the corpus says it does, and gives the known reason where not.
 */

import { expect, it } from 'vitest'
import { contention } from '#shared/analysis/contention.ts'
import type { ContentionRow } from '#shared/analysis/parts/contention-row.ts'
import { compareWithLockStat } from '#shared/analysis/lock-stat-compare.ts'
import { sniff } from '#shared/formats/index.ts'
import { lockStat } from '#shared/formats/lock-stat.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { Trace } from '#shared/model/trace.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'
import { feed } from '../support/read-text.ts'

function table(bytes: Uint8Array, chunk = bytes.length): Trace {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', 'lock-stat'))
  const reader = lockStat.reader(recorder)
  feed(reader, bytes, chunk)
  reader.end()
  recorder.end()
  const trace = collector.trace()
  assertTrace(trace)
  return trace
}

function rowsOf(trace: Trace, by: 'class' | 'site' | 'task' = 'class'): readonly ContentionRow[] {
  return contention.run(trace, contention.params.parse({ by, top: 10_000 })).rows
}

const NAMES = ['dax-ext4-lockstat', 'dax-ext2-lockstat', 'dax-ext4-faultheavy-lockstat']
const text = (name: string) => readCorpus(`dax/${name}.lock_stat.txt`)

/** Microseconds as printed, to ns, digit by digit. */
const ns = (printed: string) => Number(printed.replace('.', '')) * 10

describeWithCorpus('/proc/lock_stat', () => {
  it.each(NAMES)('%s: contention shows every figure the kernel printed', (name) => {
    expect(sniff(text(name).subarray(0, 65_536)).id).toBe('lock-stat')
    const trace = table(text(name))
    const rows = rowsOf(trace)
    let seen = 0
    for (const line of text(name).toString('utf8').split('\n')) {
      // Twelve numbers behind the last colon that has them.
      const numbers = line.trim().split(/\s+/).slice(-12)
      if (numbers.length !== 12 || !numbers.every((word) => /^[\d.]+$/.test(word))) continue
      // A name may end in a blank where the kernel cut it.
      const label = /^ *(\S.*):(?: +[\d.]+){12} *$/.exec(line)?.[1] ?? ''
      const key = label.endsWith('-R') ? `${label.slice(0, -2)} shared` : `${label.replace(/-W$/, '')} exclusive`
      const named = rows.filter((row) => `${row.class} ${row.mode}` === key)
      if (named.length === 0) {
        const lockClass = trace.lockClasses.find((one) => one.name === key.replace(/ \w+$/, ''))
        expect(lockClass?.kind, key).toBe('annotation')
        continue
      }
      seen++
      const [, contentions, waitMin, waitMax, waitTotal, waitMean, , acquisitions, holdMin, holdMax, holdTotal, holdMean] = numbers // prettier-ignore
      const waited = contentions === '0' ? undefined : { min: ns(waitMin), max: ns(waitMax), mean: ns(waitMean) }
      const held = acquisitions === '0' ? undefined : { min: ns(holdMin), max: ns(holdMax), mean: ns(holdMean) }
      // Versions from ten on are cut to one digit, so several lines can have one name.
      const figures = {
        contended: Number(contentions),
        waitTotalNs: ns(waitTotal),
        waitMinNs: waited?.min ?? null,
        waitMaxNs: waited?.max ?? null,
        waitMeanNs: waited?.mean ?? null,
        acquisitions: Number(acquisitions),
        holdTotalNs: ns(holdTotal),
        holdMinNs: held?.min ?? null,
        holdMaxNs: held?.max ?? null,
        holdMeanNs: held?.mean ?? null,
      }
      expect(named, key).toContainEqual(expect.objectContaining(figures))
    }
    expect(seen).toBe(rows.length)
    expect(trace.diagnostics).toEqual([])
    expect(rowsOf(table(text(name), 333))).toEqual(rowsOf(trace))
  })

  it('call sites of waiters are rows with counts and no times; there are no tasks', () => {
    const trace = table(text('dax-ext4-lockstat'))
    const sites = rowsOf(trace, 'site')
    expect(sites[0]).toMatchObject({
      class: '&mm->mmap_lock',
      site: 'lock_mm_and_find_vma+0x17a/0x2a0',
      contended: 276,
    })
    expect(sites.every(({ waitTotalNs, waitMeanNs }) => Number.isNaN(waitTotalNs) && waitMeanNs === null)).toBe(true)
    expect(rowsOf(trace, 'task')).toEqual([])
  })

  it('beside the trace of the same time the waits agree, and what differs has its known reason', () => {
    const trace = rowsOf(importText(readCorpus('dax/dax-ext4-lockstat.trace.txt')).trace)
    const { rows, compared, differ } = compareWithLockStat(trace, rowsOf(table(text('dax-ext4-lockstat'))))
    const row = (name: string, mode: string) => rows.find((one) => one.class === name && one.mode === mode)
    expect(row('&sb->s_type->i_mutex_key', 'exclusive')).toMatchObject({ contendedRatio: 1, differs: false, why: null })
    expect(row('&sb->s_type->i_mutex_key', 'exclusive')?.trace?.acquisitions).toBe(785)
    expect(row('&mm->mmap_lock', 'exclusive')).toMatchObject({
      differs: true,
      why: expect.stringContaining('downgrade'),
    })
    expect(row('&mm->mmap_lock', 'shared')).toMatchObject({
      differs: true,
      why: expect.stringContaining('might_fault'),
    })
    expect(compared).toBeGreaterThan(120)
    expect(differ).toBeLessThan(12)
  })
})

it('a table of version 0.3 has no averages: means are computed', () => {
  const trace = table(
    Buffer.from(
      'lock_stat version 0.3\n-----\n' +
        '  class name  con-bounces contentions waittime-min waittime-max waittime-total acq-bounces acquisitions holdtime-min holdtime-max holdtime-total\n-----\n\n' +
        '  my lock: with a colon-W:   1   2   1.00   3.00   4.00   5   8   0.25   9.00   16.00\n',
    ),
  )
  expect(rowsOf(trace)).toEqual([
    expect.objectContaining({ class: 'my lock: with a colon', waitMeanNs: 2000, holdMeanNs: 2000, holdMinNs: 250 }),
  ])
})

it('damaged lines are counted, and the others stay', () => {
  const trace = table(
    Buffer.from('lock_stat version 0.4\nnonsense here\n a: 1 2 3.00 4.00 5.00 6.00 7 8 9.00 1.00 2.00 3.00\n'),
  )
  expect(rowsOf(trace).map((row) => row.class)).toEqual(['a'])
  expect(trace.diagnostics).toEqual([expect.objectContaining({ code: 'unparsed-line', count: 1, firstLine: 2 })])
})

it('has no reason about holds where the waits differ, and knows a numbered class on either side', () => {
  const row = (name: string, figures: Partial<ContentionRow>): ContentionRow => ({
    ...{ class: name, classId: 0, mode: 'exclusive', acquisitions: 800, contended: 9, waitTotalNs: 65_000_000 },
    ...{ openWaits: 0, openWaitNs: 0, openHolds: 0, holdTotalNs: 45_000_000, inferred: false },
    ...{ waitMeanNs: null, waitMinNs: null, waitMaxNs: null, waitP50Ns: null, waitP99Ns: null },
    ...{ holdMeanNs: null, holdMinNs: null, holdMaxNs: null, holdP50Ns: null, holdP99Ns: null },
    ...figures,
  })
  const table = [row('gp_wq', { contended: 10, waitTotalNs: 74_000_000, holdTotalNs: 44_900_000 })]
  const { rows } = compareWithLockStat([row('gp_wq', {})], table)
  expect(rows[0]).toMatchObject({ differs: true, why: expect.stringContaining("lock_stat's time is longer") })
  const longer = compareWithLockStat([row('gp_wq', { waitTotalNs: 99_000_000 })], table)
  expect(longer.rows[0]).toMatchObject({ differs: true, why: null })
  expect(compareWithLockStat([row('key#6', {})], [row('key#6', {})])).toMatchObject({ compared: 1, differ: 0 })
})
