/**
 * SQL of the window: the queries that are being written (one tab each), what ran before, what was saved under a name, and
 * the run that is under way. A run can be stopped: the engine kills the process it is in. The last answer stays until
 * there is a new one. Texts are kept across restarts; answers are not, they are asked for again.
 */

import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef, watch } from 'vue'
import { limits } from '#shared/base/limits.ts'
import { statementAt } from '#shared/base/sql-tokens.ts'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { Client, QueryResult } from '#shared/contract/methods.ts'
import { useClient } from '../api/client.ts'
import { fetchPart } from '../ui/fetch-part.ts'
import type { SchemaTable } from '../panels/sql/schema.ts'
import { useHistoryStore } from './history.ts'
import { useSqlTexts } from './sql-texts.ts'
import { useTraceStore } from './trace.ts'

/** What a draft shows: the last answer or failure, and whether something is under way. */
export interface Shown {
  readonly running: { readonly sql: string; readonly startedAt: number } | undefined
  readonly result: QueryResult | undefined
  /** The statement the result answers. */
  readonly sql: string
  readonly error: WireError | undefined
  /** The statement that failed, and where it stands in the draft. */
  readonly errorSql: string
  readonly errorFrom: number
}
interface Caret {
  readonly from: number
  readonly to: number
}
const START: Caret = { from: 0, to: 0 }
const NOTHING: Shown = { running: undefined, result: undefined, sql: '', error: undefined, errorSql: '', errorFrom: 0 }

export type { Draft, PastRun, SavedQuery } from './sql-texts.ts'

export const useSqlStore = defineStore('sql', () => {
  const client = useClient()
  const trace = useTraceStore()
  const texts = useSqlTexts()
  const { schema, schemaState, loadSchema } = useSchema(client)
  const shown = shallowReactive(new Map<string, Shown>())
  const aborts = new Map<string, AbortController>()
  const key = computed(() => `${trace.file ?? ''}|${texts.current.value.id}`)
  const now = computed(() => shown.get(key.value) ?? NOTHING)
  const caret = useCaret(texts)

  async function run(): Promise<void> {
    const { file, opened } = trace
    const draft = texts.current.value.sql
    const what = chosen(draft, caret.value)
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
      if (!mine()) return
      const failed = { error: inDraft(error, draft, what.from), errorSql: what.text, errorFrom: what.from }
      shown.set(at, { ...before, ...failed, running: undefined })
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
    write: (sql) => void (sql !== undefined && texts.show(sql, 'from a link')),
    parse: (value) => (typeof value === 'string' && value.length <= limits.sqlBytes ? value : undefined),
  })

  return {
    ...texts,
    schema,
    schemaState,
    loadSchema,
    caret,
    now,
    run,
    stop,
    running: computed(() => now.value.running !== undefined),
  }
})

/**
 * What is selected in the editor and where the caret is, to run a part of the draft. What is selected in one draft says
 * nothing of another's text.
 */
function useCaret({ current }: ReturnType<typeof useSqlTexts>) {
  const caret = shallowRef<Caret>(START)
  watch(
    () => current.value.id,
    () => (caret.value = START),
    { flush: 'sync' },
  )
  return caret
}

/** The selection, or the statement the caret is in. */
function chosen(sql: string, { from, to }: Caret): { readonly text: string; readonly from: number } | undefined {
  if (to > from && sql.slice(from, to).trim() !== '') return { text: sql.slice(from, to), from }
  return statementAt(sql, from)
}

/** The engine counts lines from the statement's first, the editor beside it from the draft's. */
function inDraft(error: WireError, draft: string, from: number): WireError {
  const { at, message } = error
  if (at === undefined) return error
  const before = draft.slice(0, from + at.offset)
  const [line, column] = [before.split('\n').length, before.length - before.lastIndexOf('\n')]
  const said = (l: number, c: number): string => `line ${l}, column ${c}`
  return { ...error, message: message.replace(said(at.line, at.column), said(line, column)) }
}

/** The tables of the open file; asked once per file, and again where that failed. */
function useSchema(client: Client) {
  const trace = useTraceStore()
  const byFile = shallowReactive(new Map<string, readonly SchemaTable[]>())
  const failed = shallowReactive(new Set<string>())
  const here = computed(() => trace.file ?? '')
  const schema = computed(() => byFile.get(here.value) ?? [])
  const schemaState = computed(() => (byFile.has(here.value) ? 'ready' : failed.has(here.value) ? 'failed' : 'loading'))

  async function loadSchema(): Promise<void> {
    const { file } = trace
    if (file === undefined || byFile.has(file)) return
    failed.delete(file)
    try {
      // With the words about every column: no part of the first view, as this store is.
      const { SCHEMA_SQL, countsSql, tablesOf, withCounts } = await fetchPart(() => import('../panels/sql/schema.ts'))
      const tables = tablesOf(await client.call('query.run', { file, sql: SCHEMA_SQL }))
      byFile.set(file, tables)
      byFile.set(file, withCounts(tables, await client.call('query.run', { file, sql: countsSql(tables) })))
    } catch {
      // What is wrong with the file, its first statement says.
      failed.add(file)
    }
  }
  return { schema, schemaState, loadSchema }
}
