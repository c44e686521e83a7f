/** A hook that does not come back where no loop of its file goes round, in a regular expression: said of the strategy, never a hang. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { createEngine } from '#electron/engine/engine.ts'

const SOURCE = `import { defineStrategy } from 'faultline/strategy'
export default defineStrategy({
  title: 'a try', base: 'K',
  slots: { guard: { id: 'a-try', title: 'a try',
    *enter(w, f) { /^(a+)+$/.test('a'.repeat(60) + 'b') },
  } },
})`

it(
  'a regular expression without end is a finding about the strategy, and the engine goes on',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'faultline-stuck-'))
    const engine = await createEngine({ host: 'desktop', dataDir: join(folder, 'home') })
    try {
      const client = engine.connect()
      const path = join(folder, 'stuck.ts')
      writeFileSync(path, SOURCE)
      const { id } = await client.call('strategy.load', { source: { kind: 'path', path }, agreed: true })
      const said = /^stuck\.ts: guard\.enter has not come back for 10 s and was stopped$/
      const [race, explored, simulated, matrix] = await Promise.allSettled([
        client.call('race.run', { race: 'R03', strategy: id, slots: {} }),
        client.call('explore.run', { scenario: 'SC5', strategy: id, workers: 1 }),
        client.call('sim.run', { scenario: 'SC2', strategy: id, set: { durationMs: 1 } }),
        client.call('verdicts.run', { races: ['R05'], strategies: ['K', id] }),
      ])
      expect(race).toMatchObject({
        value: { outcome: 'violated', invariants: ['S1'], why: expect.stringMatching(said) as string },
      })
      for (const one of [explored, simulated]) {
        expect(one).toMatchObject({ reason: { code: 'bad-input', message: expect.stringMatching(said) as string } })
      }
      const cells = matrix.status === 'fulfilled' ? matrix.value.rows : []
      expect(cells.map(({ outcome, invariants }) => [outcome, invariants])).toEqual([
        ['held', []],
        ['violated', ['S1']],
      ])
      const after = await client.call('race.run', { race: 'R05', strategy: 'E', slots: {} })
      expect(after.outcome).toBe('violated')
    } finally {
      await engine.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
  limits.strategyHookMs * 12,
)
