/**
 * The contract: every call a host (window, browser, command line) may make, its parameters' schema and its result.
 * Parameters are validated by the engine; results are typed. Files are named by `FileRef`, never by an arbitrary path
 * from the page: hosts decide which paths a client may name. Typed arrays cross as they are (binary columns).
 */

import * as z from 'zod'
import type { WireError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { AnalysisId } from '../analysis/index.ts'
import type { LockStatComparison } from '../analysis/lock-stat-compare.ts'
import {
  compareSchema,
  runSchema,
  type CompareResult,
  type PartialComparison,
  type RunResult,
  type SimCatalog,
  type StrategyProgress,
} from './simulation.ts'
import {
  exploreSchema,
  recordSchema,
  replaySchema,
  type ExploreResult,
  type RecordedSchedule,
  type ReplayResult,
} from './exploration.ts'
import { EXPORT_FORMATS } from './export-formats.ts'
import { raceSchema, verdictsSchema, type RaceInfo, type RaceResult, type VerdictsResult } from './races.ts'
import { crashPointsSchema, crashRunSchema, type CrashPointsResult, type CrashRunResult } from './crash.ts'
import { strategyParams, type OwnStrategyInfo } from './strategy.ts'
import { recordSchema as recordingSchema, type RecordAbility, type RecordResult } from './record.ts'
import { reportSchema } from './report.ts'
import {
  sweepMergeSchema,
  sweepPlanSchema,
  sweepRunSchema,
  type SweepJob,
  type SweepMerge,
  type SweepRun,
} from './sweep.ts'
import * as timeline from './timeline.ts'
import {
  backtestSchema,
  scalingSchema,
  sensitivitySchema,
  tracesSchema,
  whatIfSchema,
  type BacktestResult,
  type ScalingResult,
  type SensitivityResult,
  type TracesResult,
  type WhatIfResult,
} from './whatif.ts'
import type { TraceInfo, OpenedFile, ImportSummary } from './files.ts'

/** Token of an open `.faultline` file: minted by the engine, valid for its life. */
const fileId = z.string().min(1).max(64)

/**
 * Where input comes from. `path` is refused for clients that may not name paths (the browser, outside --root); `known` is
 * a file the engine knows already (recent, given at start, chosen in the system's dialog) by a name it made up.
 */
const sourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('path'), path: z.string().min(1).max(4096) }),
  z.object({ kind: z.literal('upload'), upload: z.string().min(1).max(64) }),
  z.object({ kind: z.literal('sample'), sample: z.string().min(1).max(64) }),
  z.object({ kind: z.literal('known'), known: z.string().min(1).max(64) }),
])
export type Source = z.infer<typeof sourceSchema>

/** What is read, and how. */
const inputs = {
  source: sourceSchema,
  /** Further traces that become one with it, each moved by an offset; brought together by their clocks or their starts. */
  more: z
    .array(z.object({ source: sourceSchema, offsetNs: z.int().default(0) }))
    .max(limits.joinedTraces)
    .default([]),
  align: z.enum(['clock', 'start']).default('clock'),
  /** A /proc/kallsyms of the kernel that recorded, for recordings without names of its functions. */
  kallsyms: sourceSchema.optional(),
  format: z.string().optional(),
}

export interface RecentFile {
  readonly source: Source
  readonly name: string
  readonly format: string
  /** In ticks where the trace's clock counts those; null: listed before this was kept. */
  readonly clockUnit: TraceInfo['clockUnit'] | null
  /** 0 where none is known. */
  readonly durationNs: number
  readonly events: number
  readonly lost: number | null
  readonly worstLock: string | null
  readonly worstWaitNs: number | null
  /** false: the worst lock was not looked for yet, or that is under way. true with null: nobody waited, as far as recorded. */
  readonly worstKnown: boolean
  /** ms since 1970. */
  readonly openedAt: number
  /** The file is gone or unreadable. */
  readonly missing: boolean
}

export interface Sample {
  readonly id: string
  readonly title: string
  /** One line: what it teaches. */
  readonly teaches: string
  readonly origin: string
  readonly bytes: number
}

export interface AppInfo {
  readonly version: string
  readonly host: 'desktop' | 'web' | 'cli'
  readonly platform: string
  readonly formats: readonly { readonly id: string; readonly title: string; readonly extensions: readonly string[] }[]
  readonly analyses: readonly { readonly id: string; readonly title: string; readonly about: string }[]
  readonly samples: readonly Sample[]
  /** May this client name paths? In the web host only under --root. */
  readonly paths: 'any' | 'root' | 'none'
  /** Files the host was asked to open at start. */
  readonly startWith: readonly Source[]
}

export interface LockNames {
  readonly names: readonly { readonly address: string; readonly name: string }[]
}

export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
  readonly truncated: boolean
  readonly wallMs: number
}

/** What the window keeps across restarts, by its owner. */
export const KEPT_KEYS = ['settings', 'session', 'sql'] as const
export type KeptKey = (typeof KEPT_KEYS)[number]

/** One of `path`, `bytes` and `download` is there: it was written, it is here, or it is fetched in pieces (download.ts). */
export interface ExportResult {
  readonly path: string | null
  readonly name: string
  readonly bytes: Uint8Array | null
  readonly download: { readonly id: string; readonly bytes: number } | null
  /** null for formats that are not made of rows. */
  readonly rows: number | null
}

export interface CheckResult {
  readonly ok: boolean
  readonly findings: readonly { readonly code: string; readonly message: string }[]
}

export interface Method<P extends z.ZodType, R> {
  readonly params: P
  /** Only a type: never read. */
  readonly result?: R
}

function method<R>() {
  return <P extends z.ZodType>(params: P): Method<P, R> => ({ params })
}

const nothing = z.object({})

export const EXPORT_TABLES = [
  'lock_span',
  'op',
  'phase',
  'event',
  'wait_edge',
  'task_state',
  'task',
  'lock',
  'lock_class',
  'trace',
  'diagnostic',
  'annotation',
] as const

export const methods = {
  'app.info': method<AppInfo>()(nothing),
  /** What the window kept, by key; values are the window's own. */
  'window.kept': method<Partial<Record<KeptKey, unknown>>>()(nothing),
  'window.keep': method<null>()(z.object({ key: z.enum(KEPT_KEYS), value: z.unknown() })),
  'files.recent': method<readonly RecentFile[]>()(nothing),
  'files.forget': method<null>()(z.object({ source: sourceSchema })),
  /** Open a .faultline file, or import anything else first (progress). Returns what the import said where there was one, and
   *  `again`: how this client opens it later, also after a restart and also where it was an upload. */
  'files.open': method<{ opened: OpenedFile; imported: ImportSummary | null; again?: Source }>()(z.object(inputs)),
  'files.close': method<null>()(z.object({ file: fileId })),
  'files.check': method<CheckResult>()(z.object({ source: sourceSchema })),
  /** Import into a named file: the command line's. `force` allows replacing it. */
  'trace.import': method<ImportSummary>()(
    z.object({
      ...inputs,
      out: z.string().optional(),
      force: z.boolean().default(false),
    }),
  ),
  'trace.info': method<OpenedFile>()(z.object({ file: fileId })),
  /** Run an analysis of shared/analysis; `params` is checked against the analysis's own schema. */
  'analysis.run': method<unknown>()(
    z.object({ file: fileId, trace: z.int().positive(), id: z.string(), params: z.unknown() }),
  ),
  /** A trace's waits and holds beside a lock_stat table of the same time: the first table of a file that is open. */
  'contention.against': method<LockStatComparison>()(
    z.object({ file: fileId, trace: z.int().positive(), against: fileId }),
  ),
  /** Rows of the timeline to choose from; what happens on them in figures. */
  'timeline.rows': method<timeline.TimelineRows>()(timeline.timelineRowsSchema),
  /** The slices of some rows in a window, merged to pixels, as binary columns. */
  'timeline.view': method<timeline.TimelineView>()(timeline.timelineViewSchema),
  /** Everything known of one span, in words too. */
  'timeline.span': method<timeline.SpanDetails>()(timeline.timelineSpanSchema),
  /** Who waits for whom from one span, up to the root. */
  'timeline.flow': method<timeline.TimelineFlow>()(timeline.timelineFlowSchema),
  /** What an operation's time went into, through the holders of what it waited for. */
  'timeline.path': method<timeline.CriticalPath>()(timeline.timelinePathSchema),
  /** The next or previous span of a row; null at its end. */
  'timeline.step': method<timeline.SpanSpot | null>()(timeline.timelineStepSchema),
  'timeline.statistics': method<timeline.TimelineStatistics>()(timeline.timelineStatisticsSchema),
  /** The nearest hit, ticks of a window, a page of hits; searching raw events is a job with progress. */
  'timeline.search': method<timeline.TimelineSearch>()(timeline.timelineSearchSchema),
  /** The window as a file of its own, opened; export.run writes it somewhere. */
  'timeline.cut': method<OpenedFile>()(timeline.timelineCutSchema),
  /** Raw events of a row or of all, with what the trace printed of them. */
  'timeline.events': method<timeline.TimelineEvents>()(timeline.timelineEventsSchema),
  /** A moment to align two traces at: the nth event, operation or phase of a name. */
  'timeline.anchor': method<timeline.TimelineAnchor>()(timeline.timelineAnchorSchema),
  /** Marks and notes: in the file where it can be written, else in memory, and then it says so. */
  'annotations.list': method<timeline.AnnotationList>()(timeline.annotationListSchema),
  'annotations.add': method<timeline.AnnotationChanged>()(timeline.annotationAddSchema),
  'annotations.update': method<timeline.AnnotationChanged>()(timeline.annotationUpdateSchema),
  'annotations.remove': method<timeline.AnnotationChanged>()(timeline.annotationRemoveSchema),
  /** Names people gave to locks; `name: null` takes one away. Kept in the file, and everywhere the lock is shown. */
  'locks.names': method<LockNames>()(z.object({ file: fileId, trace: z.int() })),
  'locks.name': method<LockNames & { readonly locks: number }>()(
    z.object({
      file: fileId,
      trace: z.int(),
      address: z.string().min(1).max(limits.lockNameChars),
      name: z.string().trim().min(1).max(limits.lockNameChars).nullable(),
    }),
  ),
  'query.run': method<QueryResult>()(
    z.object({ file: fileId, sql: z.string().min(1), maxRows: z.int().positive().optional() }),
  ),
  /** The whole answer of a statement as a file of rows, however many there are (progress in rows). */
  'query.export': method<ExportResult>()(
    z.object({ file: fileId, sql: z.string().min(1), format: z.enum(['csv', 'ndjson']) }),
  ),
  'export.run': method<ExportResult>()(
    z.object({
      file: fileId,
      trace: z.int().positive().optional(),
      format: z.enum(EXPORT_FORMATS),
      /** Of `csv`, `ndjson` and `parquet`: which one, `lock_span` unless said. Other formats have none. */
      table: z.enum(EXPORT_TABLES).optional(),
      fromNs: z.number().nonnegative().optional(),
      toNs: z.number().nonnegative().optional(),
      /** `faultline` only: raw events also as rows of a table `event`, for other SQLite clients. */
      rawEvents: z.boolean().default(false),
      /** Path to write; without it the bytes come back. */
      out: z.string().optional(),
      force: z.boolean().default(false),
    }),
  ),
  /** Every scenario, strategy, slot and cost there is, with what forms need to ask for them. */
  'sim.catalog': method<SimCatalog>()(nothing),
  /** One run of a scenario (progress in simulated ns). */
  'sim.run': method<RunResult>()(runSchema),
  /** Strategies side by side over seeds (progress in runs, `strategies` says how far each is). */
  'sim.compare': method<CompareResult>()(compareSchema),
  /** A recorded trace replayed under other strategies (progress in runs). */
  'whatif.compare': method<WhatIfResult>()(whatIfSchema),
  /** One trace predicted from another, with the error per percentile. */
  'whatif.backtest': method<BacktestResult>()(backtestSchema),
  /** What shorter or longer holds of each lock would change (progress in runs). */
  'whatif.sensitivity': method<SensitivityResult>()(sensitivitySchema),
  /** The same workload on more and more CPUs (progress in runs). */
  'whatif.scaling': method<ScalingResult>()(scalingSchema),
  /** Recorded traces side by side: before and after a patch. */
  'whatif.traces': method<TracesResult>()(tracesSchema),
  /** Can this machine record, and which events; record (progress in bytes, events so far); end and import what runs. */
  'record.ability': method<RecordAbility>()(nothing),
  'record.run': method<RecordResult>()(recordingSchema),
  'record.stop': method<{ readonly stopped: number }>()(nothing),
  /** A list of independent jobs; those without a result run (progress in runs); one file of all results. */
  'sweep.plan': method<readonly SweepJob[]>()(sweepPlanSchema),
  'sweep.run': method<SweepRun>()(sweepRunSchema),
  'sweep.merge': method<SweepMerge>()(sweepMergeSchema),
  /** What a comparison found as one file to send: a page, or plain text. */
  'report.compare': method<ExportResult>()(reportSchema),
  /** A strategy of the user's own, from its file: refused without `agreed`, because it runs the file. */
  'strategy.load': method<OwnStrategyInfo>()(z.object({ source: sourceSchema, ...strategyParams })),
  /** The catalogue of races, one of them under one strategy, and the matrix (progress in cells). */
  'race.list': method<readonly RaceInfo[]>()(nothing),
  'race.run': method<RaceResult>()(raceSchema),
  'verdicts.run': method<VerdictsResult>()(verdictsSchema),
  /** All schedules of a scenario or race under a strategy, within a bound (progress in schedules). */
  'explore.run': method<ExploreResult>()(exploreSchema),
  /** One schedule of anybody's, step by step. */
  'schedule.replay': method<ReplayResult>()(replaySchema),
  /** The same schedule recorded as a trace and opened; its clock counts happenings. */
  'schedule.record': method<RecordedSchedule>()(recordSchema),
  /** Power cuts in all orders of a scenario or race; every place to cut one schedule. */
  'crash.run': method<CrashRunResult>()(crashRunSchema),
  'crash.points': method<CrashPointsResult>()(crashPointsSchema),
  /** Uploads through the web host: begin, chunks in order, then use the id as a Source. An unused upload is deleted. */
  'upload.begin': method<{ upload: string }>()(
    /** `bytes`: the size where it is known, so that what is too large is refused at once. */
    z.object({ name: z.string().min(1).max(255), bytes: z.number().nonnegative().optional() }),
  ),
  'upload.chunk': method<{ received: number }>()(z.object({ upload: z.string(), bytes: z.instanceof(Uint8Array) })),
  'upload.cancel': method<null>()(z.object({ upload: z.string() })),
  /** A piece of an export that was too large for one message; at most limits.pieceBytes, empty at the end. */
  'download.chunk': method<Uint8Array>()(z.object({ download: z.string(), offset: z.int().nonnegative() })),
  /** Done with it, or not wanted any more: the engine deletes it. */
  'download.end': method<null>()(z.object({ download: z.string() })),
} as const

export type Methods = typeof methods
export type MethodName = keyof Methods
export type MethodParams<M extends MethodName> = z.input<Methods[M]['params']>
export type ParsedParams<M extends MethodName> = z.output<Methods[M]['params']>
export type MethodResult<M extends MethodName> = Exclude<Methods[M]['result'], undefined>

/** Progress of a running call. Unknown totals are null and look unknown. */
export interface Progress {
  /** What is being done, in words: `parsing`, `writing`. */
  readonly stage: string
  /** In `unit`s. */
  readonly done: number
  readonly total: number | null
  readonly unit: 'bytes' | 'rows' | 'runs' | 'ns'
  /** Events found so far, where that is what is counted. */
  readonly events: number | null
  readonly elapsedMs: number
  /** Comparisons only. */
  readonly strategies?: readonly StrategyProgress[]
  /** Comparisons, now and then: what the runs so far come to. */
  readonly partial?: PartialComparison
}

/** What the engine tells every client without being asked. */
export interface EngineEvents {
  'files.changed': { readonly recent: boolean }
  /** Somebody changed the marks and notes of a trace of an open file. */
  'annotations.changed': { readonly file: string; readonly trace: number }
  'engine.notice': { readonly level: 'info' | 'warning' | 'error'; readonly message: string }
}
export type EventName = keyof EngineEvents

export interface CallOptions {
  readonly signal?: AbortSignalLike
  readonly onProgress?: (progress: Progress) => void
}

/** The part of AbortSignal that is used, so that shared/ needs no DOM or Node types. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** What every transport gives its users. A failure rejects with ApiError. */
export interface Client {
  call<M extends MethodName>(method: M, params: MethodParams<M>, options?: CallOptions): Promise<MethodResult<M>>
  on<E extends EventName>(event: E, listener: (data: EngineEvents[E]) => void): () => void
  close(): void
}

export type { AnalysisId, WireError }
