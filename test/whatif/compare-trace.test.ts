/** What-if over the contract: replays beside their recording, verdicts from a search, recordings beside each other. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type Engine } from '#electron/engine/engine.ts'
import { connect } from '#electron/store/database.ts'
import type { Client, Progress } from '#shared/contract/methods.ts'
import { tempFolder } from '../support/store.ts'

const LONG = 240_000
let engine: Engine
let client: Client
beforeAll(async () => {
  engine = await createEngine({ host: 'cli' })
  client = engine.connect()
})
afterAll(async () => {
  client.close()
  await engine.close()
})

/** A short simulated run as the recording. */
async function recording(folder: string, strategy: string) {
  const out = join(folder, `${strategy}.faultline`)
  await client.call('sim.run', { scenario: 'SC1', strategy, set: { threads: 4, durationMs: 2 }, out })
  const { opened } = await client.call('files.open', { source: { kind: 'path', path: out } })
  return { file: opened.file, trace: opened.traces[0].id }
}

describe('a recorded trace under other strategies', () => {
  it(
    'is stored with its replays as its children, each with a verdict that was searched for',
    async () => {
      const folder = tempFolder()
      const { file, trace } = await recording(folder, 'K')
      const out = join(folder, 'replays.faultline')
      const seen: Progress[] = []
      const result = await client.call(
        'whatif.compare',
        { file, trace, strategies: ['K', 'F'], seeds: 2, explore: 200, out },
        { onProgress: (progress) => void seen.push(progress) },
      )
      const db = connect(out, { readonly: true, mustExist: true })
      const rows = db.prepare('SELECT id, strategy, parent_trace_id AS parent FROM trace ORDER BY id').all()
      db.close()
      expect(rows).toEqual([
        { id: 1, strategy: 'K', parent: null },
        { id: 2, strategy: 'K', parent: 1 },
        { id: 3, strategy: 'F', parent: 1 },
      ])
      expect(result.strategies.map((one) => one.trace)).toEqual([2, 3])
      const [k, f] = result.strategies
      for (const { verdict } of [k, f]) {
        expect(verdict.executions).toBeGreaterThan(0)
        expect(verdict.searched[0].subject).toMatch(/^SC5/)
        if (verdict.complete) expect(verdict.searched.every((one) => one.complete && one.crash.complete)).toBe(true)
        expect(verdict.safe === true).toBe(verdict.complete && verdict.violations.length === 0)
      }
      expect(f.versusBaseline.map(({ metric }) => metric)).toContain('lockWaitPerAcquisitionNs')
      expect(k.versusBaseline).toEqual([])
      expect(seen.some(({ partial }) => partial?.strategies.some(({ id }) => id === 'K'))).toBe(true)
      const check = await client.call('files.check', { source: { kind: 'path', path: out } })
      expect(check.findings).toEqual([])
    },
    LONG,
  )
})

describe('recordings as they are', () => {
  it(
    'are told apart where they differ, and say what one recording cannot know',
    async () => {
      const folder = tempFolder()
      const traces = [await recording(folder, 'E'), await recording(folder, 'F')]
      const { strategies, assumptions, seeds } = await client.call('whatif.traces', { traces })
      const [, f] = strategies
      const speed = f.versusBaseline.find(({ metric }) => metric === 'opsPerSecond')
      expect(speed?.ratio).toBeLessThan(0.7)
      expect(speed?.enough).toBe(true)
      expect(seeds).toEqual([])
      expect(assumptions[0]).toContain('one recording of each')
      const same = await client.call('whatif.traces', { traces: [traces[0], traces[0]] }).catch((error: Error) => error)
      expect(same).toMatchObject({ message: expect.stringContaining('twice') as string })
    },
    LONG,
  )
})

describe('experiments', () => {
  it(
    'on a scenario: the saturated lock has the steepest slope, and its knee lies before the last CPU',
    async () => {
      const subject = { kind: 'scenario', scenario: 'SC1', set: { durationMs: 2 } } as const
      const sensitivity = await client.call('whatif.sensitivity', { subject, strategy: 'F', seeds: 3, top: 3 })
      expect(sensitivity.rows[0].class).toBe('&mapping->i_mmap_mutex')
      expect(sensitivity.rows[0].slope).toBeLessThan(-0.5)
      expect(sensitivity.rows[0].curve[0].change).toBe(-1)
      const scaling = await client.call('whatif.scaling', { subject, strategies: ['F'], cpus: [1, 2, 4, 8], seeds: 3 })
      const [f] = scaling.strategies
      expect(f.knee).toBeGreaterThan(1)
      expect(f.knee).toBeLessThan(3)
      expect(f.points.map(({ tasks }) => tasks)).toEqual([1, 2, 4, 8])
    },
    LONG,
  )

  it(
    'on a recorded trace take the arrivals that were asked for, as its replay does',
    async () => {
      const place = await recording(tempFolder(), 'K')
      const asked = (arrival: Readonly<Record<string, 'open'>>) =>
        client.call('whatif.scaling', {
          subject: { kind: 'trace', ...place, arrival },
          strategies: ['K'],
          cpus: [1, 2, 4],
          seeds: 1,
        })
      await expect(asked({ nobody: 'open' })).rejects.toThrow(/no task 'nobody' with operations/)
      expect((await asked({ 'faulter-0': 'open' })).strategies).toHaveLength(1)
    },
    LONG,
  )

  it('refuse unknown names before anything runs', async () => {
    const subject = { kind: 'scenario', scenario: 'SC1' } as const
    const wrong = await client.call('whatif.sensitivity', { subject, strategy: 'Q9' }).catch((error: Error) => error)
    expect(wrong).toBeInstanceOf(Error)
  })
})
