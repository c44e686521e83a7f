/**
 * What the lock order panels show, whoever it comes from: classes, edges with who showed them first, circles. A trace's edges
 * lead to a span of the timeline; those of a race or a search to a move of its film.
 */

import type { LockOrderEdge, LockOrderResult } from '#shared/analysis/lock-order.ts'
import type { LockOrderResult as SearchedOrder } from '#shared/contract/exploration.ts'
import type { FilmLockOrder } from '#shared/contract/races.ts'
import { callersOf } from '#shared/model/call-site.ts'
import { knownToLockdep, lockdepSees } from '#shared/lockorder/order-graph.ts'
import { orderMatrix, partOf, type OrderClass, type OrderMatrix, type OrderPair } from '../../charts/lock-order.ts'
import { kindLook } from '../../theme/kinds.ts'
import { counted } from '../../ui/format.ts'
import type { ColumnSpec } from '../../ui/table-spec.ts'

export interface OrderEdge extends OrderPair {
  /** `exclusive → shared`, each pair that was seen. */
  readonly modes: string
  /** Who showed it first ('': lockdep does not say); the operation it was in, and the function where a call stack tells. */
  readonly task: string
  readonly op: string | undefined
  readonly caller?: string | undefined
  /** lockdep's own stack of it, innermost first. */
  readonly stack?: readonly string[] | undefined
  /** ns in a trace, a move in a film. */
  readonly at: number
  /** Row of the lock span asked for; of a lock whose holds are not in the trace it is a wait. */
  readonly span: number | undefined
  readonly family?: 'hold' | 'wait'
}

export interface OrderCircle {
  readonly classes: readonly string[]
  readonly edges: readonly OrderEdge[]
  readonly lockdepSees: boolean
  readonly needsQueuedWriter: boolean
}

export interface OrderView {
  readonly matrix: OrderMatrix<OrderEdge>
  readonly classes: readonly OrderClass[]
  readonly edges: readonly OrderEdge[]
  readonly circles: readonly OrderCircle[]
  readonly circlesLeftOut: number
}

export function orderView(result: LockOrderResult): OrderView {
  return viewOf(result, result.edges.map(edgeOf))
}

/** Of one film. It shows an order once: how often is not told. */
export function filmOrderView({ edges, cycles }: FilmLockOrder): OrderView {
  const names = [...new Set(edges.flatMap(({ from, to }) => [from, to]))]
  const classes = names.map((name): OrderClass => ({ name, lockdep: knownToLockdep(name), annotation: false }))
  const shown = edges.map(({ from, to, modes, task, move }): OrderEdge => ({
    from,
    to,
    count: 1,
    modes: modesText(modes),
    task,
    op: undefined,
    at: move,
    span: undefined,
  }))
  return viewOf({ classes, cycles, cyclesLeftOut: 0 }, shown)
}

/** Of a whole search of schedules: an order counts once, whoever showed it first. */
export function searchOrderView(order: SearchedOrder, lockdepOnly = false): OrderView {
  const known = (name: string): boolean => !lockdepOnly || knownToLockdep(name)
  const edges = order.edges.filter(([from, to]) => known(from) && known(to))
  const cycles = order.cycles.filter((classes) => classes.every(known))
  const names = [...new Set(edges.flatMap(([from, to]) => [from, to]))]
  const shown = edges.map(([from, to, by]): OrderEdge => {
    const [, task, move] = /^(.*), move (\d+)$/.exec(by) ?? [by, by, '1']
    return { from, to, count: 1, modes: '', task: task ?? by, op: undefined, at: Number(move) - 1, span: undefined }
  })
  const place = (from: string, to: string): number => shown.findIndex((edge) => edge.from === from && edge.to === to)
  return viewOf(
    {
      classes: names.map((name): OrderClass => ({ name, lockdep: knownToLockdep(name), annotation: false })),
      cycles: cycles.map((classes) => ({
        classes,
        edges: classes.map((from, i) => place(from, classes[(i + 1) % classes.length] ?? from)).filter((at) => at >= 0),
        lockdepSees: lockdepSees(classes),
        needsQueuedWriter: false,
      })),
      cyclesLeftOut: 0,
    },
    shown,
  )
}

function viewOf(
  result: Pick<LockOrderResult, 'classes' | 'cycles' | 'cyclesLeftOut'>,
  edges: readonly OrderEdge[],
): OrderView {
  const circles = result.cycles.map((cycle): OrderCircle => ({
    classes: cycle.classes,
    edges: cycle.edges.map((at) => edges[at]),
    lockdepSees: cycle.lockdepSees,
    needsQueuedWriter: cycle.needsQueuedWriter,
  }))
  // a circle is reported when its last edge shows, and that one comes first
  const closing = new Set<OrderPair>(circles.map((circle) => circle.edges[0]))
  return {
    matrix: orderMatrix(result.classes, edges, closing),
    classes: result.classes,
    edges,
    circles,
    circlesLeftOut: result.cyclesLeftOut,
  }
}

/** The orders that have a class with this in its name; circles stay, they are found over all of them. */
export function ordersOf(view: OrderView, part: string): OrderView {
  if (part === '') return view
  const asked = part.toLowerCase()
  const edges = view.edges.filter(({ from, to }) => `${from}\n${to}`.toLowerCase().includes(asked))
  const names = new Set(edges.flatMap(({ from, to }) => [from, to]))
  const classes = view.classes.filter(({ name }) => names.has(name))
  return { ...view, edges, classes, matrix: partOf(view.matrix, names, new Set(edges)) }
}

function edgeOf({ task, op, atNs, wantedSpan, wantedHoldKnown, ...edge }: LockOrderEdge): OrderEdge {
  const { from, to, count, modes, inferred, caller, stack } = edge
  return {
    from,
    to,
    count,
    modes: inferred ? `${modesText(modes)}, inferred` : modesText(modes),
    task: task.comm === '?' ? '' : `${task.comm} ${task.pid}`,
    op: op ?? undefined,
    caller,
    stack,
    at: atNs,
    span: wantedSpan < 0 ? undefined : wantedSpan,
    family: wantedHoldKnown ? 'hold' : 'wait',
  }
}

function modesText(modes: LockOrderEdge['modes']): string {
  return modes.map(([held, wanted]) => `${held} → ${wanted}`).join(', ')
}

/** Of a stack: the innermost alone may be the same for all. */
const CALLERS = 4

/** Who asked for the second lock, in what and how; '' where nothing says. */
export function edgeWords({ task, op, caller, stack, modes }: OrderEdge): string {
  const by = task === '' ? 'lockdep remembers it' : task
  const calls = stack === undefined ? (caller ?? '') : callersOf(stack, CALLERS).join(' ← ')
  const where = [op === undefined ? '' : kindLook(op).label, calls].filter((word) => word !== '').join(', ')
  return [`${by}${where === '' ? '' : ` in ${where}`}`, modes].filter((part) => part !== '').join(', ')
}

export function circleWords({ classes }: OrderCircle): string {
  return [...classes, classes[0]].join(' → ')
}

export function findingWords({ circles, circlesLeftOut, edges, classes }: OrderView): string {
  const found = circles.length + circlesLeftOut
  const where = `in ${counted(edges.length, 'order')} among ${classes.length} classes`
  return found === 0 ? `No circle ${where}` : `${counted(found, 'circle')} ${where}`
}

export function edgeKey({ from, to }: Pick<OrderPair, 'from' | 'to'>): string {
  return `${from} → ${to}`
}

/** `time`: of a trace. A search tells of an order once, and neither its modes nor the operation. */
export function edgeColumns(time: boolean): ColumnSpec<OrderEdge>[] {
  const columns: ColumnSpec<OrderEdge>[] = [
    { key: 'from', title: 'Held', kind: 'mono', value: (edge) => edge.from },
    { key: 'to', title: 'Asked for', kind: 'mono', value: (edge) => edge.to },
    { key: 'count', title: 'Times', kind: 'count', value: (edge) => edge.count },
    {
      key: 'modes',
      title: 'Modes',
      value: (edge) => edge.modes,
      about: 'How the first was held and how the second was asked for',
    },
    {
      key: 'task',
      title: 'First by',
      value: (edge) => (edge.task === '' ? undefined : edge.task),
      why: () => 'lockdep remembers the order and its stack, not whose it was',
    },
    {
      key: 'op',
      title: 'In',
      value: (edge) => edge.op ?? edge.caller,
      about: 'The operation, or the function that asked, where a call stack tells',
      why: () => 'outside any operation the trace shows',
    },
    {
      key: 'at',
      title: time ? 'At' : 'Move',
      kind: time ? 'time' : 'number',
      value: (edge) => (time ? edge.at : edge.at + 1),
    },
  ]
  return time ? columns : columns.filter(({ key }) => !['count', 'modes', 'op'].includes(key))
}
