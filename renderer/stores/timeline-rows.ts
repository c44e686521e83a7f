/**
 * The rows of a timeline, asked for section by section: filtered and sorted by the engine, so that a trace with 10^5 locks
 * sends only what can be looked at. What was left out is said in a line below the section, with what to do about it.
 */

import { shallowRef, type ShallowRef } from 'vue'
import { limits } from '#shared/base/limits.ts'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { Client } from '#shared/contract/methods.ts'
import type { RowSort } from '#shared/contract/timeline.ts'
import type { RowSection, TimelineRow, TimelineRows } from '#shared/timeline/types.ts'
import { SECTION_TITLES, type Row, type Section } from '../timeline/layout.ts'
import { shapeOf } from '../timeline/tracks.ts'
import { formatCount, timeText, type ClockUnit } from '../ui/format.ts'

export interface RowsQuestion {
  readonly file: string
  readonly trace: number
  readonly sections: readonly RowSection[]
  readonly text: string
  readonly idle: boolean
  readonly sort: RowSort
  readonly clock: ClockUnit
  /** Rows that must be there, whatever the filter: pinned ones, the one that was searched for. */
  readonly always: readonly string[]
}

export interface LoadedRows {
  readonly sections: readonly Section[]
  /** Rows that match, rows that are listed, rows left out because nothing happens in them. */
  readonly matching: number
  readonly listed: number
  readonly idle: number
  /** Rows of each section in the trace, idle ones included. */
  readonly inTrace: Readonly<Record<RowSection, number>>
}

export interface RowsLoader {
  readonly loaded: ShallowRef<LoadedRows | undefined>
  readonly error: ShallowRef<WireError | undefined>
  load(question: RowsQuestion): Promise<void>
  close(): void
}

/** Rows listed per section; the filter reaches the others. */
const LISTED = Math.min(2_000, limits.replyRows)
const NO_ROWS: LoadedRows['inTrace'] = { task: 0, cpu: 0, lock: 0, inode: 0, counter: 0 }

export function rowsLoader(client: Client): RowsLoader {
  const loaded = shallowRef<LoadedRows>()
  const error = shallowRef<WireError>()
  let running: AbortController | undefined

  async function load(question: RowsQuestion): Promise<void> {
    running?.abort()
    const abort = new AbortController()
    running = abort
    try {
      const answers = await Promise.all(
        question.sections.map((section) => ask(client, question, section, abort.signal)),
      )
      if (abort.signal.aborted) return
      loaded.value = assembled(answers, question)
      error.value = undefined
    } catch (thrown) {
      if (!abort.signal.aborted) error.value = toWireError(thrown)
    }
  }
  return { loaded, error, load, close: () => running?.abort() }
}

interface SectionAnswer {
  readonly listed: TimelineRows
  readonly always: TimelineRows | undefined
}

async function ask(
  client: Client,
  { file, trace, text, idle, sort, always }: RowsQuestion,
  section: RowSection,
  signal: AbortSignal,
): Promise<SectionAnswer> {
  const ids = always.filter((id) => id.startsWith(`${section}:`))
  const [listed, named] = await Promise.all([
    client.call('timeline.rows', { file, trace, section, text, idle, sort, limit: LISTED }, { signal }),
    ids.length === 0 ? undefined : client.call('timeline.rows', { file, trace, section, ids }, { signal }),
  ])
  return { listed, always: named }
}

function assembled(answers: readonly SectionAnswer[], { clock }: RowsQuestion): LoadedRows {
  const sections = answers.map(({ listed, always }) => sectionOf(listed, always, clock))
  return {
    sections,
    matching: answers.reduce((sum, { listed }) => sum + listed.total, 0),
    listed: sections.reduce((sum, { rows }) => sum + rows.length, 0),
    idle: answers.reduce((sum, { listed }) => sum + listed.groups.reduce((all, { idle }) => all + idle, 0), 0),
    inTrace: answers[0]?.listed.sections ?? NO_ROWS,
  }
}

function sectionOf(listed: TimelineRows, always: TimelineRows | undefined, clock: ClockUnit): Section {
  const id = listed.section
  const rows = listed.rows.map((row) => rowOf(row, listed.groups[row.group]?.key ?? '', clock))
  const known = new Set(rows.map((row) => row.id))
  const added = (always?.rows ?? []).filter((row) => !known.has(row.id))
  const missing = listed.total - listed.rows.length - listed.offset
  return {
    id,
    title: SECTION_TITLES[id],
    groups: listed.groups.map(({ key, label, rows: count, waitedNs }) => ({
      section: id,
      key,
      label,
      note: groupNote(count, waitedNs, clock),
    })),
    rows: [...rows, ...added.map((row) => rowOf(row, always?.groups[row.group]?.key ?? '', clock))],
    more: missing > 0 ? `${formatCount(missing)} more are not listed: filter rows by name to see them` : '',
  }
}

function groupNote(count: number, waitedNs: number, clock: ClockUnit): string {
  return `${formatCount(count)} rows${waitedNs > 0 ? `, waited ${timeText(waitedNs, clock)}` : ''}`
}

function rowOf(row: TimelineRow, group: string, clock: ClockUnit): Row {
  const ticks = row.section === 'task' || row.section === 'cpu' ? { tick: 1 } : {}
  const lanes = row.section === 'counter' ? { counter: 1 } : { ...row.lanes, ...ticks }
  return {
    id: row.id,
    section: row.section,
    group,
    label: row.label,
    detail: row.detail,
    note: noteOf(row, clock),
    shape: shapeOf(row.section, lanes),
  }
}

/** The one thing worth knowing: how much of it is waiting. Not as a share of operations: tasks wait between them too. */
function noteOf({ section, busyNs, heldNs, waitedNs, slices }: TimelineRow, clock: ClockUnit): string {
  switch (section) {
    case 'task':
      if (slices === 0) return 'nothing recorded'
      if (busyNs > 0 && waitedNs > 0) return `busy ${timeText(busyNs, clock)}, wait ${timeText(waitedNs, clock)}`
      if (waitedNs > 0) return `waited ${timeText(waitedNs, clock)}`
      return busyNs > 0 ? `busy ${timeText(busyNs, clock)}` : heldNs > 0 ? `held locks ${timeText(heldNs, clock)}` : ''
    case 'lock':
      return [
        heldNs > 0 ? `held ${timeText(heldNs, clock)}` : '',
        waitedNs > 0 ? `waited for ${timeText(waitedNs, clock)}` : '',
      ]
        .filter((part) => part !== '')
        .join(', ')
    case 'cpu':
      return busyNs > 0 ? `running ${timeText(busyNs, clock)}` : ''
    case 'inode':
      return busyNs > 0 ? `in operations ${timeText(busyNs, clock)}` : ''
    case 'counter':
      return ''
  }
}
