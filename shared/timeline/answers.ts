/**
 * What the timeline answers about single spans, selections and searches: objects, not columns, because there are few of
 * them. Times are ns since the trace's start; null is "not known".
 */

import type { WaitChain } from '../analysis/wait-chains.ts'
import type { Ns } from '../model/trace.ts'
import type { RowId, TrackFamily } from './types.ts'

/** A slice by what it is, wherever it is drawn. `blocking` is part of a hold: ask for the hold. */
export interface SpanRef {
  readonly family: Exclude<TrackFamily, 'blocking' | 'tick' | 'counter'>
  readonly id: number
}

/** A span with where to find it: enough to go there, select it and say its name. */
export interface SpanSpot extends SpanRef {
  readonly name: string
  readonly startNs: Ns
  /** null: never seen to end. */
  readonly endNs: Ns | null
  /** How far it is drawn: to its end, or as far as it may have lasted. */
  readonly untilNs: Ns
  /** SLICE_* bits, as on its slice: shared, inferred, failed, not seen to end. */
  readonly flags: number
  /** The rows it is drawn on, its task's first. */
  readonly rows: readonly RowId[]
}

export interface SpanDetails extends SpanSpot {
  /** What it is, in one or two sentences. */
  readonly words: readonly string[]
  readonly task: { readonly row: RowId; readonly comm: string; readonly pid: number }
  readonly cpu: number | null
  readonly inferred: boolean
  /** The operation it lies in, or it itself. */
  readonly op:
    | (SpanSpot & {
        readonly result: number | null
        readonly waitNs: Ns | null
        readonly inode: string | null
        readonly offset: number | null
        readonly length: number | null
      })
    | null
  readonly lock: {
    readonly row: RowId
    readonly class: string
    readonly label: string
    readonly address: string | null
    readonly mode: 'exclusive' | 'shared'
  } | null
  readonly requestedNs: Ns | null
  readonly acquiredNs: Ns | null
  readonly releasedNs: Ns | null
  readonly waitNs: Ns | null
  readonly heldNs: Ns | null
  /** Spans it waited for, and spans that waited for it. */
  readonly holders: number
  readonly waiters: number
}

/** From who waits to who is in the way, and when. */
export interface FlowEdge {
  readonly waiter: SpanSpot
  readonly holder: SpanSpot
  readonly fromNs: Ns
  readonly toNs: Ns
  /** `holder`, or `queued-writer`: it stood before the waiter in the queue. */
  readonly kind: 'holder' | 'queued-writer'
  /** What the holder did meanwhile; null unknown. */
  readonly phase: string | null
  /** 1: an edge of the span asked for; 2 and more: further up the chain. */
  readonly depth: number
}

export interface TimelineFlow {
  /** Direct ones, longest first; with `whole` those of the chain, too. At most limits.chainLinks, `truncated` says if cut. */
  readonly edges: readonly FlowEdge[]
  readonly truncated: boolean
  /** From the wait to its root; null where the span neither waits nor is waited for. */
  readonly chain: WaitChain | null
  /** The chain as sentences, one per link. */
  readonly words: readonly string[]
  /** The chain as stops for `]` and `[`: wait, hold, wait, hold … and at which of them the span asked for is. */
  readonly steps: readonly SpanSpot[]
  readonly at: number
}

export type PathKind = 'running' | 'runnable' | 'waiting' | 'io' | 'blocked' | 'sleeping' | 'unknown'

/** A stretch of an operation's critical path. Depth 0 is the operation's own task; deeper ones are who it waited for. */
export interface PathSegment {
  readonly kind: PathKind
  readonly depth: number
  readonly fromNs: Ns
  readonly toNs: Ns
  readonly row: RowId
  readonly task: string
  /** The step it was in; null: none that the trace shows. */
  readonly phase: string | null
  /** Of `waiting`: for which lock, and who held it. */
  readonly lock: string | null
  readonly holder: string | null
  /** lockSpan of a wait, to select it. */
  readonly spanId: number | null
  readonly words: string
}

export interface CriticalPath {
  readonly op: SpanSpot
  readonly segments: readonly PathSegment[]
  /** ns per kind at depth 0: they add up to the operation's duration. */
  readonly totals: readonly { readonly kind: PathKind; readonly ns: Ns; readonly share: number }[]
  readonly truncated: boolean
  readonly words: readonly string[]
}

/** Figures of some spans. Whole durations of those that overlap the selection; `totalNs` is clipped to it. */
export interface StatisticsRow {
  readonly key: string
  readonly name: string
  readonly count: number
  /** Of them, how many have no known duration and are in no other figure. */
  readonly unknown: number
  readonly totalNs: Ns
  readonly meanNs: Ns | null
  readonly minNs: Ns | null
  readonly maxNs: Ns | null
  readonly p50Ns: Ns | null
  readonly p90Ns: Ns | null
  readonly p99Ns: Ns | null
  /** Of the longest, to go there. */
  readonly longest: SpanRef | null
}

export interface TimelineStatistics {
  readonly fromNs: Ns
  readonly toNs: Ns
  /** Operations by kind. */
  readonly ops: readonly StatisticsRow[]
  readonly phases: readonly StatisticsRow[]
  /** By lock class, and by lock (the most held or waited for first). */
  readonly holds: readonly StatisticsRow[]
  readonly waits: readonly StatisticsRow[]
  readonly locks: readonly {
    readonly lock: RowId
    readonly name: string
    readonly hold: StatisticsRow
    readonly wait: StatisticsRow
  }[]
  readonly lockTotal: number
  /** Task states: time clipped to the selection. */
  readonly states: readonly StatisticsRow[]
}

export const SEARCH_KINDS = ['event', 'args', 'task', 'lock', 'op', 'phase'] as const
export type SearchKind = (typeof SEARCH_KINDS)[number]

export interface SearchHit {
  readonly kind: SearchKind
  readonly ns: Ns
  /** null: not known, or a moment. */
  readonly endNs: Ns | null
  readonly text: string
  readonly rows: readonly RowId[]
  readonly span: SpanRef | null
}

export interface TimelineSearch {
  readonly total: number
  /** More matched than limits.searchHits: `total` counts those looked at, from the trace's start. */
  readonly capped: boolean
  /** Result ticks: hits per pixel of the window asked for. */
  readonly ticks: Uint32Array
  /** The nearest hit in the direction asked for, and its place among all (0 … total - 1). */
  readonly hit: SearchHit | null
  readonly at: number
  /** Hits from `at` on, for a list. */
  readonly hits: readonly SearchHit[]
  /** Rows whose name matches, at most limits.plainTableRows. */
  readonly rows: readonly { readonly id: RowId; readonly label: string }[]
}

export interface TimelineEvent {
  readonly ns: Ns
  readonly cpu: number | null
  readonly task: RowId
  readonly comm: string
  readonly name: string
  /** As the trace printed it. */
  readonly args: string
  /** Innermost frame first; empty: none. */
  readonly stack: readonly string[]
}

export interface TimelineEvents {
  readonly events: readonly TimelineEvent[]
  /** True: the window was not looked through to its end but to here; go on from there. */
  readonly truncated: boolean
  readonly scannedToNs: Ns
}

/** A moment two traces can be aligned at. */
export interface TimelineAnchor {
  /** null: there is no such event. */
  readonly ns: Ns | null
  /** How many there are. */
  readonly total: number
}

export interface AnnotationRow {
  readonly id: number
  readonly kind: string
  readonly startNs: Ns
  /** null: a moment. */
  readonly endNs: Ns | null
  readonly text: string
  /** False: kept in memory only. */
  readonly saved: boolean
}

export interface AnnotationList {
  readonly annotations: readonly AnnotationRow[]
  /** True: changes are written into the file at once. */
  readonly writable: boolean
  /** Where they are not: why, in a sentence. */
  readonly why: string | null
}

/** After a change: the note it was about, and all of them as they are now. */
export interface AnnotationChanged extends AnnotationList {
  readonly id: number
}
