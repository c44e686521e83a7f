/**
 * The matrix of lock orders: classes × classes, rows held, columns asked for, in topological order, so that a good order
 * stands above the diagonal and what stands below it closes a circle (red and hatched). Ordering, layout, hit test, keyboard
 * and painter, over plain edges: of a trace, of a race, of a search.
 */

import type { Tokens } from '../theme/tokens.ts'
import { fitText } from '../ui/canvas-text.ts'
import { amountLevel, clamp, type Box, type Point } from './geometry.ts'
import { inkOnLevel, SEQUENCE } from './ink.ts'
import { cellText } from './words.ts'

export interface OrderClass {
  readonly name: string
  /** Lockdep has no map for it: a bit in a folio or an entry. */
  readonly lockdep: boolean
  readonly annotation: boolean
}

export interface OrderPair {
  readonly from: string
  readonly to: string
  readonly count: number
}

export interface OrderCell<E> {
  /** Places of the classes. */
  readonly row: number
  readonly column: number
  readonly edge: E
  /** The class asked for comes earlier in the order: it closes a circle. */
  readonly below: boolean
}

export interface OrderMatrix<E> {
  readonly classes: readonly OrderClass[]
  readonly cells: readonly OrderCell<E>[]
}

/**
 * Classes so that every edge leads on, but for those that close circles. `closing` are known to; if that is not all of them
 * (long lists of circles are cut), the class with the fewest edges left into it goes first.
 */
export function inOrder(
  names: readonly string[],
  edges: readonly OrderPair[],
  closing: ReadonlySet<OrderPair>,
): string[] {
  const into = new Map<string, Set<string>>(names.map((name) => [name, new Set()]))
  for (const edge of edges) if (!closing.has(edge)) into.get(edge.to)?.add(edge.from)
  const left = [...names]
  const out: string[] = []
  while (left.length > 0) {
    let best = 0
    left.forEach((name, i) => {
      if ((into.get(name)?.size ?? 0) < (into.get(left[best])?.size ?? 0)) best = i
    })
    const [next] = left.splice(best, 1)
    out.push(next)
    for (const from of into.values()) from.delete(next)
  }
  return out
}

export function orderMatrix<E extends OrderPair>(
  classes: readonly OrderClass[],
  edges: readonly E[],
  closing: ReadonlySet<OrderPair>,
): OrderMatrix<E> {
  const order = inOrder(
    classes.map(({ name }) => name),
    edges,
    closing,
  )
  const at = new Map(order.map((name, i) => [name, i]))
  const known = new Map(classes.map((one) => [one.name, one]))
  return {
    classes: order.flatMap((name) => known.get(name) ?? []),
    cells: edges.map((edge) => {
      const [row, column] = [at.get(edge.from) ?? 0, at.get(edge.to) ?? 0]
      return { row, column, edge, below: row > column }
    }),
  }
}

/** The `most` classes that are most often in an order, those of `wanted` before all others. */
export function mainPart<E extends OrderPair>(
  matrix: OrderMatrix<E>,
  most: number,
  wanted: ReadonlySet<string>,
): OrderMatrix<E> {
  if (matrix.classes.length <= most) return matrix
  const times = matrix.classes.map(({ name }) => (wanted.has(name) ? Infinity : 0))
  for (const { row, column, edge } of matrix.cells) {
    times[row] += edge.count
    times[column] += edge.count
  }
  const chosen = [...times.keys()].toSorted((a, b) => times[b] - times[a] || a - b).slice(0, most)
  return partOf(matrix, new Set(chosen.map((at) => matrix.classes[at].name)))
}

/** The orders among these classes (those that `edges` admits); places are counted anew, the order of the classes stays. */
export function partOf<E extends OrderPair>(
  matrix: OrderMatrix<E>,
  names: ReadonlySet<string>,
  edges: ReadonlySet<E> = new Set(matrix.cells.map(({ edge }) => edge)),
): OrderMatrix<E> {
  const classes = matrix.classes.filter(({ name }) => names.has(name))
  const place = new Map(classes.map(({ name }, i) => [name, i]))
  return {
    classes,
    cells: matrix.cells.flatMap((cell) => {
      const [row, column] = [place.get(cell.edge.from), place.get(cell.edge.to)]
      return row === undefined || column === undefined || !edges.has(cell.edge) ? [] : [{ ...cell, row, column }]
    }),
  }
}

export interface OrderLayout {
  readonly grid: Box
  readonly cell: number
  /** Names fit beside rows of this height. */
  readonly names: boolean
}

const HEAD = 34
const EDGE = 12
const MOST_CELL = 44
const NAMED = 9
/** Names of neighbouring rows and columns do not touch. */
const READABLE = 14

/** Classes whose rows and columns can be told apart in this room; at least a handful. */
export function readableClasses({ width, height }: { readonly width: number; readonly height: number }): number {
  return Math.max(6, Math.floor(Math.min(width * 0.6, height - HEAD - EDGE) / READABLE))
}

export function orderLayout(size: {
  readonly width: number
  readonly height: number
  readonly gutter: number
  readonly classes: number
}): OrderLayout {
  const count = Math.max(1, size.classes)
  const x = size.gutter + 20 + EDGE
  const room = Math.min((size.width - x - EDGE) / count, (size.height - HEAD - EDGE) / count)
  const cell = clamp(Math.floor(room * 2) / 2, 1, MOST_CELL)
  return { grid: { x, y: HEAD, w: cell * count, h: cell * count }, cell, names: cell >= NAMED }
}

export interface Place {
  readonly row: number
  readonly column: number
}

export function placeAt({ grid, cell }: OrderLayout, { x, y }: Point): Place | undefined {
  if (x < grid.x || y < grid.y || x >= grid.x + grid.w || y >= grid.y + grid.h) return undefined
  return { column: Math.floor((x - grid.x) / cell), row: Math.floor((y - grid.y) / cell) }
}

/** The next cell that has an edge, in the direction of an arrow key; undefined for other keys. */
export function cellStep<E>(cells: readonly OrderCell<E>[], from: Place, key: string): OrderCell<E> | undefined {
  const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key] ?? [0, 0]
  if (dx === 0 && dy === 0) return undefined
  const cost = ({ row, column }: Place): number => {
    const along = (column - from.column) * dx + (row - from.row) * dy
    const aside = Math.abs((column - from.column) * dy) + Math.abs((row - from.row) * dx)
    return along <= 0 ? Infinity : along + 4 * aside
  }
  const best = cells.toSorted((a, b) => cost(a) - cost(b)).at(0)
  return best !== undefined && cost(best) < Infinity ? best : undefined
}

export interface OrderPicture<E extends OrderPair> {
  readonly matrix: OrderMatrix<E>
  readonly layout: OrderLayout
  readonly tokens: Tokens
  readonly selected: Place | undefined
  readonly hover: Place | undefined
  /** Edges of the circle that is looked at. */
  readonly circle: ReadonlySet<E>
  /** Say how often, by number and by density. */
  readonly counts: boolean
}

type Context = CanvasRenderingContext2D

export function paintOrder<E extends OrderPair>(ctx: Context, picture: OrderPicture<E>): void {
  paintGrid(ctx, picture)
  paintNames(ctx, picture)
  paintCells(ctx, picture)
  for (const [place, token, width] of [
    [picture.hover, 'text', 1],
    [picture.selected, 'accent', 2],
  ] as const) {
    if (place === undefined) continue
    const { grid, cell } = picture.layout
    ctx.strokeStyle = picture.tokens.color(token)
    ctx.lineWidth = width
    ctx.strokeRect(grid.x + place.column * cell + 0.5, grid.y + place.row * cell + 0.5, cell - 1, cell - 1)
  }
}

function paintGrid<E extends OrderPair>(ctx: Context, { matrix, layout, tokens }: OrderPicture<E>): void {
  const { grid, cell } = layout
  ctx.fillStyle = tokens.color('surface-2')
  ctx.fillRect(grid.x, grid.y, grid.w, grid.h)
  ctx.fillStyle = tokens.color('border-strong')
  matrix.classes.forEach((_, i) => {
    const inset = Math.max(0.5, cell * 0.36)
    ctx.fillRect(grid.x + i * cell + inset, grid.y + i * cell + inset, cell - 2 * inset, cell - 2 * inset)
  })
  if (cell < NAMED) return
  ctx.strokeStyle = tokens.color('grid')
  ctx.lineWidth = 1
  ctx.beginPath()
  for (let i = 0; i <= matrix.classes.length; i++) {
    const at = Math.round(i * cell) + 0.5
    ctx.moveTo(grid.x, grid.y + at)
    ctx.lineTo(grid.x + grid.w, grid.y + at)
    ctx.moveTo(grid.x + at, grid.y)
    ctx.lineTo(grid.x + at, grid.y + grid.h)
  }
  ctx.stroke()
}

function paintNames<E extends OrderPair>(ctx: Context, picture: OrderPicture<E>): void {
  const { matrix, layout, tokens, hover, selected } = picture
  const { grid, cell, names } = layout
  ctx.fillStyle = tokens.color('text-3')
  ctx.textAlign = 'right'
  ctx.fillText('asked for →', grid.x - 8, grid.y - 22)
  ctx.fillText('held ↓', grid.x - 8, grid.y - 8)
  if (!names) return
  const focus = hover ?? selected
  matrix.classes.forEach(({ name, lockdep }, i) => {
    const on = focus?.row === i
    ctx.fillStyle = tokens.color(on ? 'text' : lockdep ? 'text-2' : 'text-3')
    ctx.textAlign = 'right'
    const y = grid.y + (i + 0.5) * cell
    ctx.fillText(`${fitText(ctx, lockdep ? name : `${name} (bit)`, grid.x - 44)}  ${i + 1}`, grid.x - 8, y)
    if (cell < 18 && i % 2 === 1) return
    ctx.textAlign = 'center'
    ctx.fillStyle = tokens.color(focus?.column === i ? 'text' : 'text-3')
    ctx.fillText(String(i + 1), grid.x + (i + 0.5) * cell, grid.y - 8)
  })
}

function paintCells<E extends OrderPair>(
  ctx: Context,
  { matrix, layout, tokens, circle, counts }: OrderPicture<E>,
): void {
  const { grid, cell } = layout
  const most = matrix.cells.reduce((max, { edge }) => Math.max(max, edge.count), 0)
  ctx.textAlign = 'center'
  for (const { row, column, edge, below } of matrix.cells) {
    const [x, y] = [grid.x + column * cell, grid.y + row * cell]
    const size = Math.max(1, cell - 1.5)
    const level = counts ? Math.max(1, amountLevel(edge.count, most)) : 3
    ctx.fillStyle = below ? tokens.pattern(ctx, 'lock-waiting') : tokens.color(SEQUENCE[level])
    ctx.beginPath()
    ctx.roundRect(x + 1, y + 1, size, size, Math.min(2, cell / 4))
    ctx.fill()
    if (circle.has(edge)) {
      ctx.strokeStyle = tokens.color('bad')
      ctx.lineWidth = 2
      ctx.strokeRect(x + 1.5, y + 1.5, size - 1, size - 1)
    }
    if (cell < 24 || below || !counts) continue
    ctx.fillStyle = inkOnLevel((token) => tokens.color(token), level)
    ctx.fillText(cellText(edge.count), x + cell / 2, y + cell / 2, cell - 4)
  }
}
