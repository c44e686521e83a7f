/** The SQL that teaches: every example runs on every sample and says something; the words match the real schema. */
import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXAMPLE_QUERIES } from '#renderer/panels/sql/examples.ts'
import { FUNCTION_WORDS } from '#renderer/panels/sql/functions.ts'
import { SCHEMA_SQL } from '#renderer/panels/sql/schema.ts'
import { SCHEMA_WORDS } from '#shared/contract/schema-words.ts'
import { PROJECT } from '../support/engine.ts'
import { useEngine } from '../support/use-engine.ts'

const samples = (JSON.parse(readFileSync(join(PROJECT, 'samples/samples.json'), 'utf8')) as { id: string }[]).map(
  ({ id }) => id,
)
const { client } = useEngine()
const open = async (sample: string) =>
  (await client.call('files.open', { source: { kind: 'sample', sample } })).opened.file

describe.each(samples)('on %s', (sample) => {
  it.each(EXAMPLE_QUERIES.map(({ id, sql }) => [id, sql] as const))('the example %s runs and ends', async (_, sql) => {
    const { rows, columns } = await client.call('query.run', { file: await open(sample), sql })
    expect(columns.length).toBeGreaterThan(0)
    expect(new Set(columns).size).toBe(columns.length)
    expect(rows.length).toBeLessThan(100_000)
  })
})

describe('on the first sample', () => {
  it.each(EXAMPLE_QUERIES.map(({ id, sql }) => [id, sql] as const))('the example %s has rows', async (_, sql) => {
    const { rows } = await client.call('query.run', { file: await open(samples[0] ?? ''), sql })
    expect(rows.length).toBeGreaterThan(0)
  })
})

describe('the words about functions', () => {
  it('are about functions SQLite has here', async () => {
    const sql = 'SELECT DISTINCT name FROM pragma_function_list'
    const { rows } = await client.call('query.run', { file: await open(samples[0] ?? ''), sql })
    const there = new Set([...rows.map(([name]) => name), 'event_in'])
    expect(Object.keys(FUNCTION_WORDS).filter((name) => !there.has(name))).toEqual([])
  })
})

describe('the words about tables', () => {
  it('name every column of every table they know, and none that is not there', async () => {
    const { rows } = await client.call('query.run', { file: await open(samples[0] ?? ''), sql: SCHEMA_SQL })
    const real = new Map<string, string[]>()
    for (const [table, column] of rows) real.set(String(table), [...(real.get(String(table)) ?? []), String(column)])
    for (const [table, { columns }] of Object.entries(SCHEMA_WORDS))
      expect({ table, columns: Object.keys(columns).sort() }).toEqual({ table, columns: real.get(table)?.sort() })
  })

  it('know every table the contract names', () => {
    const named = 'trace task lock_class lock op phase lock_span wait_edge event diagnostic annotation'.split(' ')
    expect(named.filter((table) => !(table in SCHEMA_WORDS))).toEqual([])
  })
})
