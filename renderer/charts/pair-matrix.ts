/**
 * The waiter × holder matrix: one row per waiting task, one column per holding task, blocked time as density and, where
 * a cell has 24 px, as a number. Layout, hit test, keyboard steps and painter; the selected pair has an accent edge.
 */

import type { WaiterHolderResult } from '#shared/analysis/waiter-holder.ts'
import type { ClockUnit } from '../ui/format.ts'
import { amountLevel, clamp, type Box, type Point } from './geometry.ts'
import { chartFont, inkOnLevel, SEQUENCE, type Ink } from './ink.ts'
import type { Context } from './paint-heat.ts'
import { cellText, unitOf, type Unit } from './words.ts'

export interface Pair {
  readonly waiter: number
  readonly holder: number
}

export interface MatrixLayout {
  readonly grid: Box
  readonly cellW: number
  readonly cellH: number
  readonly numbers: boolean
}

const HEAD = 46
const FOOT = 32
const RIGHT = 14
const MOST_CELL_H = 44
const MOST_CELL_W = 72
/** Numbers are in cells of this many px and more. */
const NUMBER_W = 24
const NUMBER_H = 15

export interface MatrixSize {
  readonly width: number
  readonly height: number
  /** Width of the longest waiter's name. */
  readonly gutter: number
  readonly rows: number
  readonly columns: number
}

export function matrixLayout({ width, height, gutter, rows, columns }: MatrixSize): MatrixLayout {
  const x = gutter + 20
  const cellW = clamp((width - x - RIGHT) / Math.max(1, columns), 1, MOST_CELL_W)
  const cellH = clamp((height - HEAD - FOOT) / Math.max(1, rows), 1, MOST_CELL_H)
  return {
    grid: { x, y: HEAD, w: cellW * columns, h: cellH * rows },
    cellW,
    cellH,
    numbers: cellW >= NUMBER_W && cellH >= NUMBER_H,
  }
}

export function pairAt(layout: MatrixLayout, point: Point): Pair | undefined {
  const { grid } = layout
  if (point.x < grid.x || point.y < grid.y || point.x >= grid.x + grid.w || point.y >= grid.y + grid.h) return undefined
  return {
    holder: Math.floor((point.x - grid.x) / layout.cellW),
    waiter: Math.floor((point.y - grid.y) / layout.cellH),
  }
}

/** The next cell for an arrow key, or undefined for any other key. */
export function pairStep(pair: Pair, key: string, data: WaiterHolderResult): Pair | undefined {
  const right = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0
  const down = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0
  if (right === 0 && down === 0) return undefined
  return {
    holder: clamp(pair.holder + right, 0, data.holders.length - 1),
    waiter: clamp(pair.waiter + down, 0, data.waiters.length - 1),
  }
}

export function overlapOf(data: WaiterHolderResult, pair: Pair): number {
  return data.overlapNs[pair.waiter * data.holders.length + pair.holder] ?? 0
}

/** The pair that cost most, or undefined where nobody is known to have blocked anybody. */
export function worstPair(data: WaiterHolderResult): Pair | undefined {
  let best = -1
  data.overlapNs.forEach((ns, i) => {
    if (ns > 0 && (best < 0 || ns > data.overlapNs[best])) best = i
  })
  if (best < 0) return undefined
  return { waiter: Math.floor(best / data.holders.length), holder: best % data.holders.length }
}

function mostOverlap(data: WaiterHolderResult): number {
  return data.overlapNs.reduce((a, b) => Math.max(a, b), 0)
}

/** One unit for the whole matrix: the one in which its largest cell has two to four digits. */
export function matrixUnit(data: WaiterHolderResult, clock: ClockUnit): Unit {
  return unitOf(mostOverlap(data) / 10, clock)
}

type TaskName = { readonly comm: string; readonly pid: number; readonly id: number }

/** Columns are headed by short names: the beginning; where two begin alike the end; where that is no help the pid. */
export function shortNames(tasks: readonly TaskName[], most: number): string[] {
  const spell = [
    ({ comm }: TaskName) => (comm.length > most ? `${comm.slice(0, most - 1)}…` : comm),
    ({ comm }: TaskName) => (comm.length > most ? `…${comm.slice(1 - most)}` : comm),
  ].map((short) => tasks.map((task) => (task.id < 0 ? 'other' : short(task))))
  const unique = (names: readonly string[], name: string): boolean => names.indexOf(name) === names.lastIndexOf(name)
  return tasks.map((task, i) => {
    const names = spell.find((candidate) => unique(candidate, candidate[i]))
    // Idle tasks have one pid for all.
    return names?.[i] ?? (task.pid === 0 ? spell[0][i] : String(task.pid))
  })
}

function staggered(cellW: number): boolean {
  return cellW < 44
}

/** Characters of a holder's name that fit over its column (over two, where names alternate between two lines). */
export function nameRoom(cellW: number): number {
  return Math.max(3, Math.floor((staggered(cellW) ? 2 * cellW - 6 : cellW - 4) / 6.2))
}

export interface MatrixPicture {
  readonly layout: MatrixLayout
  readonly data: WaiterHolderResult
  readonly ink: Ink
  readonly unit: Unit
  readonly waiterNames: readonly string[]
  readonly holderNames: readonly string[]
  readonly selected: Pair | undefined
  readonly width: number
  /** Under the pointer or the keyboard cursor. */
  readonly hover: Pair | undefined
}

export function paintMatrix(ctx: Context, picture: MatrixPicture): void {
  paintNames(ctx, picture)
  paintPairs(ctx, picture)
  for (const [pair, token, width] of [
    [picture.hover, 'text', 1],
    [picture.selected, 'accent', 2],
  ] as const) {
    if (pair === undefined) continue
    const { grid, cellW, cellH } = picture.layout
    ctx.strokeStyle = picture.ink(token)
    ctx.lineWidth = width
    ctx.strokeRect(grid.x + pair.holder * cellW + 0.5, grid.y + pair.waiter * cellH + 0.5, cellW - 1, cellH - 1)
  }
  paintRamp(ctx, picture)
}

function paintNames(ctx: Context, { layout, ink, waiterNames, holderNames, selected, width }: MatrixPicture): void {
  const { grid, cellW, cellH } = layout
  ctx.font = chartFont(ink)
  ctx.textBaseline = 'alphabetic'
  ctx.fillStyle = ink('text-3')
  ctx.textAlign = 'left'
  ctx.fillText('Waiter ↓', 12, grid.y - 10)
  ctx.textAlign = 'right'
  ctx.fillText('Holder →', grid.x - 8, grid.y - 26)
  ctx.textAlign = 'center'
  holderNames.forEach((name, i) => {
    ctx.fillStyle = ink(selected?.holder === i ? 'text' : 'text-2')
    // names alternate between two lines where one would not hold them
    const raised = staggered(cellW) && i % 2 === 1
    ctx.fillText(
      name,
      clamp(grid.x + (i + 0.5) * cellW, 0, width - 4 - ctx.measureText(name).width / 2),
      grid.y - (raised ? 26 : 10),
    )
  })
  ctx.textAlign = 'right'
  ctx.textBaseline = 'middle'
  waiterNames.forEach((name, i) => {
    ctx.fillStyle = ink(selected?.waiter === i ? 'text' : 'text-2')
    ctx.fillText(name, grid.x - 8, grid.y + (i + 0.5) * cellH)
  })
}

function paintPairs(ctx: Context, { layout, data, ink, unit }: MatrixPicture): void {
  const { grid, cellW, cellH, numbers } = layout
  const most = mostOverlap(data)
  ctx.font = chartFont(ink)
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  data.waiters.forEach((waiter, row) => {
    data.holders.forEach((holder, column) => {
      const ns = overlapOf(data, { waiter: row, holder: column })
      const x = grid.x + column * cellW
      const y = grid.y + row * cellH
      const self = waiter.id === holder.id && waiter.id >= 0
      const level = amountLevel(ns, most)
      ctx.beginPath()
      ctx.roundRect(x + 0.5, y + 0.5, Math.max(1, cellW - 1), Math.max(1, cellH - 1), 2)
      if (self && ns === 0) {
        ctx.strokeStyle = ink('grid')
        ctx.lineWidth = 1
        ctx.stroke()
        return
      }
      ctx.fillStyle = ink(SEQUENCE[level])
      ctx.fill()
      if (ns === 0 || !numbers) return
      ctx.fillStyle = inkOnLevel(ink, level)
      ctx.fillText(cellText(ns / unit.size), x + cellW / 2, y + cellH / 2, cellW - 4)
    })
  })
}

function paintRamp(ctx: Context, { layout, data, ink, unit }: MatrixPicture): void {
  const y = layout.grid.y + layout.grid.h + 12
  ctx.font = chartFont(ink)
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'left'
  ctx.fillStyle = ink('text-3')
  ctx.fillText('0', layout.grid.x, y + 5)
  SEQUENCE.forEach((token, i) => {
    ctx.fillStyle = ink(token)
    ctx.fillRect(layout.grid.x + 12 + i * 18, y, 18, 10)
  })
  ctx.fillStyle = ink('text-3')
  ctx.fillText(`${cellText(mostOverlap(data) / unit.size)} ${unit.name}`, layout.grid.x + 144, y + 5)
}
