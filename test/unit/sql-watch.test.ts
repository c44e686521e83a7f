/**
 * A SQL process whose starter is gone ends by itself, also when that one died before the process was looking. So does one whose
 * statement takes more memory than it may.
 */

import { fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createSqlRunner } from '#electron/engine/sql.ts'
import { entryUrl, forkSql } from '#electron/engine/spawn.ts'
import { limits } from '#shared/base/limits.ts'
import { story } from '../support/trace-art.ts'
import { tempFolder, writeFile } from '../support/store.ts'

/** Far above any /proc/sys/kernel/pid_max in use. */
const NOBODY = 2 ** 30

it('ends when the process that started it is not the one that has it', async () => {
  const child = fork(fileURLToPath(entryUrl('sql-process')), [String(NOBODY)], { stdio: 'ignore' })
  const ended = await new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`))
  })
  expect(ended).toBe('SIGKILL')
})

it('stays while its starter is there', async () => {
  const child = fork(fileURLToPath(entryUrl('sql-process')), [String(process.pid)], { stdio: 'ignore' })
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`))
  })
  const waited = new Promise<string>((resolve) => setTimeout(() => resolve('still there'), 2500))
  expect(await Promise.race([ended, waited])).toBe('still there')
  child.kill('SIGKILL')
  await ended
})

it('a statement that would take all memory ends alone, and the next one is answered', async () => {
  const path = writeFile(join(tempFolder(), 'some.faultline'), story)
  const runner = createSqlRunner(forkSql)
  // Texts of half a gigabyte each, which SQLite holds all at once: what comes back would be ten numbers.
  const texts = Array.from({ length: 10 }, (_, i) => `length(group_concat(zeroblob(5000000 + ${i})))`)
  const sql = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100) SELECT ${texts.join()} FROM n`
  const { signal } = new AbortController()
  try {
    expect(texts.length * 500e6).toBeGreaterThan(2 * limits.sqlMemoryBytes)
    await expect(runner.run({ path, sql, maxRows: 1 }, signal)).rejects.toMatchObject({
      code: 'limit',
      message: expect.stringMatching(/SIGKILL.*lack of memory/) as string,
    })
    expect((await runner.run({ path, sql: 'SELECT 1', maxRows: 1 }, signal)).rows).toEqual([[1]])
  } finally {
    runner.close()
  }
})
