/** ECharts options and bar groupings: pure in, and rendered by the real ECharts without a DOM. */
import { describe, expect, it } from 'vitest'
import * as echarts from 'echarts/core'
import '#renderer/ui/echarts-modules.ts'
import { SVGRenderer } from 'echarts/renderers'
import type { ContentionOverTimeResult } from '#shared/analysis/contention-over-time.ts'
import type { HoldPhaseRow } from '#shared/analysis/hold-phases.ts'
import type { LatencyDistributionResult } from '#shared/analysis/latency-distribution.ts'
import type { WaiterHolderResult } from '#shared/analysis/waiter-holder.ts'
import { cdfPairs, distributionOption, histogramPairs } from '#renderer/charts/distribution.ts'
import { binPairs, overTimeFinding, overTimeOption } from '#renderer/charts/over-time.ts'
import { matrixLayout, pairAt, pairStep, shortNames, worstPair } from '#renderer/charts/pair-matrix.ts'
import { phaseAt, phaseBars, phaseBarsLayout, phaseFinding } from '#renderer/charts/phase-bars.ts'
import { cellText, figure, percent, tickLabel } from '#renderer/charts/words.ts'

echarts.use([SVGRenderer])
/** A colour per token, so that marks can be counted by it. */
const colors = new Map<string, string>()
const ink = (token: string) => {
  if (token.startsWith('font')) return 'sans-serif'
  if (!colors.has(token)) colors.set(token, `#${(0x100000 + colors.size * 4099).toString(16)}`)
  return colors.get(token) ?? ''
}
function svg(option: object): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 480, height: 240 })
  chart.setOption({ ...option })
  const text = chart.renderToSVGString()
  chart.dispose()
  return text
}
const marks = (text: string, token: string) => text.split(`fill="${ink(token)}"`).length - 1

const overTime: ContentionOverTimeResult = {
  fromNs: 1e8,
  binNs: 1e7,
  waiting: Float64Array.from({ length: 200 }, (_, i) => (i % 25 === 3 ? 6 : 1.5)),
  waitingAll: Float64Array.from({ length: 200 }, (_, i) => (i % 25 === 3 ? 6 : 2)),
}

describe('waiting over time', () => {
  it('goes to ECharts as one flat array of (time, value)', () => {
    const pairs = binPairs(overTime, (bin) => overTime.waiting[bin])
    expect(pairs).toBeInstanceOf(Float64Array)
    expect([pairs.length, pairs[0], pairs[1], pairs[7]]).toEqual([400, 1.05e8, 1.5, 6])
  })
  it('draws a red bar per bin and the others in grey on top of it', () => {
    const text = svg(overTimeOption({ data: overTime, ink, clock: 'ns', width: 480, chosen: 'i_mmap_rwsem' }))
    expect(marks(text, 'lock-waiting')).toBe(200)
    expect(marks(text, 'ph-2')).toBeGreaterThanOrEqual(192)
  })
  it('has the unit on the first label only', () => {
    const labels = [
      ...svg(overTimeOption({ data: overTime, ink, clock: 'ns', width: 480, chosen: undefined })).matchAll(
        />([^<>]+)<\/text>/g,
      ),
    ].map((m) => m[1])
    expect(labels.filter((label) => label.endsWith('ms'))).toHaveLength(1)
  })
  it('never shows a negative rest where the sums differ in their last bit', () => {
    const option = overTimeOption({
      data: { ...overTime, waiting: overTime.waitingAll.map((v) => v + 1e-12) },
      ink,
      clock: 'ns',
      width: 480,
      chosen: 'x',
    })
    const [, others] = option.series as { data: Float64Array }[]
    expect(others.data.every((v) => v >= 0)).toBe(true)
  })
  it('says when most waited', () => {
    expect(overTimeFinding(overTime, 'ns')).toBe('Most waiting at 130.000 ms: 6.0 tasks on average')
    expect(overTimeFinding({ ...overTime, waiting: new Float64Array(200) }, 'ns')).toBeUndefined()
  })
})

const distribution: LatencyDistributionResult = {
  bucketNs: Float64Array.from({ length: 101 }, (_, i) => 100 * 2 ** (i / 8)),
  all: {
    count: 1000,
    counts: Uint32Array.from({ length: 100 }, (_, i) => (i >= 30 && i < 80 ? 20 : 0)),
    p50Ns: 10_000,
    p90Ns: 50_000,
    p99Ns: 90_000,
    waitNs: 5e6,
    shareOfWaiting: 1,
  },
  brushed: {
    count: 40,
    counts: Uint32Array.from({ length: 100 }, (_, i) => (i >= 78 && i < 80 ? 20 : 0)),
    p50Ns: 90_000,
    p90Ns: 95_000,
    p99Ns: 99_000,
    waitNs: 2e6,
    shareOfWaiting: 0.4,
  },
}

describe('distribution', () => {
  it('rises from 0 to exactly 1 and never falls', () => {
    for (const side of [distribution.all, distribution.brushed ?? distribution.all]) {
      const shares = [...cdfPairs(distribution, side)].filter((_, i) => i % 2 === 1)
      expect([shares[0], shares.at(-1)]).toEqual([0, 1])
      expect(shares.every((share, i) => i === 0 || share >= shares[i - 1])).toBe(true)
    }
  })
  it('leaves out empty buckets at both ends and keeps the brush on the same axis', () => {
    // every bound, and the three exact percentiles
    expect(cdfPairs(distribution, distribution.all)).toHaveLength((51 + 3) * 2)
    expect(histogramPairs(distribution, distribution.brushed ?? distribution.all)).toHaveLength(50 * 2)
  })
  it('goes through the exact percentiles, straight up where they are one value', () => {
    const bucketNs = Float64Array.of(32_000, 64_000, 128_000)
    const side = { ...distribution.all, count: 50, counts: Uint32Array.of(50, 0), waitNs: null, shareOfWaiting: null }
    const pairs = (p50Ns: number, p90Ns: number, p99Ns: number) => {
      const all = { ...side, p50Ns, p90Ns, p99Ns }
      const flat = [...cdfPairs({ bucketNs, all }, all)]
      return flat.flatMap((x, i) => (i % 2 === 0 ? [[Math.round(10 ** x), flat[i + 1]]] : []))
    }
    const ends = [
      [32_000, 0],
      [64_000, 1],
    ]
    const at = (...points: number[][]) => [ends[0], ...points, ends[1]]
    expect(pairs(40_000, 40_000, 40_000)).toEqual(at([40_000, 0], [40_000, 1]))
    expect(pairs(40_000, 50_000, 60_000)).toEqual(at([40_000, 0.5], [50_000, 0.9], [60_000, 0.99]))
  })
  const oneValue = {
    ...distribution.all,
    count: 50,
    counts: Uint32Array.of(50),
    p50Ns: 40_000,
    p90Ns: 40_000,
    p99Ns: 40_000,
  }
  it('says in the tooltip what the line says there', () => {
    const bucketNs = Float64Array.of(32_000, 64_000)
    const { tooltip } = distributionOption({
      data: { bucketNs, all: oneValue },
      ink,
      clock: 'ns',
      color: 'op-wf',
      kind: 'cdf',
    })
    const { formatter } = tooltip as { formatter: (points: { dataIndex: number }[]) => string }
    expect([0, 1, 2, 3].map((dataIndex) => formatter([{ dataIndex }]))).toEqual([
      'up to 32.0 µs\nall: 0 %',
      'up to 40.0 µs\nall: 100 %',
      'up to 40.0 µs\nall: 100 %',
      'up to 64.0 µs\nall: 100 %',
    ])
  })
  it('has a label on its axis where everything is in one bucket', () => {
    const bucketNs = Float64Array.of(38_912, 40_960)
    for (const kind of ['cdf', 'histogram'] as const) {
      const text = svg(
        distributionOption({ data: { bucketNs, all: oneValue }, ink, clock: 'ns', color: 'op-wf', kind }),
      )
      for (const words of ['38.9 µs', '41.0 µs']) expect(text).toContain(words)
    }
  })
  it('names both lines and the median in the picture', () => {
    const text = svg(distributionOption({ data: distribution, ink, clock: 'ns', color: 'op-wf', kind: 'cdf' }))
    for (const words of ['all 1\u2009000', 'brush 40', 'p50 10.0 µs', '100 %', '10 µs']) expect(text).toContain(words)
  })
  it('has a bar per bucket in the histogram', () => {
    const text = svg(distributionOption({ data: distribution, ink, clock: 'ns', color: 'op-wf', kind: 'histogram' }))
    expect(marks(text, 'op-wf')).toBe(50)
  })
  it('is drawn without anything in it', () => {
    const nothing = { ...distribution.all, count: 0, counts: new Uint32Array(100), p50Ns: null }
    for (const kind of ['cdf', 'histogram'] as const) {
      expect(() =>
        svg(
          distributionOption({
            data: { bucketNs: distribution.bucketNs, all: nothing },
            ink,
            clock: 'ns',
            color: 'op-wf',
            kind,
          }),
        ),
      ).not.toThrow()
    }
  })
})

function row(op: string, phase: string, holdNs: number): HoldPhaseRow {
  return { class: 'c', classId: 1, mode: 'shared', phase, op, holdNs, shareOfHold: holdNs / 1000, spans: 3 }
}
const phases = [
  row('write_fault', 'ext4_map_blocks', 310),
  row('write_fault', 'other', 390),
  row('read_fault', 'ext4_map_blocks', 100),
  row('read_fault', 'wait:&ei->i_data_sem', 200),
]

describe('hold time by phase', () => {
  it('has a bar per operation, most hold time first, whose shares add up to 1', () => {
    const bars = phaseBars(phases)
    expect(bars.map(({ op, holdNs }) => [op, holdNs])).toEqual([
      ['write_fault', 700],
      ['read_fault', 300],
    ])
    for (const bar of bars) expect(bar.segments.reduce((sum, s) => sum + s.share, 0)).toBeCloseTo(1, 9)
  })
  it('says the largest named phase of all operations together', () => {
    expect(phaseFinding(phases)).toBe('41 % of shared hold time is inside ext4_map_blocks')
    expect(phaseFinding([row('read', 'wait:&ei->i_data_sem', 5)])).toBe(
      '100 % of shared hold time is spent waiting for &ei->i_data_sem',
    )
    expect(phaseFinding([row('read', 'other', 5)])).toBe('No recorded phase lies inside the shared hold time')
    expect(phaseFinding([])).toBeUndefined()
  })
  it('hits the segment that is drawn and says how many bars did not fit', () => {
    const many = Array.from({ length: 40 }, (_, i) => row(`call_${i}`, 'other', 100 - i))
    const layout = phaseBarsLayout({ width: 400, height: 200, bars: phaseBars(many) })
    expect(layout.bars.length + layout.hidden).toBe(40)
    const { box } = layout.bars[2]
    expect(phaseAt(layout, { x: box.x + 5, y: box.y + 5 })).toEqual({ bar: 2, segment: 0 })
    expect(phaseAt(layout, { x: 5, y: box.y + 5 })).toEqual({ bar: 2, segment: undefined })
  })
})

const task = (id: number, comm: string) => ({ id, comm, pid: 100 + id })
const matrix: WaiterHolderResult = {
  waiters: [task(1, 'rfault'), task(2, 'wfault')],
  holders: [task(1, 'rfault'), task(2, 'wfault'), { id: -1, comm: 'other', pid: 0 }],
  overlapNs: Float64Array.of(0, 5e6, 1e6, 9e6, 0, 0),
  queuedNs: 0,
  unexplainedNs: 0,
  wakeupNs: 0,
}

describe('waiter × holder', () => {
  it('hits the cell that is drawn and nothing beside the grid', () => {
    const layout = matrixLayout({ width: 400, height: 300, gutter: 60, rows: 2, columns: 3 })
    const { grid, cellW, cellH } = layout
    expect(pairAt(layout, { x: grid.x + 2.5 * cellW, y: grid.y + 1.5 * cellH })).toEqual({ waiter: 1, holder: 2 })
    expect(pairAt(layout, { x: grid.x - 1, y: grid.y + 1 })).toBeUndefined()
    expect(layout.numbers).toBe(true)
    expect(matrixLayout({ width: 400, height: 300, gutter: 60, rows: 40, columns: 40 }).numbers).toBe(false)
  })
  it('finds the pair that cost most, and stays inside with the arrow keys', () => {
    expect(worstPair(matrix)).toEqual({ waiter: 1, holder: 0 })
    expect(worstPair({ ...matrix, overlapNs: new Float64Array(6) })).toBeUndefined()
    expect(pairStep({ waiter: 0, holder: 0 }, 'ArrowLeft', matrix)).toEqual({ waiter: 0, holder: 0 })
    expect(pairStep({ waiter: 0, holder: 0 }, 'ArrowDown', matrix)).toEqual({ waiter: 1, holder: 0 })
    expect(pairStep({ waiter: 0, holder: 0 }, 'Enter', matrix)).toBeUndefined()
  })
  it('tells tasks that begin alike apart by their end, and by pid where that is the same', () => {
    const names = ['holetest/1', 'holetest/2', 'fsync'].map((comm, i) => task(i, comm))
    expect(shortNames([...names, { id: -1, comm: 'other', pid: -1 }], 6)).toEqual([
      '…est/1',
      '…est/2',
      'fsync',
      'other',
    ])
    expect(shortNames([task(1, 'msync'), task(2, 'msync')], 8)).toEqual(['101', '102'])
    const idle = [1, 2].map((id) => ({ id, comm: '<idle>', pid: 0 }))
    expect(shortNames(idle, 8)).toEqual(['<idle>', '<idle>'])
  })
})

describe('words', () => {
  it('write shares, ticks and cells', () => {
    expect([percent(0.31), percent(0), percent(0.00001)]).toEqual(['31 %', '0 %', '<0.01 %'])
    expect([1e3, 1e4, 1e5, 1e6, 1e7, 5e8].map((ns) => tickLabel(ns, 'ns'))).toEqual([
      '1 µs',
      '10 µs',
      '100 µs',
      '1 ms',
      '10 ms',
      '500 ms',
    ])
    expect(tickLabel(10_000, 'tick')).toBe('10\u2009000 ticks')
    expect([101.4, 9.96, 3.25, 0.2, 0.04].map(cellText)).toEqual(['101', '10', '3.3', '0.2', '<.1'])
    expect([0, 0.314, 5.12, 412.4].map(figure)).toEqual(['0', '0.31', '5.1', '412'])
  })
})
