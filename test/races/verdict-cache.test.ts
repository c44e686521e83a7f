/** Cells of the matrix across restarts: there again at once, never from other code, and never of a file that may change. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createEngine } from '#electron/engine/engine.ts'
import { codeDigest, createVerdictCache } from '#electron/engine/verdict-cache.ts'
import type { VerdictRow } from '#shared/contract/races.ts'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'faultline-verdicts-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}
const row = (race: string, strategy: string, part: Partial<VerdictRow> = {}): VerdictRow => ({
  race,
  strategy,
  outcome: 'held',
  expected: 'held',
  invariants: [],
  why: null,
  schedule: null,
  decidedBy: race,
  executions: 12,
  complete: true,
  within: null,
  ...part,
})

describe('the cache of verdicts', () => {
  it('has what the same code has computed, and nothing that other code has', async () => {
    const home = folder()
    const before = createVerdictCache(home, () => Promise.resolve('one'))
    before.keep([row('R03', 'K'), row('R05', 'E', { outcome: 'violated' })])
    await before.close()
    expect(await createVerdictCache(home, () => Promise.resolve('one')).read()).toHaveLength(2)
    const other = createVerdictCache(home, () => Promise.resolve('two'))
    expect(await other.read()).toEqual([])
    other.keep([row('R03', 'K', { executions: 13 })])
    await other.close()
    expect(await other.read()).toEqual([row('R03', 'K', { executions: 13 })])
    expect(await createVerdictCache(home, () => Promise.resolve('one')).read()).toEqual([])
  })

  it('keeps nothing of strategies of the user’s own', async () => {
    const cache = createVerdictCache(folder(), () => Promise.resolve('one'))
    cache.keep([row('R03', 'mine.ts#0a1b2c3d'), row('R03', 'K')])
    await cache.close()
    expect((await cache.read()).map(({ strategy }) => strategy)).toEqual(['K'])
  })

  it.each(['', 'no json', '{"code":"one","cells":[{"race":1}]}'])(
    'a file that is none of ours is empty: %j',
    async (text) => {
      const home = folder()
      writeFileSync(join(home, 'verdicts.json'), text)
      expect(await createVerdictCache(home, () => Promise.resolve('one')).read()).toEqual([])
    },
  )

  it('is of this very code', async () => {
    expect(await codeDigest()).toMatch(/^[0-9a-f]{64}$/)
    expect(await codeDigest()).toBe(await codeDigest())
  })

  it('gives an engine that starts again its cells, and computes anew what it is asked to', async () => {
    const home = folder()
    const ask = async (fresh: boolean) => {
      const engine = await createEngine({ host: 'desktop', dataDir: home })
      const { rows } = await engine.connect().call('verdicts.run', { races: ['R05'], strategies: ['E', 'K'], fresh })
      await engine.close()
      return rows
    }
    const first = await ask(false)
    const path = join(home, 'verdicts.json')
    const kept = JSON.parse(readFileSync(path, 'utf8')) as { code: string; cells: VerdictRow[] }
    expect(kept.cells).toEqual(first)
    // Marked, so that where an answer is from can be told.
    const marked = kept.cells.map((cell) => ({ ...cell, executions: 987_654 }))
    writeFileSync(path, JSON.stringify({ ...kept, cells: marked }))
    expect(await ask(false)).toEqual(marked)
    writeFileSync(path, JSON.stringify({ code: 'of yesterday', cells: marked }))
    expect(await ask(false)).toEqual(first)
    writeFileSync(path, JSON.stringify({ ...kept, cells: marked }))
    expect(await ask(true)).toEqual(first)
  })
})
