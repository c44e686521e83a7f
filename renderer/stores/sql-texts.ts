/**
 * The texts of the SQL page: queries that are being written, saved ones, and what ran before. Kept across restarts as far
 * as they fit; what comes back is checked part by part, and what is damaged is left out.
 */

import { computed, ref, watch, type Ref } from 'vue'
import { limits } from '#shared/base/limits.ts'
import { EXAMPLE_QUERIES } from '../panels/sql/examples.ts'
import { asRecord, useKeptStore } from './kept.ts'

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
const LONGEST_NAME = 40
const FIRST = EXAMPLE_QUERIES[0]

/** Drafts, saved queries and what ran before: everything that is text, kept across restarts. */
export function useSqlTexts() {
  const first = FIRST?.sql ?? ''
  const drafts = ref<readonly Draft[]>([{ id: 1, name: FIRST?.title ?? 'Query', sql: first }])
  const chosen = ref(1)
  const saved = ref<readonly SavedQuery[]>([])
  const past = ref<readonly PastRun[]>([])
  const current = computed<Draft>(
    () => drafts.value.find(({ id }) => id === chosen.value) ?? drafts.value[0] ?? { id: 0, name: '', sql: '' },
  )
  keepTexts({ drafts, chosen, saved, past })

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

interface Texts {
  readonly drafts: Ref<readonly Draft[]>
  readonly chosen: Ref<number>
  readonly saved: Ref<readonly SavedQuery[]>
  readonly past: Ref<readonly PastRun[]>
}

/** Read them once, then keep every change. */
function keepTexts({ drafts, chosen, saved, past }: Texts): void {
  const kept = useKeptStore()
  let reading = true
  void kept.load().then(({ sql }) => {
    const from = parseKept(sql)
    if (from.drafts.length > 0) drafts.value = from.drafts
    if (drafts.value.some(({ id }) => id === from.chosen)) chosen.value = from.chosen
    saved.value = from.saved
    past.value = [...past.value, ...from.past]
    reading = false
  })
  /** As much as the engine keeps: what ran before goes first. */
  function asKept(): unknown {
    const most = { drafts: drafts.value, chosen: chosen.value, saved: saved.value, past: past.value }
    const fits = (value: unknown): boolean => JSON.stringify(value).length < limits.keptBytes
    return (
      [most, { ...most, past: past.value.slice(0, 10) }, { ...most, past: [] }].find(fits) ?? { saved: saved.value }
    )
  }
  watch([drafts, chosen, saved, past], () => reading || kept.keep('sql', asKept), { flush: 'sync' })
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
