/**
 * The rows a timeline can show, with what happens on each in figures, so that idle ones can be hidden and the rest sorted
 * and filtered without looking at a slice again. Figures are made once per trace and section; a question costs one pass
 * over the rows of its section, however many slices they have.
 */

import { perTrace } from '../analysis/parts/per-trace.ts'
import { limits } from '../base/limits.ts'
import type { Trace } from '../model/trace.ts'
import { lockName } from './lock-name.ts'
import { countersOf } from './counters.ts'
import { cpuCount, familiesOf, familyRows, listedLocks } from './families.ts'
import { parseRowId, rowId } from './row-ids.ts'
import type { RowId, RowSection, RowSort, TimelineGroup, TimelineRow, TimelineRows, TrackFamily } from './types.ts'

export interface RowsParams {
  readonly section: RowSection
  readonly text: string
  readonly group?: string | undefined
  readonly idle: boolean
  readonly sort: RowSort
  readonly offset: number
  readonly limit: number
  readonly ids?: readonly RowId[] | undefined
}

interface GroupName {
  readonly key: string
  readonly label: string
}

/** A section's rows in columns, by number. */
interface Section {
  /** Numbers of the rows that can be listed. */
  readonly numbers: Uint32Array
  readonly groups: readonly GroupName[]
  readonly groupOf: Uint32Array
  readonly slices: Uint32Array
  readonly busyNs: Float64Array
  readonly heldNs: Float64Array
  readonly waitedNs: Float64Array
  readonly firstNs: Float64Array
  readonly lastNs: Float64Array
}

export function rowsOf(trace: Trace, params: RowsParams): TimelineRows {
  const { section } = params
  const table = sectionOf(trace, section)
  const chosen = params.ids === undefined ? matching(trace, table, params) : named(trace, params.ids, section)
  const { order, groups, groupTotal } = grouped(table, chosen, params)
  const shown = params.ids === undefined ? order.slice(params.offset, params.offset + params.limit) : order
  const place = new Map(groups.map(({ id }, at) => [id, at]))
  return {
    section,
    sections: {
      task: trace.tasks.length,
      cpu: cpuCount(trace).count,
      lock: listedLocks(trace).length,
      inode: trace.inodes.length,
      counter: countersOf(trace).length,
    },
    groups: groups.map(({ group }) => group),
    groupTotal,
    rows: shown.map((number) => describe(trace, table, number, section, place.get(table.groupOf[number]) ?? -1)),
    total: order.length,
    offset: params.offset,
  }
}

function describe(trace: Trace, table: Section, number: number, section: RowSection, group: number): TimelineRow {
  const lanes: Partial<Record<TrackFamily, number>> = {}
  if (section === 'counter') lanes.counter = 1
  for (const family of familiesOf(section)) {
    const count = familyRows(trace, section, family).lanes[number]
    if (count > 0) lanes[family] = count
  }
  const known = table.slices[number] > 0 && section !== 'counter'
  return {
    id: section === 'counter' ? `counter:${countersOf(trace)[number].id}` : rowId(section, number),
    section,
    group,
    label: labelOf(trace, section, number),
    detail: detailOf(trace, section, number),
    lanes,
    slices: table.slices[number],
    busyNs: table.busyNs[number],
    heldNs: table.heldNs[number],
    waitedNs: table.waitedNs[number],
    firstNs: known ? table.firstNs[number] : null,
    lastNs: known ? table.lastNs[number] : null,
  }
}

export function labelOf(trace: Trace, section: RowSection, number: number): string {
  switch (section) {
    case 'task':
      return trace.tasks[number].comm
    case 'cpu':
      return `CPU ${number}`
    case 'lock':
      return lockName(trace, number)
    case 'inode':
      return `inode ${trace.inodes[number].split(':').at(-1) ?? ''}`
    case 'counter':
      return countersOf(trace)[number].label
  }
}

function detailOf(trace: Trace, section: RowSection, number: number): string {
  if (section === 'task') return String(trace.tasks[number].pid)
  if (section === 'inode') return `device ${deviceOf(trace.inodes[number])}`
  if (section !== 'lock') return ''
  const { address, inode } = trace.locks[number]
  return address ?? (inode >= 0 ? `inode ${trace.inodes[inode]}` : '')
}

function deviceOf(inode: string): string {
  return inode.split(':').slice(0, -1).join(':')
}

const known = perTrace(() => new Map<RowSection, Section>())

function sectionOf(trace: Trace, section: RowSection): Section {
  const tables = known(trace)
  let table = tables.get(section)
  if (table === undefined) {
    table = buildSection(trace, section)
    tables.set(section, table)
  }
  return table
}

function buildSection(trace: Trace, section: RowSection): Section {
  const numbers = numbersOf(trace, section)
  const size = numbers.reduce((most, number) => Math.max(most, number + 1), 0)
  const { groups, groupOf } = groupNames(trace, section, numbers, size)
  const table: Section = {
    numbers,
    groups,
    groupOf,
    slices: new Uint32Array(size),
    busyNs: new Float64Array(size),
    heldNs: new Float64Array(size),
    waitedNs: new Float64Array(size),
    firstNs: new Float64Array(size).fill(Infinity),
    lastNs: new Float64Array(size).fill(-Infinity),
  }
  for (const family of familiesOf(section)) {
    const rows = familyRows(trace, section, family)
    for (const number of numbers) {
      table.slices[number] += rows.starts[number + 1] - rows.starts[number]
      table.firstNs[number] = Math.min(table.firstNs[number], rows.firstNs[number])
      table.lastNs[number] = Math.max(table.lastNs[number], rows.lastNs[number])
      if (family === 'hold') table.heldNs[number] = rows.covered[number]
      else if (family === 'wait') table.waitedNs[number] = rows.total[number]
      else if (family === 'run' || (family === 'op' && table.busyNs[number] === 0)) {
        table.busyNs[number] = rows.covered[number]
      }
    }
  }
  if (section === 'lock') table.busyNs.set(table.heldNs)
  // A counter that is listed has something to say.
  if (section === 'counter') table.slices.fill(1)
  return table
}

function numbersOf(trace: Trace, section: RowSection): Uint32Array {
  const upTo = (count: number) => Uint32Array.from({ length: count }, (_, i) => i)
  switch (section) {
    case 'task':
      return upTo(trace.tasks.length)
    case 'cpu':
      return upTo(cpuCount(trace).count)
    case 'lock':
      return listedLocks(trace)
    case 'inode':
      return upTo(trace.inodes.length)
    case 'counter':
      return upTo(countersOf(trace).length)
  }
}

function groupNames(
  trace: Trace,
  section: RowSection,
  numbers: Uint32Array,
  size: number,
): { readonly groups: readonly GroupName[]; readonly groupOf: Uint32Array } {
  const ids = new Map<string, number>()
  const groups: GroupName[] = []
  const groupOf = new Uint32Array(size)
  const leaders = section === 'task' ? new Map(trace.tasks.map(({ pid, comm }) => [pid, comm])) : new Map()
  for (const number of numbers) {
    const group = groupName(trace, section, number, leaders)
    let id = ids.get(group.key)
    if (id === undefined) {
      id = groups.push(group) - 1
      ids.set(group.key, id)
    }
    groupOf[number] = id
  }
  return { groups, groupOf }
}

function groupName(trace: Trace, section: RowSection, number: number, leaders: ReadonlyMap<number, string>): GroupName {
  switch (section) {
    case 'task': {
      const { tgid, comm, pid } = trace.tasks[number]
      if (pid === 0) return { key: 'idle', label: 'idle tasks' }
      if (tgid !== undefined) return { key: `process ${tgid}`, label: `${leaders.get(tgid) ?? comm} ${tgid}` }
      // `kworker/0:1`, `dax-worker-12`: what comes before the number.
      const stem = comm.replace(/[-_/:.\d].*$/, '') || comm
      return { key: `name ${stem}`, label: stem }
    }
    case 'cpu':
      return { key: 'cpus', label: 'CPUs' }
    case 'lock': {
      const { name } = trace.lockClasses[trace.locks[number].lockClass]
      return { key: name, label: name }
    }
    case 'inode': {
      const device = deviceOf(trace.inodes[number])
      return { key: device, label: `device ${device}` }
    }
    case 'counter':
      return { key: 'counters', label: 'Counters' }
  }
}

function named(trace: Trace, ids: readonly RowId[], section: RowSection): number[] {
  const table = sectionOf(trace, section)
  return ids
    .map((id) => parseRowId(trace, id))
    .filter((place) => place.section === section && place.number < table.slices.length)
    .map(({ number }) => number)
}

function matching(trace: Trace, table: Section, { section, text, group }: RowsParams): number[] {
  const wanted = text.toLowerCase()
  const only = group === undefined ? -1 : table.groups.findIndex(({ key }) => key === group)
  if (group !== undefined && only === -1) return []
  const groupHas = table.groups.map(({ label }) => label.toLowerCase().includes(wanted))
  const out: number[] = []
  for (const number of table.numbers) {
    if (only !== -1 && table.groupOf[number] !== only) continue
    const has =
      wanted === '' ||
      groupHas[table.groupOf[number]] ||
      `${labelOf(trace, section, number)} ${detailOf(trace, section, number)}`.toLowerCase().includes(wanted)
    if (has) out.push(number)
  }
  return out
}

interface Grouped {
  readonly order: readonly number[]
  readonly groups: readonly { readonly id: number; readonly group: TimelineGroup }[]
  readonly groupTotal: number
}

/** Sum up groups, leave idle rows out, and put both in order. */
function grouped(table: Section, numbers: readonly number[], { sort, idle, ids }: RowsParams): Grouped {
  const sums = new Map<number, { -readonly [K in keyof TimelineGroup]: TimelineGroup[K] } & { first: number }>()
  const members = new Map<number, number[]>()
  for (const number of numbers) {
    const id = table.groupOf[number]
    let sum = sums.get(id)
    if (sum === undefined) {
      sum = { ...table.groups[id], rows: 0, idle: 0, busyNs: 0, heldNs: 0, waitedNs: 0, first: Infinity }
      sums.set(id, sum)
      members.set(id, [])
    }
    sum.rows++
    sum.busyNs += table.busyNs[number]
    sum.heldNs += table.heldNs[number]
    sum.waitedNs += table.waitedNs[number]
    sum.first = Math.min(sum.first, table.firstNs[number])
    if (table.slices[number] > 0 || idle || ids !== undefined) members.get(id)?.push(number)
    else sum.idle++
  }
  const order = [...sums.entries()]
  if (sort !== 'natural' && ids === undefined) order.sort(([, a], [, b]) => compare(sort, a, b))
  const rows = ids === undefined ? order.flatMap(([id]) => sorted(table, members.get(id) ?? [], sort)) : [...numbers]
  const groups = order.slice(0, limits.replyRows).map(([id, { first: _first, ...group }]) => ({ id, group }))
  return { order: rows, groups, groupTotal: order.length }
}

interface Sortable {
  readonly label: string
  readonly busyNs: number
  readonly heldNs: number
  readonly waitedNs: number
  readonly first: number
}

function compare(sort: Exclude<RowSort, 'natural'>, a: Sortable, b: Sortable): number {
  switch (sort) {
    case 'name':
      return a.label < b.label ? -1 : a.label > b.label ? 1 : 0
    case 'busy':
      return b.busyNs - a.busyNs
    case 'held':
      return b.heldNs - a.heldNs
    case 'waited':
      return b.waitedNs - a.waitedNs
    case 'first':
      return a.first === b.first ? 0 : a.first - b.first
  }
}

function sorted(table: Section, numbers: readonly number[], sort: RowSort): readonly number[] {
  if (sort === 'natural' || sort === 'name') return numbers
  const value: Float64Array = {
    busy: table.busyNs,
    held: table.heldNs,
    waited: table.waitedNs,
    first: table.firstNs,
  }[sort]
  const sign = sort === 'first' ? 1 : -1
  return [...numbers].sort((a, b) => (value[a] === value[b] ? a - b : sign * (value[a] - value[b])))
}
