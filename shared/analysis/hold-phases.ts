/**
 * How much of a lock's hold time was spent inside which phase of which operation. Shares add up to 1 per (class, mode):
 * time is given to the innermost phase of the holder, its waits for other locks to `wait:CLASS`, holds in interrupt
 * context to `interrupt`, the rest to `other`. Classes without measured hold time have no rows.
 */

import * as z from 'zod'
import type { Trace } from '../model/trace.ts'
import { analysis, scopeSchema, type Scope } from './analysis.ts'
import { holdBreakdown } from './parts/breakdown.ts'
import { SpanFilter } from './parts/scope.ts'
import { labelName } from './parts/segments.ts'
import { kindName, modeName } from './parts/words.ts'

export interface HoldPhaseRow {
  readonly class: string
  readonly classId: number
  readonly mode: 'exclusive' | 'shared'
  readonly phase: string
  /** Kind of the operation the lock was taken in; `none` outside any. */
  readonly op: string
  readonly holdNs: number
  /** Of the (class, mode)'s whole hold time. */
  readonly shareOfHold: number
  /** Holds that spent time there. */
  readonly spans: number
}

export interface HoldPhasesResult {
  readonly rows: readonly HoldPhaseRow[]
  readonly total: number
}

export const holdPhases = analysis({
  id: 'hold-phases',
  title: 'Hold time by phase',
  about: 'What was done under the lock: how much of its hold time lies inside map_blocks, zero, unmap, commit waits.',
  params: z.object({ scope: scopeSchema.default({}), top: z.int().positive().max(10_000).default(1000) }),
  run(trace, { scope, top }): HoldPhasesResult {
    const breakdown = holdBreakdown(trace)
    const { ns, spans } = sumHolds(trace, scope)
    const ops = trace.opKinds.length + 1
    const totals = new Float64Array(trace.lockClasses.length * 2)
    const cells: number[] = []
    for (let cell = 0; cell < ns.length; cell++) {
      if (ns[cell] === 0) continue
      totals[Math.floor(breakdown.group(cell) / ops)] += ns[cell]
      cells.push(cell)
    }
    cells.sort((a, b) => ns[b] - ns[a] || a - b)
    const rows = cells.slice(0, top).map((cell) => {
      const major = Math.floor(breakdown.group(cell) / ops)
      const classId = Math.floor(major / 2)
      return {
        class: trace.lockClasses[classId].name,
        classId,
        mode: modeName(major % 2),
        phase: labelName(trace, breakdown.label(cell)),
        op: kindName(trace, (breakdown.group(cell) % ops) - 1),
        holdNs: ns[cell],
        shareOfHold: ns[cell] / totals[major],
        spans: spans[cell],
      }
    })
    return { rows, total: cells.length }
  },
})

interface HoldSums {
  /** ns per cell of `holdBreakdown`. */
  readonly ns: Float64Array
  /** Holds with time in each cell. */
  readonly spans: Uint32Array
}

function sumHolds(trace: Trace, scope: Scope): HoldSums {
  const breakdown = holdBreakdown(trace)
  const { starts } = breakdown
  const filter = new SpanFilter(trace, scope)
  const ns = new Float64Array(breakdown.cells.size)
  const spans = new Uint32Array(breakdown.cells.size)
  const adding = { window: filter.window, times: spans }
  for (let row = 0; row < trace.lockSpan.length; row++) {
    if (starts[row] !== starts[row + 1] && filter.keeps(row)) breakdown.addTo(ns, row, adding)
  }
  return { ns, spans }
}
