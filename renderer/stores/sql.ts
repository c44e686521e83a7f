/**
 * SQL of the window: the queries that are being written (one tab each), what ran before, what was saved under a name, and
 * the run that is under way. A run can be stopped: the engine kills the process it is in. The last answer stays until
 * there is a new one. Texts are kept across restarts; answers are not, they are asked for again.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, shallowRef, watch } from 'vue'
import { limits } from '#shared/base/limits.ts'
import { statementAt } from '#shared/base/sql-tokens.ts'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { Client, QueryResult } from '#shared/contract/methods.ts'
import { useClient } from '../api/client.ts'
import { EXAMPLE_QUERIES } from '../panels/sql/examples.ts'
import { countsSql, SCHEMA_SQL, tablesOf, withCounts, type SchemaTable } from '../panels/sql/schema.ts'
import { useHistoryStore } from './history.ts'
import { asRecord, useKeptStore } from './kept.ts'
import { useTraceStore } from './trace.ts'

export interface Draft {
  readonly id: number
  /** Named after what it was made from. */
  readonly name: string
  readonly sql: string
}
export interface SavedQuery {
  readonly name: string
  readonly sql: string
}
export interface PastRun {
  readonly sql: string
  /** Name of the file it was asked of. */
  readonly file: string
  /** ms since 1970. */
  readonly at: number
  readonly outcome: 'done' | 'failed' | 'stopped'
  /** Rows of the answer, or what went wrong. */
  readonly rows: number
  readonly cut: boolean
  readonly ms: number
  readonly message: string
}
/** What a draft shows: the last answer or failure, and whether something is under way. */
export interface Shown {
  readonly running: { readonly sql: string; readonly startedAt: number } | undefined
  readonly result: QueryResult | undefined
  /** The statement the result answers. */
  readonly sql: string
  readonly error: WireError | undefined
  /** Where the statement that failed stands in the draft. */
  readonly errorFrom: number
}
const NOTHING: Shown = { running: undefined, result: undefined, sql: '', error: undefined, errorFrom: 0 }

export const useSqlStore = defineStore('sql', () => {
  const client = useClient()
  const trace = useTraceStore()
  const texts = useTexts()
  const { schema, loadSchema } = useSchema(client)
  const shown = shallowReactive(new Map<string, Shown>())
  const aborts = new Map<string, AbortController>()
  const key = computed(() => `${trace.file ?? ''}|${texts.current.value.id}`)
  const now = computed(() => shown.get(key.value) ?? NOTHING)
  /** What is selected in the editor and where the caret is, to run a part of the draft. */
  const caret = shallowRef<{ readonly from: number; readonly to: number }>({ from: 0, to: 0 })

  /** The selection, or the statement the caret is in. */
  function chosen(): { readonly text: string; readonly from: number } | undefined {
    const { sql } = texts.current.value
    const { from, to } = caret.value
    if (to > from && sql.slice(from, to).trim() !== '') return { text: sql.slice(from, to), from }
    return statementAt(sql, from)
  }

  async function run(): Promise<void> {
    const { file, opened } = trace
    const what = chosen()
    if (file === undefined || opened === undefined || what === undefined) return
    const at = key.value
    aborts.get(at)?.abort()
    const abort = new AbortController()
    aborts.set(at, abort)
    const before = shown.get(at) ?? NOTHING
    shown.set(at, { ...before, error: undefined, running: { sql: what.text, startedAt: performance.now() } })
    const started = performance.now()
    const past = { sql: what.text, file: opened.name, at: Date.now(), rows: 0, cut: false, message: '' }
    const mine = (): boolean => aborts.get(at) === abort
    try {
      const result = await client.call('query.run', { file, sql: what.text }, { signal: abort.signal })
      if (!mine()) return
      shown.set(at, { ...NOTHING, result, sql: what.text })
      texts.remember({ ...past, outcome: 'done', rows: result.rows.length, cut: result.truncated, ms: result.wallMs })
    } catch (thrown) {
      const error = toWireError(thrown)
      const stopped = error.code === 'cancelled'
      const ms = Math.round(performance.now() - started)
      texts.remember({ ...past, outcome: stopped ? 'stopped' : 'failed', ms, message: error.message })
      if (mine()) shown.set(at, { ...before, error, errorFrom: what.from, running: undefined })
    } finally {
      if (mine()) aborts.delete(at)
    }
  }
  function stop(): void {
    aborts.get(key.value)?.abort()
  }

  watch(
    () => trace.opened === undefined,
    (none) => none && shown.clear(),
  )
  useHistoryStore().part<string>({
    id: 'sql',
    page: 'sql',
    read: () => (texts.current.value.sql === texts.first ? undefined : texts.current.value.sql),
    write: (sql) => texts.show(sql ?? texts.first, 'from a link'),
    parse: (value) => (typeof value === 'string' && value.length <= limits.sqlBytes ? value : undefined),
  })

  return {
    ...texts,
    schema,
    loadSchema,
    caret,
    now,
    run,
    stop,
    running: computed(() => now.value.running !== undefined),
  }
})

const LONGEST_NAME = 40
const FIRST = EXAMPLE_QUERIES[0]

/** Drafts, saved queries and what ran before: everything that is text, kept across restarts. */
function useTexts() {
  const kept = useKeptStore()
  const first = FIRST?.sql ?? ''
  const drafts = ref<readonly Draft[]>([{ id: 1, name: FIRST?.title ?? 'Query', sql: first }])
  const chosen = ref(1)
  const saved = ref<readonly SavedQuery[]>([])
  const past = ref<readonly PastRun[]>([])
  const current = computed<Draft>(
    () => drafts.value.find(({ id }) => id === chosen.value) ?? drafts.value[0] ?? { id: 0, name: '', sql: '' },
  )
  /** As much as the engine keeps: what ran before goes first. */
  function asKept(): unknown {
    const most = { drafts: drafts.value, chosen: chosen.value, saved: saved.value, past: past.value }
    const fits = (value: unknown): boolean => JSON.stringify(value).length < limits.keptBytes
    return (
      [most, { ...most, past: past.value.slice(0, 10) }, { ...most, past: [] }].find(fits) ?? { saved: saved.value }
    )
  }
  let reading = true
  void kept.load().then(({ sql }) => {
    const from = parseKept(sql)
    if (from.drafts.length > 0) drafts.value = from.drafts
    if (drafts.value.some(({ id }) => id === from.chosen)) chosen.value = from.chosen
    saved.value = from.saved
    past.value = [...past.value, ...from.past]
    reading = false
  })
  watch([drafts, chosen, saved, past], () => reading || kept.keep('sql', asKept), { flush: 'sync' })

  function write(sql: string): void {
    drafts.value = drafts.value.map((draft) => (draft.id === current.value.id ? { ...draft, sql } : draft))
  }
  /** A draft with this text: the one there is, else a new tab. */
  function show(sql: string, name: string): void {
    const same = drafts.value.find((draft) => draft.sql === sql)
    if (same) chosen.value = same.id
    else add(sql, name)
  }
  function add(sql = '', name = 'Query'): void {
    const id = Math.max(0, ...drafts.value.map((draft) => draft.id)) + 1
    const room = drafts.value.slice(-(limits.sqlDrafts - 1))
    drafts.value = [...room, { id, name: name.slice(0, LONGEST_NAME), sql }]
    chosen.value = id
  }
  function close(id: number): void {
    const at = drafts.value.findIndex((draft) => draft.id === id)
    if (at < 0) return
    const rest = drafts.value.filter((draft) => draft.id !== id)
    drafts.value = rest.length > 0 ? rest : [{ id: id + 1, name: 'Query', sql: '' }]
    if (chosen.value === id) chosen.value = (drafts.value[at] ?? drafts.value[at - 1])?.id ?? id + 1
  }
  function keepQuery(query: SavedQuery): void {
    saved.value = [...saved.value.filter(({ name }) => name !== query.name), query].slice(-limits.sqlSaved)
  }
  function save(name: string): void {
    const { id, sql } = current.value
    keepQuery({ name, sql })
    drafts.value = drafts.value.map((draft) => (draft.id === id ? { ...draft, name } : draft))
  }
  function forget(name: string): void {
    saved.value = saved.value.filter((one) => one.name !== name)
  }
  /** The same statement again takes the place of its last time. */
  function remember(run: PastRun): void {
    const others = past.value.filter(({ sql, file }) => sql !== run.sql || file !== run.file)
    past.value = [run, ...others].slice(0, limits.sqlHistory)
  }
  const clearPast = (): void => void (past.value = [])
  const choose = (id: number): void => void (chosen.value = id)

  return {
    first,
    drafts,
    current,
    saved,
    past,
    write,
    show,
    add,
    close,
    choose,
    save,
    keepQuery,
    forget,
    remember,
    clearPast,
  }
}

/** What was kept, with whatever is damaged left out. */
function parseKept(value: unknown) {
  const from = asRecord(value)
  const list = (part: unknown): Readonly<Record<string, unknown>>[] =>
    Array.isArray(part) ? part.map(asRecord).filter(({ sql }) => typeof sql === 'string') : []
  const text = (part: unknown): string => (typeof part === 'string' ? part : '')
  const number = (part: unknown): number => (typeof part === 'number' && Number.isFinite(part) ? part : 0)
  return {
    chosen: number(from.chosen),
    drafts: list(from.drafts)
      .slice(0, limits.sqlDrafts)
      .map(({ id, name, sql }): Draft => ({ id: number(id), name: text(name) || 'Query', sql: text(sql) })),
    saved: list(from.saved)
      .slice(0, limits.sqlSaved)
      .map(({ name, sql }): SavedQuery => ({ name: text(name) || 'Query', sql: text(sql) })),
    past: list(from.past)
      .slice(0, limits.sqlHistory)
      .map(({ sql, file, at, outcome, rows, cut, ms, message }): PastRun => ({
        sql: text(sql),
        file: text(file),
        at: number(at),
        outcome: outcome === 'failed' || outcome === 'stopped' ? outcome : 'done',
        rows: number(rows),
        cut: cut === true,
        ms: number(ms),
        message: text(message),
      })),
  }
}

/** The tables of the open file; asked once per file. */
function useSchema(client: Client) {
  const trace = useTraceStore()
  const byFile = shallowReactive(new Map<string, readonly SchemaTable[]>())
  const schema = computed(() => byFile.get(trace.file ?? '') ?? [])

  async function loadSchema(): Promise<void> {
    const { file } = trace
    if (file === undefined || byFile.has(file)) return
    try {
      const tables = tablesOf(await client.call('query.run', { file, sql: SCHEMA_SQL }))
      byFile.set(file, tables)
      byFile.set(file, withCounts(tables, await client.call('query.run', { file, sql: countsSql(tables) })))
    } catch {
      // without it there is no completion; what is wrong with the file, its first statement says
    }
  }
  return { schema, loadSchema }
}
