/** The whole answer of a statement as a file of rows: however long it is, exact, and gone when it is cancelled. */
import { readdirSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import { useEngine } from '../support/use-engine.ts'

const { client, dataDir } = useEngine('desktop')
let file: string
beforeAll(async () => {
  const { opened } = await client.call('files.open', { source: { kind: 'sample', sample: 'dax-ext4-no-lockdep' } })
  file = opened.file
})

const numbers = (count: number): string =>
  `WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i, i * i AS i, 'a,"b' || char(10) AS t FROM n`
async function text(
  sql: string,
  format: 'csv' | 'ndjson',
): Promise<{ readonly rows: number | null; readonly text: string }> {
  const result = await client.call('query.export', { file, sql, format })
  return { rows: result.rows, text: Buffer.concat(await exportedBytes(client, result)).toString() }
}

describe('query.export', () => {
  it('writes more rows than are ever shown, each exactly once', async () => {
    const count = 3 * limits.sqlRows + 7
    const { rows, text: lines } = await text(numbers(count), 'ndjson')
    expect(rows).toBe(count)
    const all = lines.trimEnd().split('\n')
    expect(all).toHaveLength(count)
    expect(JSON.parse(all[0])).toEqual({ i: 1, i_2: 1, t: 'a,"b\n' })
    expect(JSON.parse(all[count - 1])).toEqual({ i: count, i_2: count * count, t: 'a,"b\n' })
  })

  it('quotes CSV, keeps whole numbers beyond 2^53 exact and binary as hexadecimal', async () => {
    const { text: csv } = await text(
      `SELECT 'a,"b' AS x, 9223372036854775807 AS big, x'00ff' AS raw, NULL AS none`,
      'csv',
    )
    expect(csv).toBe('x,big,raw,none\r\n"a,""b",9223372036854775807,00ff,\r\n')
  })

  it('says how far it is, can be cancelled, and leaves nothing', async () => {
    const abort = new AbortController()
    let most = 0
    const forever = 'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n'
    const onProgress = ({ done }: { readonly done: number }): void => {
      most = done
      abort.abort()
    }
    const call = client.call(
      'query.export',
      { file, sql: forever, format: 'csv' },
      { signal: abort.signal, onProgress },
    )
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    expect(most).toBeGreaterThan(0)
    const left = readdirSync(dataDir, { recursive: true }).filter((name) => String(name).endsWith('.export'))
    expect(left).toEqual([])
  })

  it('runs only what may run, and says where a mistake is', async () => {
    await expect(text('DELETE FROM trace', 'csv')).rejects.toMatchObject({ code: 'bad-request' })
    await expect(text('SELECT 1\nFROM nowhere', 'csv')).rejects.toThrow(/no such table: nowhere \(line 2, column 6\)/)
  })
})
