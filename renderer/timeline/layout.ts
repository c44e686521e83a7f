/**
 * Where every row stands: sections with a head that folds, groups in them (processes, lock classes), pinned rows that stay
 * on top, rows moved by hand. Pure and fast enough to be done anew for 10^5 rows on every change of a setting; what stands
 * at a height is found by bisection. It knows nothing of time across: that is window.ts's.
 */

import { ROW_SECTIONS, type RowSection } from '#shared/timeline/types.ts'
import type { RowShape } from './tracks.ts'

export interface Row {
  /** `task:5`: stable for a trace, and what links, pins and saved views name. */
  readonly id: string
  readonly section: RowSection
  /** Key of its group inside the section. */
  readonly group: string
  readonly label: string
  /** Pid, address, inode number: right-aligned after the name. */
  readonly detail: string
  /** The one thing worth knowing about it, below the name. */
  readonly note: string
  readonly shape: RowShape
}

export interface Group {
  readonly section: RowSection
  readonly key: string
  readonly label: string
  readonly note: string
}

export interface Section {
  readonly id: RowSection
  readonly title: string
  readonly groups: readonly Group[]
  /** Group by group. */
  readonly rows: readonly Row[]
  /** Said below its last row where it does not list all: how many, and what to do. */
  readonly more: string
}

export interface Arrangement {
  /** `task`, `task/KEY` of a group. */
  readonly folded: ReadonlySet<string>
  /** Row ids, in the order they were pinned. */
  readonly pinned: readonly string[]
  /** Rows moved by hand: their place among their group's rows. */
  readonly places: ReadonlyMap<string, number>
}

export const ENTRY = { row: 0, section: 1, group: 2, more: 3 } as const
export const HEAD_PX = 20

export interface Layout {
  readonly rows: readonly Row[]
  readonly sections: readonly Section[]
  readonly groups: readonly Group[]
  readonly indexOfId: ReadonlyMap<string, number>
  /** Heads, rows and `more` lines, top to bottom, below the pinned rows. */
  readonly length: number
  readonly kind: Uint8Array
  /** Index into rows, sections (heads, `more`) or groups. */
  readonly ref: Int32Array
  readonly y: Float64Array
  readonly height: number
  readonly pinned: readonly PlacedRow[]
  readonly pinnedHeight: number
  /** Entry of a row; pinned and folded rows have none. */
  readonly entryOf: ReadonlyMap<number, number>
}

export interface PlacedRow {
  readonly row: number
  readonly y: number
}

export function foldKey(section: RowSection, group?: string): string {
  return group === undefined ? section : `${section}/${group}`
}

export function layoutOf(sections: readonly Section[], { folded, pinned, places }: Arrangement): Layout {
  const rows = sections.flatMap((section) => section.rows)
  const indexOfId = new Map(rows.map((row, i) => [row.id, i]))
  const top = placePinned(rows, pinned, indexOfId)
  const list = entryList(rows.length + sections.length * 2)
  const groups: Group[] = []
  let first = 0
  sections.forEach((section, number) => {
    const end = first + section.rows.length
    if (section.rows.length > 0 || section.more !== '') list.put(ENTRY.section, number, HEAD_PX)
    if (!folded.has(foldKey(section.id))) {
      for (const { group, members } of grouped(section, rows, first, places)) {
        const kept = members.filter((row) => !top.taken.has(row))
        if (group && section.groups.length > 1 && members.length > 1) {
          groups.push(group)
          list.put(ENTRY.group, groups.length - 1, HEAD_PX)
          if (folded.has(foldKey(section.id, group.key))) continue
        }
        for (const row of kept) list.put(ENTRY.row, row, rows[row].shape.height)
      }
      if (section.more !== '') list.put(ENTRY.more, number, HEAD_PX)
    }
    first = end
  })
  return { rows, sections, groups, indexOfId, ...list.done(), pinned: top.pinned, pinnedHeight: top.height }
}

function placePinned(rows: readonly Row[], ids: readonly string[], indexOfId: ReadonlyMap<string, number>) {
  const taken = new Set<number>()
  const pinned: PlacedRow[] = []
  let height = 0
  for (const id of ids) {
    const row = indexOfId.get(id)
    if (row === undefined || taken.has(row)) continue
    taken.add(row)
    pinned.push({ row, y: height })
    height += rows[row].shape.height
  }
  return { taken, pinned, height }
}

/** Rows of a section by group, in the groups' order, moved rows where they were put. */
function grouped(
  section: Section,
  rows: readonly Row[],
  first: number,
  places: ReadonlyMap<string, number>,
): { group: Group | undefined; members: number[] }[] {
  const byKey = new Map<string, { group: Group | undefined; members: number[] }>(
    section.groups.map((group) => [group.key, { group, members: [] }]),
  )
  for (let i = 0; i < section.rows.length; i++) {
    const key = section.rows[i].group
    let entry = byKey.get(key)
    if (entry === undefined) byKey.set(key, (entry = { group: undefined, members: [] }))
    entry.members.push(first + i)
  }
  const out = [...byKey.values()].filter(({ members }) => members.length > 0)
  if (places.size > 0) {
    const at = (row: number): number => places.get(rows[row].id) ?? row
    for (const { members } of out) members.sort((a, b) => at(a) - at(b))
  }
  return out
}

function entryList(capacity: number) {
  let kind = new Uint8Array(capacity)
  let ref = new Int32Array(capacity)
  let y = new Float64Array(capacity)
  const entryOf = new Map<number, number>()
  let length = 0
  let height = 0
  const grow = (): void => {
    const room = Math.max(16, length * 2)
    const wider = { kind: new Uint8Array(room), ref: new Int32Array(room), y: new Float64Array(room) }
    wider.kind.set(kind)
    wider.ref.set(ref)
    wider.y.set(y)
    ;({ kind, ref, y } = wider)
  }
  return {
    put(what: number, index: number, px: number): void {
      if (length === kind.length) grow()
      kind[length] = what
      ref[length] = index
      y[length] = height
      if (what === ENTRY.row) entryOf.set(index, length)
      height += px
      length++
    },
    done: () => ({ length, kind, ref, y, height, entryOf }),
  }
}

/** The entry that covers a height below the pinned rows (scrolled), or -1. */
export function entryAt(layout: Layout, y: number): number {
  if (y < 0 || y >= layout.height) return -1
  let low = 0
  let high = layout.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (layout.y[middle] <= y) low = middle
    else high = middle - 1
  }
  return low
}

/** Entries that show between two heights: [first, end). */
export function entriesBetween(layout: Layout, top: number, bottom: number): { first: number; end: number } {
  const first = Math.max(0, entryAt(layout, Math.max(0, Math.min(top, layout.height - 1))))
  let end = first
  while (end < layout.length && layout.y[end] < bottom) end++
  return { first, end }
}

/** Rows in reading order, pinned ones first: what up and down keys walk through. */
export function rowOrder(layout: Layout): number[] {
  const order = layout.pinned.map(({ row }) => row)
  for (let entry = 0; entry < layout.length; entry++)
    if (layout.kind[entry] === ENTRY.row) order.push(layout.ref[entry])
  return order
}

/** The place a row gets when it is put before another one of its group, or last where there is no such row. */
export function placeBefore(
  layout: Layout,
  move: { readonly row: number; readonly before: number | undefined },
  places: ReadonlyMap<string, number>,
): number {
  const { rows } = layout
  const { section, group } = rows[move.row]
  const order = rowOrder(layout).filter(
    (row) => row !== move.row && rows[row].section === section && rows[row].group === group,
  )
  const at = (row: number): number => places.get(rows[row].id) ?? row
  const found = move.before === undefined ? -1 : order.indexOf(move.before)
  const index = found < 0 ? order.length : found
  const previous = order.at(index - 1)
  if (index === 0 || previous === undefined) return order.length === 0 ? move.row : at(order[0]) - 1
  return index >= order.length ? at(previous) + 1 : (at(previous) + at(order[index])) / 2
}

export const SECTION_TITLES: Readonly<Record<RowSection, string>> = {
  task: 'Tasks',
  cpu: 'CPUs',
  lock: 'Locks',
  inode: 'Files',
  counter: 'Counters',
}
export { ROW_SECTIONS, type RowSection }
