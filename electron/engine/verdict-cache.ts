/**
 * Cells of the race matrix across restarts, in <data>/verdicts.json. They belong to the code that computed them: the file names a
 * digest over all of it and over the budget of the search, and one made by any other code counts as empty, so nothing stale is
 * ever shown. Strategies of the user's own are left out: their files may change under their names.
 */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { limits } from '#shared/base/limits.ts'
import type { VerdictRow } from '#shared/contract/races.ts'
import { writeWhole } from './data-dir.ts'
import { entryUrl } from './spawn.ts'

/** Cells come a few at a time while the matrix fills. */
const WRITE_AFTER_MS = 2_000

const rowSchema = z.object({
  race: z.string(),
  strategy: z.string(),
  outcome: z.enum(['violated', 'held', 'hazard', 'not-applicable']),
  expected: z.enum(['violated', 'held', 'hazard', 'not-applicable']).nullable(),
  invariants: z.array(z.string()),
  why: z.string().nullable(),
  schedule: z.string().nullable(),
  decidedBy: z.string(),
  executions: z.number(),
  complete: z.boolean(),
  within: z.int().nullable(),
})
const fileSchema = z.object({ code: z.string(), cells: z.array(rowSchema).max(limits.raceCells) })

export interface VerdictCache {
  /** What this very code has computed before. */
  read(): Promise<readonly VerdictRow[]>
  keep(rows: readonly VerdictRow[]): void
  /** Writes what has not been written yet. */
  close(): Promise<void>
}

export function createVerdictCache(folder: string, codeOf: () => Promise<string> = codeDigest): VerdictCache {
  const path = join(folder, 'verdicts.json')
  const fresh = new Map<string, VerdictRow>()
  let code: Promise<string> | undefined
  let timer: NodeJS.Timeout | undefined
  let tail: Promise<void> = Promise.resolve()

  async function read(): Promise<readonly VerdictRow[]> {
    try {
      const found = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')))
      return found.code === (await (code ??= codeOf())) ? found.cells : []
    } catch {
      return [] // not there, or not ours: it is only a cache
    }
  }
  async function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (fresh.size === 0) return
    const rows = [...fresh.values()]
    fresh.clear()
    // Another engine may have written meanwhile.
    const all = new Map([...(await read()), ...rows].map((row) => [`${row.race} ${row.strategy}`, row]))
    const cells = [...all.values()].slice(-limits.raceCells)
    await writeWhole(path, `${JSON.stringify({ code: await (code ??= codeOf()), cells })}\n`)
  }
  /** One after the other; a disk that is full costs the next start some seconds and nothing else. */
  function flush(): Promise<void> {
    return (tail = tail.then(write).catch(() => undefined))
  }
  return {
    read,
    keep(rows) {
      for (const row of rows) if (!row.strategy.includes('#')) fresh.set(`${row.race} ${row.strategy}`, row)
      timer ??= setTimeout(() => void flush(), WRITE_AFTER_MS).unref()
    },
    close: flush,
  }
}

/** Of everything a verdict can depend on: from sources the model's folders, in a build what was built of them. */
export async function codeDigest(): Promise<string> {
  const entry = fileURLToPath(entryUrl('races-run'))
  const here = join(entry, '..')
  const built = entry.endsWith('.js')
  const folder = built ? here : join(here, '../../shared')
  const names = (await readdir(folder, { recursive: true }))
    .filter((name) => name.endsWith(built ? '.js' : '.ts'))
    .sort()
  const hash = createHash('sha256').update(`${limits.raceSteps} ${process.versions.v8}`)
  for (const path of [...names.map((name) => join(folder, name)), entry]) {
    const text = await readFile(path)
    hash.update(`\n${path.slice(folder.length)} ${text.length}\n`).update(text)
  }
  return hash.digest('hex')
}
