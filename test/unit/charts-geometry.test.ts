/** Positions, ticks and hit tests of the canvas charts: what is drawn is what is hit. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LatencyHeatmapResult } from '#shared/analysis/latency-heatmap.ts'
import { densityLevel, densityLevels, logTicks } from '#renderer/charts/geometry.ts'
import { bandOf, cellAt, heatLayout, rowTotals } from '#renderer/charts/heat.ts'
import {
  boxOfCells,
  brushOfCells,
  cellsBetween,
  cellsOfBrush,
  countIn,
  dragged,
  gripAt,
  nudged,
  slowestCells,
  type CellBox,
} from '#renderer/charts/heat-brush.ts'

/** 1 µs to 10 ms in eighths of an octave, 100 columns of 10 ms. */
function heat(columns = 100, rows = 106): LatencyHeatmapResult {
  const counts = new Uint32Array(columns * rows)
  for (let i = 0; i < counts.length; i++) counts[i] = (i * 7919) % 11 === 0 ? i % 400 : 0
  return {
    fromNs: 5e6,
    binNs: 1e7,
    columns,
    rows,
    rowNs: Float64Array.from({ length: rows + 1 }, (_, r) => Math.round(1000 * 2 ** (r / 8))),
    counts,
    max: counts.reduce((a, b) => Math.max(a, b), 0),
    count: counts.reduce((a, b) => a + b, 0),
    p50Ns: 48_700,
    p99Ns: 412_000,
  }
}

describe('latency axis', () => {
  it('has a tick per decade', () => {
    expect(logTicks(900, 11e6)).toEqual([1e3, 1e4, 1e5, 1e6, 1e7])
  })
  it('has 2s and 5s where a decade would leave it with one label or none', () => {
    expect(logTicks(1500, 6000)).toEqual([2000, 5000])
    expect(logTicks(800, 6000)).toEqual([1000, 2000, 5000])
  })
  it('shows at least three octaves, also around a single band', () => {
    const one: LatencyHeatmapResult = { ...heat(10, 1), rowNs: Float64Array.of(1000, 1090) }
    const layout = heatLayout({ width: 600, height: 300, data: one })
    expect(layout.highNs / layout.lowNs).toBeCloseTo(8, 5)
    expect(logTicks(layout.lowNs, layout.highNs).length).toBeGreaterThan(1)
  })
  it('begins at 1 ns where the first band begins at 0', () => {
    const zero: LatencyHeatmapResult = { ...heat(4, 2), rowNs: Float64Array.of(0, 1, 2) }
    const layout = heatLayout({ width: 600, height: 300, data: zero })
    expect(layout.lowNs).toBe(1)
    expect([...layout.rowY].every(Number.isFinite)).toBe(true)
  })
})

describe('density', () => {
  it('is the surface for nothing, the first step for one, the last for the most', () => {
    expect([densityLevel(0, 420), densityLevel(1, 420), densityLevel(420, 420)]).toEqual([0, 1, 6])
    expect(densityLevel(1, 1)).toBe(6)
  })
  it('has a legend of just the steps that are drawn', () => {
    expect([1, 4, 62, 63, 420].map(densityLevels)).toEqual([
      [6],
      [3, 5, 6],
      [2, 3, 4, 5, 6],
      [1, 2, 3, 4, 5, 6],
      [1, 2, 3, 4, 5, 6],
    ])
    for (const max of [1, 2, 3, 10, 62, 63, 64, 500]) {
      const drawn = Array.from({ length: max }, (_, i) => densityLevel(i + 1, max))
      expect(densityLevels(max)).toEqual([...new Set(drawn)])
    }
  })
  it('never falls as the count grows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.nat(1e9), fc.nat(1e9), (max, a, b) => {
        const [low, high] = [Math.min(a, b, max), Math.min(Math.max(a, b), max)]
        expect(densityLevel(low, max)).toBeLessThanOrEqual(densityLevel(high, max))
      }),
    )
  })
})

describe('heat map cells', () => {
  const data = heat()
  const layout = heatLayout({ width: 760, height: 440, data })

  it('are hit where they are drawn, every one of them', () => {
    for (let row = 0; row < data.rows; row += 5) {
      for (let column = 0; column < data.columns; column += 7) {
        const point = {
          x: (layout.columnX[column] + layout.columnX[column + 1]) / 2,
          y: (layout.rowY[row] + layout.rowY[row + 1]) / 2,
        }
        expect(cellAt(layout, point)).toEqual({ column, row })
      }
    }
  })
  it('are the first or the last outside of the plot', () => {
    expect(cellAt(layout, { x: -50, y: -50 })).toEqual({ column: 0, row: data.rows - 1 })
    expect(cellAt(layout, { x: 5000, y: 5000 })).toEqual({ column: data.columns - 1, row: 0 })
  })
  it('add up to their totals per band and to the count', () => {
    expect(rowTotals(data).reduce((a, b) => a + b, 0)).toBe(data.count)
  })
  it('are found in edge lists that rise and in ones that fall', () => {
    expect([0, 9, 10, 35].map((value) => bandOf(Float64Array.of(0, 10, 20, 30), value))).toEqual([0, 0, 1, 2])
    expect([35, 30, 21, 20, 1].map((value) => bandOf(Float64Array.of(30, 20, 10, 0), value))).toEqual([0, 0, 0, 1, 2])
  })
})

describe('brush', () => {
  const data = heat()
  const layout = heatLayout({ width: 760, height: 440, data })
  const anyBox = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(105), fc.nat(105)).map(([a, b, c, d]): CellBox => ({
    c0: Math.min(a, b),
    c1: Math.max(a, b) + 1,
    r0: Math.min(c, d),
    r1: Math.max(c, d) + 1,
  }))

  it('becomes a time and latency box and comes back as the same cells', () => {
    fc.assert(
      fc.property(anyBox, (cells) => {
        expect(cellsOfBrush(data, brushOfCells(data, cells))).toEqual(cells)
      }),
    )
  })
  it('is open where it reaches the end of the latency axis', () => {
    expect(brushOfCells(data, { c0: 2, c1: 4, r0: 0, r1: data.rows })).toEqual({ fromNs: 25e6, toNs: 45e6 })
    expect(brushOfCells(data, { c0: 2, c1: 4, r0: 8, r1: data.rows })).toEqual({
      fromNs: 25e6,
      toNs: 45e6,
      minNs: 2000,
    })
  })
  it('is gone where a narrower time range leaves it outside', () => {
    expect(cellsOfBrush({ ...data, fromNs: 9e9 }, { fromNs: 25e6, toNs: 45e6 })).toBeUndefined()
  })
  it('stays inside and keeps its size wherever it is moved', () => {
    fc.assert(
      fc.property(anyBox, fc.integer({ min: -900, max: 900 }), fc.integer({ min: -900, max: 900 }), (cells, dx, dy) => {
        const start = { x: 400, y: 200 }
        const after = dragged(layout, data, { grip: 'move', cells, start, now: { x: 400 + dx, y: 200 + dy } })
        expect(after.c1 - after.c0).toBe(cells.c1 - cells.c0)
        expect(after.r1 - after.r0).toBe(cells.r1 - cells.r0)
        expect(after.c0 >= 0 && after.c1 <= data.columns && after.r0 >= 0 && after.r1 <= data.rows).toBe(true)
      }),
    )
  })
  it('never turns inside out when a handle is dragged across the other side', () => {
    for (const grip of ['n', 's', 'e', 'w', 'nw', 'ne', 'sw', 'se'] as const) {
      const after = dragged(layout, data, {
        grip,
        cells: { c0: 40, c1: 50, r0: 40, r1: 50 },
        start: { x: 400, y: 200 },
        now: grip.includes('w') || grip.includes('s') ? { x: 3000, y: -3000 } : { x: -3000, y: 3000 },
      })
      expect(after.c1).toBeGreaterThan(after.c0)
      expect(after.r1).toBeGreaterThan(after.r0)
    }
  })
  it('covers the cells between two points, whichever way it is drawn', () => {
    const cells = { c0: 10, c1: 16, r0: 20, r1: 31 }
    const box = boxOfCells(layout, cells)
    const a = { x: box.x + 1, y: box.y + 1 }
    const b = { x: box.x + box.w - 1, y: box.y + box.h - 1 }
    expect(cellsBetween(layout, a, b)).toEqual(cells)
    expect(cellsBetween(layout, b, a)).toEqual(cells)
  })
  it('is gripped at its corners, edges and inside', () => {
    const box = { x: 100, y: 50, w: 60, h: 80 }
    const at = (x: number, y: number) => gripAt(box, { x, y })
    expect([at(98, 52), at(130, 49), at(162, 131), at(130, 90), at(130, 200)]).toEqual([
      'nw',
      'n',
      'se',
      'move',
      undefined,
    ])
  })
  it('moves by a cell with an arrow key and grows with Shift', () => {
    const cells = { c0: 10, c1: 12, r0: 4, r1: 6 }
    expect(nudged(cells, data, { key: 'ArrowRight', resize: false })).toEqual({ c0: 11, c1: 13, r0: 4, r1: 6 })
    expect(nudged(cells, data, { key: 'ArrowUp', resize: true })).toEqual({ c0: 10, c1: 12, r0: 4, r1: 7 })
    expect(nudged(cells, data, { key: 'x', resize: false })).toBeUndefined()
  })
  it('begins, from the keyboard, with everything above p99', () => {
    const cells = slowestCells(data)
    expect(cells).toMatchObject({ c0: 0, c1: 100, r1: 106 })
    expect(data.rowNs[cells?.r0 ?? 0]).toBeLessThanOrEqual(412_000)
    expect(data.rowNs[(cells?.r0 ?? 0) + 1]).toBeGreaterThan(412_000)
  })
  it('counts what is in it', () => {
    expect(countIn(data, { c0: 0, c1: data.columns, r0: 0, r1: data.rows })).toBe(data.count)
    expect(countIn(data, { c0: 0, c1: 1, r0: 0, r1: 1 })).toBe(data.counts[0])
  })
})
