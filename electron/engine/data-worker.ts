/**
 * The data thread: keeps opened `.faultline` files loaded and answers analyses from memory. SQLite is touched here and
 * in jobs, never on the router's thread. At most limits.loadedFiles files and limits.loadedBytes stay loaded; the least
 * recently used go first and are loaded again when asked for. A file that was replaced on disk is loaded anew.
 */

import { statSync, type Stats } from 'node:fs'
import { basename } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { contention } from '#shared/analysis/contention.ts'
import { analyses } from '#shared/analysis/index.ts'
import { compareWithLockStat, type LockStatComparison } from '#shared/analysis/lock-stat-compare.ts'
import { ApiError } from '#shared/base/errors.ts'
import { rowBytes } from '#shared/base/columns.ts'
import { limits } from '#shared/base/limits.ts'
import { spanSchemas, SPAN_TABLES, type Trace } from '#shared/model/trace.ts'
import type { TraceInfo } from '#shared/contract/files.ts'
import { listTraces, loadTrace, type StoredTrace } from '../store/load.ts'
import { changesOf, openFile, type Db } from '../store/open.ts'
import { rowMaps } from '../store/span-rows.ts'
import type { AnnotationChanged, AnnotationList, TimelineSearch } from '#shared/timeline/answers.ts'
import { lockNames, type NamedLock } from '../store/lock-names.ts'
import { nameLock } from '../store/name-lock.ts'
import { changeNote, listNotes, type NoteChange } from './annotations.ts'
import { describeTrace } from './describe.ts'
import { serveThread } from './threads.ts'
import type { EventHits } from '#shared/timeline/search.ts'
import {
  answerSearch,
  answerTimeline,
  type OpenTrace,
  type ScanFirst,
  type SearchParams,
  type TimelineParams,
  type TimelineQuestion,
} from './timeline-answers.ts'
import { TraceEvents } from './timeline-events.ts'

interface Loaded {
  readonly db: Db
  readonly ino: number
  stamp: string
  /** How often SQLite had changed it. */
  changes: number
  readonly traces: Map<number, Trace>
  readonly events: Map<number, TraceEvents>
  /** What the file said of each loaded trace. */
  readonly said: Map<number, string>
  /** What its traces take when all their tables have been asked for. */
  bytes: number
}

/** In order of last use, the least recent first. */
const loaded = new Map<string, Loaded>()

const functions = {
  describe(path: string): { readonly bytes: number; readonly traces: readonly TraceInfo[] } {
    const file = load(path)
    const listed = listTraces(file.db)
    const byId = new Map(listed.map((stored) => [stored.id, stored]))
    const traces = listed.map((stored) => describeTrace(stored, traceOf(path, file, stored.id, byId)))
    return { bytes: stat(path).size, traces }
  },
  /** `params` have been parsed. */
  analyse(path: string, trace: number, id: string, params: unknown): unknown {
    return analyses.get(id).run(traceOf(path, load(path), trace), params)
  },
  against(path: string, trace: number, tablePath: string): LockStatComparison {
    const table = listTraces(load(tablePath).db).find(({ meta }) => meta.sourceFormat === 'lock-stat')
    if (table === undefined) {
      throw new ApiError(
        'bad-input',
        `${basename(tablePath)}: there is no lock_stat table in it`,
        'cat /proc/lock_stat > X, and compare with X',
      )
    }
    // Every row there is: what is asked about is the comparison, not a page of it.
    const params = contention.params.parse({ by: 'class', top: 10_000 })
    const ours = contention.run(traceOf(path, load(path), trace), params)
    const theirs = contention.run(traceOf(tablePath, load(tablePath), table.id), params)
    return compareWithLockStat(ours.rows, theirs.rows)
  },
  /** Questions of the timeline by name; `params` have been parsed. */
  timeline<Q extends TimelineQuestion>(path: string, trace: number, name: Q, params: TimelineParams<Q>): unknown {
    const open = openTrace(path, load(path), trace)
    const answer = answerTimeline(open, name, params)
    workBetween(open)
    return answer
  },
  /** `scanned`: what a scan of the events found, where this asked for one. */
  search(
    path: string,
    trace: number,
    params: SearchParams,
    scanned: EventHits | undefined,
  ): TimelineSearch | ScanFirst {
    return answerSearch(openTrace(path, load(path), trace), params, scanned)
  },
  notes(path: string, trace: number): AnnotationList {
    const file = load(path)
    traceOf(path, file, trace)
    return listNotes(file.db, path, trace)
  },
  annotate(path: string, trace: number, change: NoteChange): AnnotationChanged {
    checkSeen(path)
    traceOf(path, load(path), trace)
    const id = changeNote(path, trace, change)
    const { db } = load(path)
    return { id, ...listNotes(db, path, trace) }
  },
  lockNames(path: string, trace: number): readonly NamedLock[] {
    const file = load(path)
    traceOf(path, file, trace)
    return lockNames(file.db, trace)
  },
  /** A class of its own changes what everything else points into: the trace is loaded again. */
  nameLock(path: string, trace: number, lock: { readonly address: string; readonly name: string | null }): number {
    checkSeen(path)
    traceOf(path, load(path), trace)
    const locks = nameLock(path, trace, lock)
    functions.drop(path)
    return locks
  },
  drop(path: string): void {
    loaded.get(path)?.db.close()
    loaded.delete(path)
  },
}
export type DataFunctions = typeof functions

function stat(path: string): Stats {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined)
    throw new ApiError('not-found', `${basename(path)}: no such file`, 'it was moved or deleted; open it again')
  return found
}

/** What is written down about a trace goes into the file it was read from, not into one that took its place meanwhile. */
function checkSeen(path: string): void {
  const seen = loaded.get(path)
  if (seen === undefined || seen.ino === stat(path).ino) return
  throw new ApiError(
    'not-found',
    `${basename(path)} was replaced by another file, and nothing was written into that one`,
    'open it again to see what is there now',
  )
}

function load(path: string): Loaded {
  let file = loaded.get(path)
  if (file !== undefined && file.stamp !== stampOf(stat(path)) && !isWhatWasLoaded(path, file)) {
    functions.drop(path)
    file = undefined
  }
  file ??= opened(path)
  loaded.delete(path)
  loaded.set(path, file)
  makeRoom(path)
  return file
}

/** Opening brings an older file up to date, and then it is another one than before. */
function opened(path: string): Loaded {
  const db = openFile(path)
  const now = stat(path)
  const known = { ino: now.ino, stamp: stampOf(now), changes: changesOf(path) }
  return { db, ...known, traces: new Map(), said: new Map(), events: new Map(), bytes: 0 }
}

function stampOf({ ino, mtimeMs, size }: Stats): string {
  return `${ino} ${mtimeMs} ${size}`
}

/**
 * After a change. One that SQLite did not count was not made by SQLite: other bytes were written over the file, and the
 * connection still has pages of the old ones.
 */
function isWhatWasLoaded(path: string, file: Loaded): boolean {
  const now = stat(path)
  const changes = changesOf(path)
  if (file.ino !== now.ino || file.changes === changes || !sameTraces(file)) return false
  file.stamp = stampOf(now)
  file.changes = changes
  return true
}

/** A note or a trace was added: what is loaded still is what the file says. */
function sameTraces({ db, said }: Loaded): boolean {
  try {
    const now = new Map(listTraces(db).map((stored) => [stored.id, sayingOf(stored)]))
    return [...said].every(([id, text]) => now.get(id) === text)
  } catch {
    // Whatever is wrong with it now is said when it is opened again.
    return false
  }
}

function sayingOf({ meta, first, rows }: StoredTrace): string {
  return JSON.stringify({ meta, first, rows })
}

/** `listed`: the file's traces, where somebody asks for many of them and has the list. */
function traceOf(path: string, file: Loaded, id: number, listed?: ReadonlyMap<number, StoredTrace>): Trace {
  let trace = file.traces.get(id)
  if (trace !== undefined) return trace
  trace = loadTrace(file.db, id)
  file.traces.set(id, trace)
  const stored = listed === undefined ? listTraces(file.db).find((one) => one.id === id) : listed.get(id)
  if (stored !== undefined) {
    file.bytes += bytesOf(stored)
    file.said.set(id, sayingOf(stored))
  }
  makeRoom(path)
  return trace
}

function openTrace(path: string, file: Loaded, id: number): OpenTrace {
  const trace = traceOf(path, file, id)
  let events = file.events.get(id)
  if (events === undefined) {
    events = new TraceEvents(file.db, trace, id)
    file.events.set(id, events)
  }
  return { trace, traceId: id, db: file.db, events }
}

const working = new Set<TraceEvents>()

/** What a view could not wait for is made between requests, a moment at a time: none waits longer than that. */
function workBetween({ events, db }: Pick<OpenTrace, 'events' | 'db'>): void {
  if (working.has(events)) return
  working.add(events)
  const go = (): void => {
    working.delete(events)
    if (db.open && events.work()) workBetween({ events, db })
  }
  setImmediate(go)
}

/** Drop what was not used for longest, but never the file that is being used. */
function makeRoom(used: string): void {
  const total = () => [...loaded.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  for (const path of [...loaded.keys()]) {
    if (path === used || (loaded.size <= limits.loadedFiles && total() <= limits.loadedBytes)) continue
    functions.drop(path)
  }
}

function bytesOf({ rows }: StoredTrace): number {
  return SPAN_TABLES.reduce((sum, table) => sum + rows[rowMaps[table].part] * rowBytes(spanSchemas[table]), 0)
}

if (parentPort !== null) serveThread(parentPort, functions)
