/**
 * Reads a stored trace back: dictionaries from their tables, spans from their column chunks. Raw events stay on disk
 * (event-chunks.ts reads them by window). A table's columns are decoded when they are first asked for, so the first
 * answer pays only for what it needs.
 * Everything read is checked before it is used as an index; what does not fit throws ApiError `bad-input`.
 */

import { basename } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { allocate, type Columns, type Schema } from '#shared/base/columns.ts'
import { limits } from '#shared/base/limits.ts'
import { timeColumns } from '#shared/model/collect.ts'
import { LOCK_KINDS, SEVERITIES } from '#shared/model/kinds.ts'
import {
  SPAN_TABLES,
  spanSchemas,
  type Diagnostic,
  type Dictionaries,
  type EventRate,
  type Lock,
  type SpanTable,
  type Trace,
  type TraceMeta,
} from '#shared/model/trace.ts'
import { damaged, decodeSpans } from './codec.ts'
import { explain, type Db } from './database.ts'
import { checkColumns, type Targets } from './check-columns.ts'
import { readExtras } from './extras.ts'
import { lockNames, withLockNames, withoutGuessedNames, type NamedLock } from './lock-names.ts'
import { checkSizes, TRACE_TABLES } from './sizes.ts'
import { PARTS, rowMaps, type FirstIds, type Part } from './span-rows.ts'
import { VOCABULARIES } from './write-end.ts'

export interface StoredTrace {
  readonly id: number
  readonly meta: TraceMeta
  readonly first: FirstIds
  readonly rows: Readonly<Record<Part, number>>
}

interface TraceRow {
  readonly id: number
  readonly name: string
  readonly source_format: string
  readonly clock: string
  readonly clock_unit: string
  readonly start_clock: string
  readonly start_unix_ns: string | null
  readonly duration_ns: number
  readonly event_count: number
  readonly lost_events: number | null
  readonly kernel: string | null
  readonly machine: string | null
  readonly cpus: number | null
  readonly scenario: string | null
  readonly strategy: string | null
  readonly seed: string | null
  readonly digest: string | null
  readonly rate_bucket_ns: number
}

/** The traces of a file, in the order they were added, without their rows. */
export function listTraces(db: Db): readonly StoredTrace[] {
  const rows = db.prepare('SELECT * FROM trace ORDER BY id').all() as TraceRow[]
  return rows.map((row) => ({ id: row.id, meta: metaOf(row), ...partsOf(db, row.id) }))
}

function metaOf(row: TraceRow): TraceMeta {
  return {
    name: row.name,
    sourceFormat: row.source_format,
    clock: row.clock,
    clockUnit: row.clock_unit === 'tick' ? 'tick' : 'ns',
    startClock: wholeNumber(row.start_clock, row.id),
    startUnixNs: row.start_unix_ns === null ? undefined : wholeNumber(row.start_unix_ns, row.id),
    durationNs: row.duration_ns,
    eventCount: row.event_count,
    lostEvents: row.lost_events ?? undefined,
    kernel: row.kernel ?? undefined,
    machine: row.machine ?? undefined,
    cpus: row.cpus ?? undefined,
    scenario: row.scenario ?? undefined,
    strategy: row.strategy ?? undefined,
    seed: row.seed ?? undefined,
    digest: row.digest ?? undefined,
  }
}

/** A moment as its digits: it may have more of them than a number can. */
function wholeNumber(text: string, traceId: number): string {
  if (!/^-?\d{1,30}$/.test(text))
    throw damaged(`trace ${traceId}`, 'what its clock read at the start is no whole number')
  return text
}

function partsOf(db: Db, traceId: number): Pick<StoredTrace, 'first' | 'rows'> {
  const parts = db.prepare('SELECT part, first_id, n FROM trace_part WHERE trace_id = ?').all(traceId) as {
    readonly part: string
    readonly first_id: number
    readonly n: number
  }[]
  const first: Record<string, number> = {}
  const rows: Record<string, number> = {}
  for (const part of PARTS) {
    const found = parts.find((candidate) => candidate.part === part)
    if (found === undefined) throw damaged(`trace ${traceId}`, `it does not say where its ${part} rows begin`)
    if (found.n < 0 || found.n >= 2 ** 32) throw damaged(`trace ${traceId}`, `it says it has ${found.n} ${part} rows`)
    if (found.first_id < 0 || !Number.isSafeInteger(found.first_id + found.n))
      throw damaged(`trace ${traceId}`, `it says its ${part} rows begin with ${found.first_id}`)
    first[part] = found.first_id
    rows[part] = found.n
  }
  return { first: first as FirstIds, rows: rows as StoredTrace['rows'] }
}

/** A trace without its raw events. The database must stay open as long as tables may still be asked for first. */
export function loadTrace(db: Db, traceId: number): Trace {
  return explained(db, () => readTrace(db, traceId, lockNames(db, traceId)))
}

/** The same with the names the trace itself gives its locks, and all that is in its rows. */
export function loadUnnamed(db: Db, traceId: number): Trace {
  return explained(db, () => readTrace(db, traceId, []))
}

/** Damage SQLite finds while reading is said like any other. */
function explained<T>(db: Db, read: () => T): T {
  try {
    return read()
  } catch (error) {
    // A typed array that cannot be had.
    if (error instanceof RangeError) {
      throw new ApiError(
        'limit',
        `a table of ${basename(db.name)} does not fit into memory`,
        'check the file with `faultline check`',
      )
    }
    throw explain(error, db.name)
  }
}

/** Connections whose texts are known to be short enough, those of all traces at once, until somebody else writes into the file. */
const checked = new WeakMap<Db, unknown>()

function readTrace(db: Db, traceId: number, names: readonly NamedLock[]): Trace {
  const row = db.prepare('SELECT * FROM trace WHERE id = ?').get(traceId) as TraceRow | undefined
  if (row === undefined) {
    throw new ApiError('not-found', `there is no trace ${traceId} in this file`, 'see which there are: faultline info')
  }
  const version = db.pragma('data_version', { simple: true })
  if (checked.get(db) !== version) checkSizes(db, TRACE_TABLES)
  checked.set(db, version)
  const parts = partsOf(db, traceId)
  const told = readDictionaries(db, traceId, parts)
  const dictionaries = withLockNames(told, names)
  const extras = readExtras(db, traceId, { ...parts, stacks: dictionaries.stacks.length })
  const trace = {
    ...dictionaries,
    ...(extras === undefined ? {} : { extras }),
    meta: metaOf(row),
    diagnostics: readDiagnostics(db, traceId),
    rate: readRate(db, row),
  }
  const read = (table: SpanTable): Columns<Schema> => {
    const columns = readTable(db, { traceId, table, rows: parts.rows, dictionaries })
    if (table === 'lockSpan' && names.length > 0) withoutGuessedNames(columns as Trace['lockSpan'], told, dictionaries)
    return columns
  }
  for (const table of SPAN_TABLES) {
    let columns: Columns<Schema> | undefined
    Object.defineProperty(trace, table, {
      enumerable: true,
      get: () => (columns ??= explained(db, () => read(table))),
    })
  }
  return trace as unknown as Trace
}

function readDiagnostics(db: Db, traceId: number): readonly Diagnostic[] {
  const rows = db
    .prepare('SELECT severity, code, message, first_line, count FROM diagnostic WHERE trace_id = ? ORDER BY id')
    .all(traceId) as {
    readonly severity: string
    readonly code: string
    readonly message: string
    readonly first_line: number | null
    readonly count: number
  }[]
  return rows.map(({ severity, code, message, first_line, count }) => ({
    // It is printed as it is, so it has to be one of ours.
    severity: SEVERITIES.find((known) => known === severity) ?? 'warning',
    code,
    message,
    firstLine: first_line ?? undefined,
    count,
  }))
}

function readRate(db: Db, row: TraceRow): EventRate {
  const counts = db
    .prepare('SELECT n FROM event_rate WHERE trace_id = ? ORDER BY start_ns LIMIT ?')
    .pluck()
    .all(row.id, limits.rateBuckets) as number[]
  return { bucketNs: row.rate_bucket_ns, counts: Uint32Array.from(counts) }
}

/** What the integers of a trace point into. */
function readDictionaries(db: Db, traceId: number, { first, rows }: Pick<StoredTrace, 'first' | 'rows'>): Dictionaries {
  const list = (sql: string, ...params: unknown[]) =>
    db
      .prepare(sql)
      .raw()
      .all(...params) as (string | number | null)[][]
  const words = (sql: string, ...params: unknown[]) => list(sql, ...params).map(([text]) => String(text))
  const part = (columns: string, name: Part) =>
    list(`SELECT ${columns} FROM ${name} WHERE id >= ? AND id < ? ORDER BY id`, first[name], first[name] + rows[name])
  const vocabulary = (kind: string) =>
    words('SELECT text FROM vocabulary WHERE trace_id = ? AND kind = ? ORDER BY seq', traceId, kind)
  const inodes = vocabulary(VOCABULARIES.inodes)
  const inodeIds = new Map(inodes.map((inode, id) => [inode, id]))
  const eventNames = list('SELECT name, n FROM event_name WHERE trace_id = ? ORDER BY seq', traceId)
  const locks = part('class_id, address, label, inode', 'lock').map(([lockClass, address, label, inode]): Lock => {
    const id = Number(lockClass) - first.lock_class
    if (id < 0 || id >= rows.lock_class) throw damaged('the lock table', `a lock has the class ${lockClass}`)
    return {
      lockClass: id,
      address: address === null ? undefined : String(address),
      label: label === null ? undefined : String(label),
      inode: inode === null ? -1 : (inodeIds.get(String(inode)) ?? -1),
    }
  })
  return {
    tasks: part('pid, tgid, comm', 'task').map(([pid, tgid, comm]) => ({
      pid: Number(pid),
      tgid: tgid === null ? undefined : Number(tgid),
      comm: String(comm),
    })),
    lockClasses: part('name, kind', 'lock_class').map(([name, kind]) => ({
      name: String(name),
      kind: LOCK_KINDS.find((known) => known === kind) ?? 'unknown',
    })),
    locks,
    inodes,
    eventNames: eventNames.map(([name]) => String(name)),
    eventCounts: eventNames.map(([, n]) => Number(n)),
    opKinds: vocabulary(VOCABULARIES.opKinds),
    phaseNames: vocabulary(VOCABULARIES.phaseNames),
    stacks: words('SELECT frames FROM event_stack WHERE trace_id = ? ORDER BY seq', traceId),
  }
}

interface TableToRead extends Targets {
  readonly traceId: number
  readonly table: SpanTable
}

function readTable(db: Db, { traceId, table, ...targets }: TableToRead): Columns<Schema> {
  const { part } = rowMaps[table]
  const rows = targets.rows[part]
  const schema: Schema = spanSchemas[table]
  const chunks = db.prepare('SELECT seq, n, ts0, columns FROM span_chunk WHERE trace_id = ? AND part = ? ORDER BY seq')
  const counted = db
    .prepare('SELECT coalesce(sum(n), 0) FROM span_chunk WHERE trace_id = ? AND part = ? AND n > 0 AND n <= ?')
    .pluck()
    .get(traceId, part, limits.spansPerBatch)
  if (counted !== rows) throw damaged(`table ${part}`, `${rows} rows, but ${String(counted)} in its columns`)
  const cols = allocate(schema, rows)
  const into = { cols, rows }
  for (const chunk of chunks.iterate(traceId, part) as Iterable<{
    seq: number
    n: number
    ts0: number
    columns: Uint8Array
  }>) {
    decodeSpans(schema, { ...chunk, what: `${part} chunk ${chunk.seq}` }, timeColumns[table], into)
  }
  const columns = { length: rows, cols }
  checkColumns(table, columns, targets)
  return columns
}
