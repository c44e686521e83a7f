/** The table behind the heat map: one row per cell that is not empty, with its bounds, so that a CSV can be drawn again. */

import type { LatencyHeatmapResult } from '#shared/analysis/latency-heatmap.ts'
import type { Cell, TableSpec } from '../../ui/table-spec.ts'

export function heatTable(data: LatencyHeatmapResult): TableSpec {
  const rows: Cell[][] = []
  for (let column = 0; column < data.columns; column++) {
    for (let row = 0; row < data.rows; row++) {
      const count = data.counts[row * data.columns + column]
      if (count === 0) continue
      const from = data.fromNs + column * data.binNs
      rows.push([from, from + data.binNs, data.rowNs[row], data.rowNs[row + 1], count])
    }
  }
  return {
    columns: [
      { key: 'from', title: 'From', kind: 'time' },
      { key: 'to', title: 'To', kind: 'time' },
      { key: 'low', title: 'Latency from', kind: 'time' },
      { key: 'high', title: 'Latency to', kind: 'time' },
      { key: 'count', title: 'Operations', kind: 'count' },
    ],
    rows,
  }
}
