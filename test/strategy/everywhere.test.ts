/**
 * A mistake of a strategy's hook is a finding about the strategy with its line whatever is asked for, the answer is whole, and nothing
 * hangs: one that does not come back where no loop of its file goes round (a regular expression), and one that would break the
 * kernel's own objects. Each question has a strategy of its own, so each meets the hook for the first time.
 */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { useEngine } from '../support/use-engine.ts'

const MISTAKES: Readonly<Record<string, { readonly code: string; readonly said: RegExp }>> = {
  'a regular expression without end': {
    code: "/^(a+)+$/.test('a'.repeat(60) + 'b')",
    said: /^mine\.ts:6: guard\.enter has not come back for 5 s and was stopped$/,
  },
  'a size that is no number': {
    code: 'f.inode.size = NaN',
    said: /^mine\.ts:6: guard\.enter sets size of the kernel's Inode, which hooks may only look at$/,
  },
}

const source = (n: number, code: string) => `// Number ${n}.
import { defineStrategy } from 'faultline/strategy'
export default defineStrategy({
  title: 'a try', base: 'K',
  slots: { guard: { id: 'a-try', title: 'a try', *enter(w, f) {
    ${code}
  } } },
})`

const { client, folder } = useEngine()

let made = 0

/** A strategy that nobody has run yet. */
async function mistaken(code: string): Promise<string> {
  const place = join(folder, String(++made))
  const path = join(mkdtempSync(`${place}-`), 'mine.ts')
  writeFileSync(path, source(made, code))
  return (await client.call('strategy.load', { source: { kind: 'path', path }, agreed: true })).id
}

const placeOf = (strategy: string, name: string) => join(folder, `${strategy.replace('#', '-')}-${name}`)

/** A small recorded trace. */
async function trace(about: string): Promise<string> {
  const out = placeOf(about, 'trace.faultline')
  await client.call('sim.run', { scenario: 'SC2', strategy: 'K', set: SHORT, out, force: true })
  return (await client.call('files.open', { source: { kind: 'path', path: out } })).opened.file
}

const SHORT = { durationMs: 1 }
const messages = (found: readonly { readonly invariant: string; readonly message: string }[]) =>
  found.filter(({ invariant }) => invariant === 'S1').map(({ message }) => message)

const QUESTIONS: Readonly<Record<string, (strategy: string) => Promise<readonly string[]>>> = {
  async race(strategy) {
    const ran = await client.call('race.run', { race: 'R03', strategy, slots: {} })
    expect(ran.outcome).toBe('violated')
    // It can be replayed like any other violation.
    const again = await client.call('schedule.replay', { schedule: ran.schedule ?? '' })
    expect(messages(again.findings)).toEqual([ran.why])
    return [ran.why ?? '']
  },
  async verdicts(strategy) {
    const { rows } = await client.call('verdicts.run', { races: ['R05'], strategies: ['K', strategy] })
    expect(rows.map(({ outcome }) => outcome)).toEqual(['held', 'violated'])
    return [rows[1].why ?? '']
  },
  async explore(strategy) {
    const { violations } = await client.call('explore.run', { scenario: 'SC5', strategy, workers: 2, budget: 200 })
    return messages(violations)
  },
  async 'power cuts'(strategy) {
    await client.call('crash.run', { subject: 'SC13', strategy, budget: 5_000 })
    return messages((await client.call('sim.run', { scenario: 'SC2', strategy, set: SHORT })).violations)
  },
  async replay(strategy) {
    const { schedule } = await client.call('race.run', { race: 'R03', strategy: 'F', slots: {} })
    const { findings } = await client.call('schedule.replay', { schedule: schedule ?? '', strategy })
    return messages(findings)
  },
  async simulate(strategy) {
    return messages((await client.call('sim.run', { scenario: 'SC2', strategy, set: SHORT })).violations)
  },
  async 'simulate into a file'(strategy) {
    const out = placeOf(strategy, 'run.faultline')
    return messages((await client.call('sim.run', { scenario: 'SC2', strategy, set: SHORT, out })).violations)
  },
  async compare(strategy) {
    const { strategies } = await client.call('sim.compare', {
      ...{ scenario: 'SC2', strategies: ['K', strategy], seeds: 2, set: SHORT, explore: 200 },
      sweep: { param: 'faulters', values: [2, 3], seeds: 1 },
    })
    expect(strategies[0].verdict.violations).toEqual([])
    expect(strategies[1].verdict.safe).toBe(false)
    return messages(strategies[1].verdict.violations)
  },
  async 'compare a trace'(strategy) {
    const file = await trace(strategy)
    const { strategies } = await client.call('whatif.compare', {
      file,
      trace: 1,
      strategies: ['K', strategy],
      seeds: 2,
      explore: 200,
    })
    return messages(strategies[1].verdict.violations)
  },
  async sensitivity(strategy) {
    const subject = { kind: 'scenario', scenario: 'SC2', slots: {}, set: SHORT } as const
    return (await client.call('whatif.sensitivity', { subject, strategy, seeds: 2, top: 2 })).mistakes
  },
  async scaling(strategy) {
    const subject = { kind: 'scenario', scenario: 'SC2', slots: {}, set: SHORT } as const
    return (await client.call('whatif.scaling', { subject, strategies: [strategy], seeds: 1, cpus: [1, 2, 4] }))
      .mistakes
  },
  async sweep(strategy) {
    const subject = { kind: 'scenario' as const, scenario: 'SC2', set: { durationMs: [1] } }
    const jobs = [...(await client.call('sweep.plan', { subject, strategies: ['K', strategy], seeds: 1 }))]
    const from = placeOf(strategy, 'sweep')
    const run = await client.call('sweep.run', { jobs, out: from })
    expect(run).toMatchObject({ done: 2, failed: [] })
    const { rows } = await client.call('sweep.merge', { jobs, from, out: placeOf(strategy, 'sweep.faultline') })
    expect(rows.map(({ mistakes }) => mistakes)).toEqual([[], run.mistakes])
    return run.mistakes
  },
}

describe.each(Object.entries(MISTAKES))('%s', (_what, { code, said }) => {
  it.concurrent.each(Object.keys(QUESTIONS))(
    '%s: is a finding with its line',
    async (question) => {
      const found = await QUESTIONS[question](await mistaken(code))
      expect(new Set(found).size, found.join('\n')).toBe(1)
      expect(found[0]).toMatch(said)
    },
    limits.strategyHookMs * 60,
  )
})
