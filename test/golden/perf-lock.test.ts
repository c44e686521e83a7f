/**
 * Tables of `perf lock contention`: every figure perf printed is a row's, and the table of a recording agrees with what
 * Faultline finds in the recording itself.
 */

import { describe, expect, it } from 'vitest'
import { contention } from '#shared/analysis/contention.ts'
import type { ContentionRow } from '#shared/analysis/parts/contention-row.ts'
import { doctor } from '#shared/analysis/doctor.ts'
import { isSkip } from '#shared/model/diagnostics.ts'
import { sniff } from '#shared/formats/index.ts'
import type { Trace } from '#shared/model/trace.ts'
import { describeWithCorpus, readCorpus, readFixture } from '../support/corpus.ts'
import { readBytes } from '../support/round-trip.ts'

const read = (bytes: Uint8Array, piece?: number): Trace => readBytes('perf-lock', bytes, piece).trace
const rowsOf = (trace: Trace, by: 'class' | 'site' = 'class'): readonly ContentionRow[] =>
  contention.run(trace, contention.params.parse({ by, top: 10_000 })).rows
const sum = (rows: readonly ContentionRow[], of: 'contended' | 'waitTotalNs') =>
  rows.reduce((total, row) => total + row[of], 0)

const HEAD = ' contended   total wait     max wait     avg wait '

describe('a table of perf lock contention', () => {
  it('has every wait of every caller', () => {
    const bytes = readFixture('perf-lock/callers.txt')
    expect(sniff(bytes).id).toBe('perf-lock')
    const printed = [...bytes.toString().matchAll(/^ +(\d+) +([\d.]+) (s|ms|us|ns) /gm)]
    const trace = read(bytes)
    expect(trace.diagnostics.filter(isSkip)).toEqual([])
    const rows = rowsOf(trace)
    expect(sum(rows, 'contended')).toBe(printed.reduce((total, [, count]) => total + Number(count), 0))
    expect(rows[0]).toMatchObject({
      class: '(unnamed rwsem) in exc_page_fault',
      mode: 'shared',
      waitMaxNs: 203_570_000,
      waitMinNs: null,
      holdTotalNs: null,
    })
    expect(rows.find((row) => row.class === '(unnamed rwlock) in jbd2_complete_transaction')).toMatchObject({
      contended: 79,
      waitTotalNs: 267_940_000,
      waitMaxNs: 8_260_000,
      waitMeanNs: Math.round(267_940_000 / 79),
    })
    expect(rowsOf(trace, 'site').find(({ site }) => site === 'ext4_fallocate+0x2e6')?.contended).toBe(23)
  })

  it('does not depend on where the bytes were cut', () => {
    const bytes = readFixture('perf-lock/callers-v.txt')
    for (const piece of [1, 7, 300]) expect(rowsOf(read(bytes, piece))).toEqual(rowsOf(read(bytes)))
  })

  it('by threads says how long each waited', () => {
    expect(rowsOf(read(readFixture('perf-lock/threads.txt')))[0]).toMatchObject({
      class: '(unnamed lock) of writer [0] (16025)',
      contended: 109,
      waitTotalNs: 103_800_000,
    })
  })

  it('by locks has their names, in every order and choice of columns', () => {
    const byAddress = `${HEAD}           address   symbol\n\n   1  36.05 us   36.05 us   36.05 us   ffff92157760b3c0   mmap_lock (rwsem)\n   2   1.50 s   1.00 s   750.00 ms   ffff92157760b3c8    (mutex)\n`
    expect(rowsOf(read(Buffer.from(byAddress))).map((row) => [row.class, row.contended, row.waitTotalNs])).toEqual([
      ['(unnamed mutex) at ffff92157760b3c8', 2, 1_500_000_000],
      ['mmap_lock', 1, 36_050],
    ])
    const chosen =
      '     avg wait   contended     min wait         type   caller\n\n  2.00 us   4   1.00 us   rwsem:R   do_mmap+0x1\n'
    expect(rowsOf(read(Buffer.from(chosen)))[0]).toMatchObject({ contended: 4, waitMinNs: 1000, mode: 'shared' })
  })

  it('says nothing of columns that are not there', () => {
    const [mean] = rowsOf(
      read(Buffer.from('     avg wait         type   caller\n\n  2.00 us   rwsem:R   do_mmap+0x1\n')),
    )
    expect(mean).toMatchObject({ waitMeanNs: 2000, waitMinNs: null, waitMaxNs: null, holdTotalNs: null })
    expect([mean.contended, mean.waitTotalNs, mean.acquisitions]).toEqual([NaN, NaN, NaN])
    const twice = '   max wait         type   caller\n\n  2.00 us   mutex   f+0x1\n  3.00 us   mutex   f+0x9\n'
    expect(rowsOf(read(Buffer.from(twice)))[0]).toMatchObject({ waitMaxNs: 3000, waitMeanNs: null })
    expect(read(readFixture('perf-lock/callers.txt')).extras?.lockStat?.rows[0]).toMatchObject({
      acquisitions: NaN,
      contentionBounces: NaN,
      waitMinNs: NaN,
      holdMaxNs: NaN,
    })
  })

  it('passes over what perf says of itself, counts what is no row, and refuses what has no heading', () => {
    const text = `${HEAD}        type   caller\n\n 1  2.00 us 2.00 us 2.00 us  mutex  f+0x1\nnonsense\n=== output for debug===\n\nbad: 0, total: 1\n`
    const skips = read(Buffer.from(text)).diagnostics.filter(isSkip)
    expect(skips.map(({ count, firstLine }) => [count, firstLine])).toEqual([[1, 4]])
    expect(() => read(Buffer.from('1 2.00 us\n'))).toThrow('it has no heading of one')
  })

  it('with separators has the figures of the table without, whatever separates them and whatever a task is called', () => {
    const text = [
      '# output: contended, total wait, max wait, avg wait, type, caller, stacktrace',
      '2, 3500, 2500, 1750, rwsem:R, do_truncate+0x1, 0xffffffff81 rwsem_down_read_slowpath+0x1: 0xffffffff82 ext4_setattr+0x2',
      '1, 40, 40, 40, pcpu-sem:W, vfs_write+0x22f',
      '# debug: total=3, bad=0, bad_task=0',
      '',
    ]
    const trace = read(Buffer.from(text.join('\n')))
    expect(sniff(Buffer.from(text.join('\n'))).id).toBe('perf-lock')
    expect(trace.diagnostics).toEqual([])
    expect(rowsOf(trace).map((row) => [row.class, row.mode, row.contended, row.waitTotalNs, row.waitMaxNs])).toEqual([
      ['(unnamed rwsem) in do_truncate', 'shared', 2, 3500, 2500],
      ['(unnamed pcpu-sem) in vfs_write', 'exclusive', 1, 40, 40],
    ])
    expect(rowsOf(trace, 'site').map(({ site }) => site)).toEqual(['ext4_setattr', 'vfs_write+0x22f'])
    const others: readonly (readonly [string, string])[] = [
      ['# output: contended| total wait| pid| comm\n1| 9| 77| a| b\n', '(unnamed lock) of a| b (77)'],
      ['# output: contended\t total wait\t pid\t owner\n1\t 9\t 77\t x\n', '(unnamed lock) held by x (77)'],
      ['# output: total wait, contended, address, symbol, type\n9, 1, ffff1, mmap_lock, rwsem\n', 'mmap_lock'],
      ['# output: total wait, contended, address, symbol, type\n9, 1, ffff1, , mutex\n', '(unnamed mutex) at ffff1'],
      ['# output: total wait, contended, cgroup\n9, 1, /user.slice/a b\n', '(unnamed lock) of cgroup /user.slice/a b'],
    ]
    for (const [csv, name] of others)
      expect(rowsOf(read(Buffer.from(csv))).map((row) => [row.class, row.waitTotalNs])).toEqual([[name, 9]])
  })

  it('is asked only for what it can have', () => {
    const { answers, record } = doctor.run(read(readFixture('perf-lock/callers.txt')), {})
    expect(answers.map(({ level }) => level).slice(0, 2)).toEqual(['partly', 'no'])
    expect(record).toEqual([])
  })
})

describe('a table of perf lock report', () => {
  it('has every figure of every caller, holds it does not know, and names that perf cut stay cut', () => {
    const bytes = readFixture('perf-lock/report.txt')
    expect(sniff(bytes).id).toBe('perf-lock')
    const trace = read(bytes)
    expect(trace.diagnostics).toEqual([])
    const rows = rowsOf(trace)
    const printed = [...bytes.toString().matchAll(/^ +\S+ +(\d+) +(\d+) +[\d.]+ \w+ +([\d.]+) (\w+)/gm)]
    expect(printed.length).toBeGreaterThan(30)
    expect(sum(rows, 'contended')).toBe(printed.reduce((total, [, , count]) => total + Number(count), 0))
    expect(rows.find((row) => row.class === '(unnamed lock) in do_ftruncate')).toMatchObject({
      acquisitions: 292,
      contended: 292,
      waitTotalNs: 2_420_000_000,
      waitMaxNs: 156_500_000,
      waitMinNs: 1240,
      holdTotalNs: null,
      holdMeanNs: null,
    })
    expect(rows.map((row) => row.class)).toContain('(unnamed lock) in ext4_do_writepag...')
    expect(rowsOf(trace, 'site').find(({ site }) => site === 'do_ftruncate+0x134')?.contended).toBe(292)
    const { answers } = doctor.run(trace, {})
    expect(answers.map(({ level }) => level).slice(0, 2)).toEqual(['partly', 'no'])
  })

  it('of a kernel with lockdep has its classes, and of threads (-t) the threads, and says what it took them for', () => {
    const head = '                Name   acquired  contended     avg wait   total wait     max wait     min wait \n\n'
    const figures = '       4000         12      1.00 us     12.00 us      2.00 us       500 ns \n'
    const classes = read(
      Buffer.from(`${head}      &mm->mmap_lock${figures}   mapping.invalid...${figures} jbd2_handle${figures}`),
    )
    expect(rowsOf(classes).map((row) => [row.class, row.acquisitions])).toEqual([
      ['&mm->mmap_lock', 4000],
      ['mapping.invalid...', 4000],
    ])
    expect(classes.diagnostics.map(({ message }) => message)).toEqual([
      'perf does not print what its names are: taken for lock classes',
    ])
    const threads = read(readFixture('perf-lock/report-threads.txt'))
    expect(rowsOf(threads)[0].class).toBe('(unnamed lock) of writer [0]')
    // Before Linux 5.19: plain ns.
    const old = head.replace(/wait {5}/g, 'wait (ns) ').replace('min wait', 'min wait (ns)')
    const rows = rowsOf(read(Buffer.from(`${old}  &mm->mmap_lock   5   2   1500   3000   2000   1000\n`)))
    expect(rows[0]).toMatchObject({ acquisitions: 5, contended: 2, waitTotalNs: 3000, waitMinNs: 1000 })
  })
})

describeWithCorpus('perf lock of the corpus', () => {
  it('counts what Faultline finds in the recording itself', () => {
    const table = rowsOf(read(readCorpus('host/ext4.perf-lock.contention.txt')))
    const recorded = rowsOf(readBytes('perf-data', readCorpus('host/ext4.perf-lock.data')).trace)
    expect(sum(table, 'contended')).toBe(sum(recorded, 'contended'))
    // perf prints each total in three or four digits.
    expect(Math.abs(sum(table, 'waitTotalNs') / sum(recorded, 'waitTotalNs') - 1)).toBeLessThan(0.001)
  })

  it('with stacks gives the names and call sites that the samples give', () => {
    const table = read(readCorpus('host/ext4.perf-lock.contention-v.txt'))
    const samples = readBytes('perf-script', readCorpus('host/ext4.perf-lock.perf-script.txt')).trace
    const waits = (trace: Trace, site: string) => {
      const found = rowsOf(trace, 'site').filter((row) => row.site?.replace(/\+.*/, '') === site)
      return sum(found, 'contended')
    }
    for (const site of ['ext4_buffered_write_iter', 'do_truncate', 'ext4_page_mkwrite', 'filemap_fault'])
      expect([site, waits(table, site)]).toEqual([site, waits(samples, site)])
    expect(rowsOf(table).map((row) => row.class)).toContain('mapping.invalidate_lock')
  })

  it('reports per thread what the recording has per thread', () => {
    const threads = rowsOf(read(readFixture('perf-lock/report-threads.txt')))
    const { trace } = readBytes('perf-data', readCorpus('host/ext4.perf-lock.data'))
    const recorded = new Map<string, number>()
    for (const { task, contended } of contention.run(trace, contention.params.parse({ by: 'task', top: 10_000 }))
      .rows) {
      const name = `(unnamed lock) of ${task?.comm ?? ''}`
      recorded.set(name, (recorded.get(name) ?? 0) + contended)
    }
    expect(new Map(threads.map((row) => [row.class, row.contended]))).toEqual(recorded)
  })
})
