/**
 * The phases of a lock's hold time over all operations, largest first, one line each: what would be gained if a phase
 * were done without the lock is at most its share. Drawn below the bars per operation where there is room for it.
 */

import type { HoldPhaseRow } from '#shared/analysis/hold-phases.ts'
import { PHASE_FAMILIES, phaseFamily, type PhaseFamily } from '../theme/kinds.ts'
import { timeText, type ClockUnit } from '../ui/format.ts'
import { fitText } from '../ui/canvas-text.ts'
import type { Box } from './geometry.ts'
import { chartFont, type Ink } from './ink.ts'
import type { Context } from './paint-heat.ts'
import { percent, phaseWords } from './words.ts'

export interface PhaseTotal {
  readonly phase: string
  readonly family: PhaseFamily
  readonly holdNs: number
  /** Of all of it, 0…1. */
  readonly share: number
}

export function phaseTotals(rows: readonly HoldPhaseRow[]): PhaseTotal[] {
  const whole = rows.reduce((sum, row) => sum + row.holdNs, 0)
  const byPhase = new Map<string, number>()
  for (const row of rows) byPhase.set(row.phase, (byPhase.get(row.phase) ?? 0) + row.holdNs)
  return [...byPhase]
    .filter(([, holdNs]) => holdNs > 0)
    .map(([phase, holdNs]) => ({ phase, family: phaseFamily(phase), holdNs, share: holdNs / whole }))
    .sort((a, b) => b.holdNs - a.holdNs)
}

const LINE = 20
const HEAD = 26
const NAME_W = 150
const FIGURE_W = 118

/** How many of them fit into this height below their head; fewer than three are not worth it. */
export function linesThatFit(height: number, count: number): number {
  const lines = Math.min(count, Math.floor((height - HEAD - 6) / LINE))
  return lines >= Math.min(3, count) ? Math.max(0, lines) : 0
}

export interface PhaseTotalsPicture {
  readonly box: Box
  readonly totals: readonly PhaseTotal[]
  readonly head: string
  readonly ink: Ink
  readonly clock: ClockUnit
}

export function paintPhaseTotals(ctx: Context, { box, totals, head, ink, clock }: PhaseTotalsPicture): void {
  const lines = linesThatFit(box.h, totals.length)
  if (lines === 0) return
  ctx.fillStyle = ink('grid')
  ctx.fillRect(box.x, box.y, box.w, 1)
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  ctx.font = chartFont(ink, 600)
  ctx.fillStyle = ink('text')
  ctx.fillText(head, box.x, box.y + HEAD / 2 + 2)
  ctx.font = chartFont(ink)
  const full = box.w - NAME_W - FIGURE_W
  totals.slice(0, lines).forEach((total, i) => {
    const middle = box.y + HEAD + i * LINE + LINE / 2
    ctx.textAlign = 'left'
    ctx.fillStyle = ink('text-2')
    ctx.fillText(fitText(ctx, phaseWords(total.phase) ?? 'in no recorded phase', NAME_W - 8), box.x, middle)
    ctx.fillStyle = ink(PHASE_FAMILIES[total.family].color)
    ctx.fillRect(box.x + NAME_W, middle - 5, Math.max(1, (full * total.share) / totals[0].share), 10)
    ctx.textAlign = 'right'
    ctx.fillStyle = ink('text')
    ctx.fillText(timeText(total.holdNs, clock), box.x + box.w, middle)
    ctx.fillStyle = ink('text-3')
    ctx.fillText(percent(total.share), box.x + box.w - 62, middle)
  })
}
