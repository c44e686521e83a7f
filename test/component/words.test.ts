/** What the window says about imports and traces: rates, findings of the trace doctor, phases of a lock's holders. */
import { describe, expect, it } from 'vitest'
import type { Progress } from '#shared/contract/methods.ts'
import { compareKinds, kindLook, phaseFamily } from '#renderer/theme/kinds.ts'
import { OP_KINDS } from '#shared/model/kinds.ts'
import { SLICE_OPEN, SLICE_SHARED } from '#shared/timeline/types.ts'
import { spanSentence } from '#renderer/panels/timeline/words.ts'
import { spanAt } from '#renderer/stores/timeline-story.ts'
import { findingLines, recordText } from '#renderer/panels/open/doctor.ts'
import { nextMarks, progressWords, type Mark } from '#renderer/panels/open/import-progress.ts'
import { familiesOf, mainDoing, type OverviewLock } from '#renderer/panels/overview/lock-phases.ts'
import { kindSeries, overTimeTable } from '#renderer/panels/overview/over-time.ts'

describe('a span that was walked to', () => {
  const spot = { family: 'hold', id: 1, name: 'L', startNs: 5, untilNs: 50, rows: ['task:0'] } as const

  it('is read out as its slice is, with a length only where its end was seen', () => {
    const open = spanAt({ ...spot, endNs: null, flags: SLICE_SHARED | SLICE_OPEN })
    expect(spanSentence(open, 'a 1', 100, 'ns')).toBe('a 1: holds L, at 5 ns, shared, its end was not recorded')
    const seen = spanAt({ ...spot, endNs: 50, flags: SLICE_SHARED })
    expect(spanSentence(seen, 'a 1', 100, 'ns')).toBe('a 1: holds L, 45 ns, at 5 ns, shared')
  })
})

describe('the progress of an import', () => {
  const at = (done: number, elapsedMs: number, part: Partial<Progress> = {}): Progress => ({
    stage: 'parsing',
    done,
    total: 100e6,
    unit: 'bytes',
    events: done / 100,
    elapsedMs,
    ...part,
  })
  const marksOf = (list: readonly Progress[]) => list.reduce<readonly Mark[]>((marks, one) => nextMarks(marks, one), [])

  it('gives share, amount, rate and time left', () => {
    const now = at(40e6, 2000)
    expect(progressWords(now, marksOf([at(20e6, 1000), now]))).toEqual({
      share: 0.4,
      percent: '40 %',
      amount: '40.0 MB of 100 MB, 20.0 MB/s, 200\u2009000 events/s',
      left: '3.0 s left',
    })
  })

  it('measures the rate over the last seconds, and anew in a new stage', () => {
    const slowThenFast = [at(1e6, 0), at(2e6, 1000), at(12e6, 10_000), at(22e6, 11_000)]
    expect(progressWords(at(22e6, 11_000), marksOf(slowThenFast)).amount).toContain('10.0 MB/s')
    const next = at(0, 12_000, { stage: 'writing' })
    expect(progressWords(next, marksOf([...slowThenFast, next])).amount).toBe('0 B of 100 MB')
  })

  it('claims neither share nor time left where the total is not known', () => {
    const words = progressWords(at(5e6, 900, { total: null }), marksOf([at(1e6, 0), at(5e6, 900)]))
    expect(words.share).toBeUndefined()
    expect(words.left).toBe('')
  })
})

describe('the trace doctor', () => {
  it('lists what was skipped before what was merely noticed', () => {
    const finding = { severity: 'warning', code: 'x', message: 'cut-off line', firstLine: 9, count: 2 } as const
    const lines = findingLines([
      { ...finding, severity: 'info', message: 'might_lock() left out', skipped: false },
      { ...finding, message: 'events lost', skipped: false },
      { ...finding, skipped: true },
    ])
    expect(lines.map(({ text, tone }) => `${text}: ${tone}`)).toEqual([
      'Skipped: cut-off line: warn',
      'Events lost: warn',
      'might_lock() left out: dim',
    ])
  })
  it('says of each command what it is for, and what goes on some kernels only', () => {
    const lacking = { level: 'no', ok: false, why: 'not recorded', maybeRecorded: false } as const
    const text = recordText({
      answers: [
        { ...lacking, question: 'Who waited', events: ['lock:a'], record: 'trace-cmd record -e lock:a -- COMMAND' },
        { ...lacking, question: 'How long', events: ['lock:b'], record: 'trace-cmd record -e lock:b -- COMMAND' },
        { ...lacking, question: 'When', events: [], record: 'trace-cmd record -p function_graph -- COMMAND' },
        { ...lacking, question: 'Names', events: [], record: null },
        { ...lacking, question: 'Journal', events: ['jbd2'], maybeRecorded: true, record: 'trace-cmd record -e jbd2' },
      ],
      findings: [
        {
          ...({ severity: 'warning', code: 'lost', message: 'events were lost', count: 9, firstLine: null } as const),
          skipped: false,
          record: 'trace-cmd record -b 65536',
        },
      ],
      record: [],
      recordings: [
        { command: 'trace-cmd record -e lock:a -e jbd2 -- COMMAND', events: ['lock:a', 'jbd2'], needs: null },
        { command: 'trace-cmd record -e lock:b -- COMMAND', events: ['lock:b'], needs: 'a kernel with lockdep' },
      ],
    })
    expect(text.replaceAll(' \\\n ', '')).toBe(
      [
        '# Who waited',
        '# Journal, if it was not recorded',
        'trace-cmd record -e lock:a -e jbd2 -- COMMAND',
        '',
        '# on a kernel with lockdep add',
        '# How long',
        '-e lock:b',
        '',
        '# When',
        'trace-cmd record -p function_graph -- COMMAND',
        '',
        '# events were lost',
        'trace-cmd record -b 65536',
      ].join('\n'),
    )
  })
})

describe('kinds and phases', () => {
  it('every known kind has its own code, and they keep their order', () => {
    const codes = OP_KINDS.map((kind) => kindLook(kind).code)
    expect(new Set(codes).size).toBe(codes.length)
    expect([...OP_KINDS].reverse().sort(compareKinds)).toEqual([...OP_KINDS])
  })

  it('an unknown system call keeps its name and takes the neutral colour', () => {
    expect(kindLook('madvise')).toEqual({ code: 'MA', label: 'madvise', color: 'op-other', ink: 'ph-2-on' })
  })

  it('phases of the corpus fall into their families', () => {
    const expected = {
      map_blocks: 'getblock',
      zero: 'zero',
      unmap: 'unmap',
      commit_wait: 'commit',
      'wait:journal': 'wait',
      other: 'other',
      unknown: 'unknown',
    }
    for (const [phase, family] of Object.entries(expected)) expect(phaseFamily(phase), phase).toBe(family)
  })

  const lock = (phases: OverviewLock['phases']): OverviewLock => ({
    class: 'mmap_lock',
    classId: 0,
    waitTotalNs: phases.reduce((sum, { ns }) => sum + ns, 0),
    contended: 1,
    openWaits: 0,
    phases,
  })

  it('draws phases of a family side by side and what says nothing last', () => {
    const order = familiesOf(
      lock([
        { phase: 'other', ns: 50 },
        { phase: 'unmap', ns: 10 },
        { phase: 'map_blocks', ns: 30 },
        { phase: 'invalidate', ns: 15 },
      ]),
    )
    expect(order.map(({ family, ns }) => [family, ns])).toEqual([
      ['getblock', 30],
      ['unmap', 25],
      ['other', 50],
    ])
  })

  it('does not call it holding when the one before was itself in the queue', () => {
    expect(
      mainDoing(
        lock([
          { phase: 'wait:mmap_lock', ns: 60 },
          { phase: 'zero', ns: 40 },
        ]),
      ),
    ).toEqual({ clause: 'another task was queued before it', share: 0.6 })
    expect(mainDoing(lock([{ phase: 'wait:journal', ns: 60 }]))?.clause).toContain('waiting for another lock')
    expect(mainDoing(lock([{ phase: 'unknown', ns: 60 }]))).toBeUndefined()
  })
})

describe('operations over time', () => {
  const kinds = ['truncate', 'read', 'write', 'madvise', 'mmap', 'munmap', 'close', 'openat', 'futex', 'brk']
  const time = {
    binNs: 10,
    bins: 2,
    kinds,
    startsPerBin: kinds.map((_, i) => Uint32Array.of(i + 1, 1)),
    events: Float64Array.of(100, 50),
  }

  it('sums the rarest kinds as one, and loses no operation', () => {
    const series = kindSeries(time)
    expect(series).toHaveLength(8)
    expect(series.at(-1)).toMatchObject({ kind: 'other', label: '3 other kinds', total: 2 + 3 + 4 })
    expect(series.reduce((sum, { total }) => sum + total, 0)).toBe(55 + 10)
  })

  it('has every kind by itself in its table', () => {
    const { columns, rows } = overTimeTable(time, 5)
    expect(columns).toHaveLength(kinds.length + 2)
    expect(rows[1]?.[0]).toBe(15)
    expect(rows[0]?.at(-1)).toBe(100)
  })
})
