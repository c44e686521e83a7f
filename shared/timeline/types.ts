/**
 * What the timeline's engine side answers, as the window sees it: rows to choose from, the slices of a view, the story
 * of a wait, figures of a selection. Slices come as binary columns, already merged to what a screen can show.
 *
 * A row (`task:12`, `cpu:3`, `lock:77`, `inode:5`, `counter:waiters`) has tracks; a track is one family of slices in one
 * lane. Words are never sent per slice: `name` points into `words`.
 */

import type { Ns } from '../model/trace.ts'

export const ROW_SECTIONS = ['task', 'cpu', 'lock', 'inode', 'counter'] as const
export type RowSection = (typeof ROW_SECTIONS)[number]

export const ROW_SORTS = ['natural', 'name', 'busy', 'held', 'waited', 'first'] as const
export type RowSort = (typeof ROW_SORTS)[number]

/** `SECTION:NUMBER`; counters are `counter:WORD`. The number is the id in the trace's dictionary (or the CPU). */
export type RowId = string

/**
 * What the slices of a track are:
 * - `state`: task states from sched events; `name` is a word of TASK_STATES
 * - `op`, `phase`: operations and the steps in them, nested by lane; `name` is the kind or phase
 * - `hold`: a lock held (green); on task rows `name` is the lock class, on lock rows the holder's comm
 * - `blocking`: the part of a hold in which others wait (amber); same lane and names as the hold it lies on
 * - `wait`: waiting for a lock (red); names as for `hold`
 * - `run`: which task a CPU runs; `name` is its comm
 * - `tick`: raw events; `name` is the event's name
 * - `counter`: a value over time; its samples are in `counters`, not in `slices`
 */
export const TRACK_FAMILIES = ['state', 'op', 'phase', 'hold', 'blocking', 'wait', 'run', 'tick', 'counter'] as const
export type TrackFamily = (typeof TRACK_FAMILIES)[number]

/** The table a slice's `id` is a row of. `tick` has none: an event is found by its time and row. */
export const SPAN_OF_FAMILY = {
  state: 'taskState',
  op: 'op',
  phase: 'phase',
  hold: 'lockSpan',
  blocking: 'lockSpan',
  wait: 'lockSpan',
  run: 'taskState',
} as const satisfies Partial<Record<TrackFamily, string>>

export interface TimelineRow {
  readonly id: RowId
  readonly section: RowSection
  /** Index into `groups` of the reply. */
  readonly group: number
  readonly label: string
  /** A second, quieter label: pid, address, inode. Empty where there is none. */
  readonly detail: string
  /** Lanes of each family: what a layout needs before the first view. Families without slices are left out. */
  readonly lanes: Readonly<Partial<Record<TrackFamily, number>>>
  /** Slices of all families (without ticks). 0: idle, hidden unless asked for. */
  readonly slices: number
  /** Time in operations (tasks), running (CPUs), held (locks), in operations on it (inodes). */
  readonly busyNs: Ns
  readonly heldNs: Ns
  readonly waitedNs: Ns
  /** First and last moment anything happens; null where nothing does. */
  readonly firstNs: Ns | null
  readonly lastNs: Ns | null
}

export interface TimelineGroup {
  /** Unique in the section: the process id, the lock class, `cpus` … */
  readonly key: string
  readonly label: string
  /** Rows that match, and those of them that were left out because nothing happens on them. */
  readonly rows: number
  readonly idle: number
  readonly busyNs: Ns
  readonly heldNs: Ns
  readonly waitedNs: Ns
}

export interface TimelineRows {
  readonly section: RowSection
  /** How many rows each section has, idle ones included: 0 where the trace cannot show it. */
  readonly sections: Readonly<Record<RowSection, number>>
  /** In the order rows come in. At most limits.replyRows; `groupTotal` says how many there are. */
  readonly groups: readonly TimelineGroup[]
  readonly groupTotal: number
  /** [offset, offset + limit) of the matching rows, group by group. */
  readonly rows: readonly TimelineRow[]
  readonly total: number
  readonly offset: number
}

/** `id` of a slice that is no span: a tick. */
export const NO_SPAN = 0xffff_ffff

/** `flags` of a slice: it begins before the view's start. */
export const SLICE_CUT_LEFT = 1
/** It ends after the view's end. */
export const SLICE_CUT_RIGHT = 2
/** Its end was never seen: it is drawn to the trace's end. */
export const SLICE_OPEN = 4
/** Begin, end or owner was deduced, not recorded. */
export const SLICE_INFERRED = 8
/** Taken as reader (`hold`, `blocking`, `wait`). */
export const SLICE_SHARED = 16
/** In interrupt context. */
export const SLICE_IRQ = 32
/** Failed: negative result (`op`). */
export const SLICE_FAILED = 64

export interface SliceColumns {
  /** Begin and end in units of `unitNs` since the view's `fromNs`; a moment has both equal. */
  readonly start: Uint32Array
  readonly end: Uint32Array
  /** Row of the span's table; of merged slices that of the longest. NO_SPAN: none. */
  readonly id: Uint32Array
  /** Index into `words`; of merged slices the one with most of the time. */
  readonly name: Uint16Array
  /** Slices merged into this one. */
  readonly count: Uint32Array
  /** How much of start … end is really covered, 0 … 255. */
  readonly share: Uint8Array
  /** Of the covered time, the part spent waiting for locks (`op`, `phase`) or held while others waited (`hold`), 0 … 255. */
  readonly waited: Uint8Array
  /** SLICE_* bits; of merged slices only the CUT bits. */
  readonly flags: Uint8Array
}

/** A counter's steps, merged to pixels: between at[i] and at[i + 1] the value was within min … max and last. */
export interface CounterColumns {
  readonly at: Uint32Array
  readonly min: Float64Array
  readonly max: Float64Array
  readonly last: Float64Array
}

export interface TimelineTrack {
  /** Index into the `rows` that were asked for. */
  readonly row: number
  readonly family: TrackFamily
  /** 0 is topmost in its family. */
  readonly lane: number
  /** Its slices (or samples) are [begin, end) of the columns, in order of start. */
  readonly begin: number
  readonly end: number
}

export interface TimelineView {
  readonly fromNs: Ns
  readonly toNs: Ns
  /** Times in columns are fromNs + value × unitNs; 1 (exact) for views under 4.29 s, else a power of two. */
  readonly unitNs: Ns
  /** Slices shorter than this were merged with their neighbours; 0: nothing had to be merged. */
  readonly mergedNs: Ns
  /** True where the reply's size made the merging coarser than a pixel: ask for fewer rows to see more. */
  readonly coarse: boolean
  /**
   * How much of the raw events is indexed, 0 … 1. Under 1, ticks of wide views and counters made of events are not there
   * yet: ask again soon, each view indexes some more.
   */
  readonly indexed: number
  readonly words: readonly string[]
  readonly tracks: readonly TimelineTrack[]
  readonly slices: SliceColumns
  /** Where it was asked for: when each slice really begins and ends, neither cut at the view's edges nor in units. */
  readonly exact?: { readonly start: Float64Array; readonly end: Float64Array }
  readonly counters: CounterColumns
}
