/**
 * Strategies of the user's own through the engine: a good one is judged like a preset, and every kind of mistake is a finding
 * with its line or a refusal with its line, never a hang or a crash.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { useEngine } from '../support/use-engine.ts'

const { client, folder } = useEngine()

async function load(name: string, text: string, agreed = true) {
  const path = join(folder, name)
  writeFileSync(path, text)
  return client.call('strategy.load', { source: { kind: 'path', path }, agreed })
}

/** A guard with hooks that begin at line 5. */
function guard(hooks: string): string {
  return `import { defineStrategy } from 'faultline/strategy'
export default defineStrategy({
  title: 'a try', base: 'K',
  slots: { guard: { id: 'a-try', title: 'a try',
${hooks}
  } },
})`
}

async function findingsOf(name: string, hooks: string): Promise<readonly string[]> {
  const { id } = await load(name, guard(hooks))
  const { violations } = await client.call('sim.run', { scenario: 'SC2', strategy: id, set: { durationMs: 2 } })
  const race = await client.call('race.run', { race: 'R03', strategy: id, slots: {} })
  const said = violations.filter(({ invariant }) => invariant === 'S1').map(({ message }) => message)
  if (said.length > 0) expect([race.outcome, race.invariants[0]]).toEqual(['violated', 'S1'])
  return said
}

const sample = () => readFileSync(join(import.meta.dirname, '../../samples/strategies/entry-guard.ts'), 'utf8')

describe('a strategy of one’s own', () => {
  it('is refused until its user has agreed to run it', async () => {
    await expect(load('asks.ts', sample(), false)).rejects.toMatchObject({ code: 'permission' })
  })

  it('is judged, simulated, compared and put into the matrix like a preset', async () => {
    const { id, digest, own } = await load('good.ts', sample())
    expect(id).toBe(`good.ts#${digest.slice(0, 8)}`)
    expect(own).toEqual([{ slot: 'guard', id: 'layout-lock', title: 'layout lock' }])
    for (const race of ['R03', 'R05']) {
      const { outcome, expected, strategy } = await client.call('race.run', { race, strategy: id, slots: {} })
      expect({ outcome, expected, strategy }).toEqual({ outcome: 'held', expected: null, strategy: id })
    }
    const set = { durationMs: 2 }
    const run = await client.call('sim.run', { scenario: 'SC2', strategy: id, set })
    expect(run.violations).toEqual([])
    const compared = await client.call('sim.compare', { scenario: 'SC2', strategies: ['K', id], seeds: 2, set })
    expect(compared.strategies.map((one) => one.id)).toEqual(['K', id])
    const { rows } = await client.call('verdicts.run', { races: ['R01', 'R12'], strategies: [id, 'F'] })
    expect(rows.find((row) => row.race === 'R12' && row.strategy === 'F')?.outcome).toBe('violated')
    expect(rows.filter((row) => row.strategy === id).map(({ outcome }) => outcome)).toEqual(['held', 'held'])
  })

  it('gives the same run each time, and another one where its text differs', async () => {
    const one = await load('one.ts', sample())
    const other = await load('one.ts', sample().replace("'entry-outside'", "'none'"))
    expect(other.id).not.toBe(one.id)
    const digests = await Promise.all(
      [one, one, other].map(async ({ id }) => {
        const { digest } = await client.call('sim.run', { scenario: 'SC2', strategy: id, set: { durationMs: 2 } })
        return digest
      }),
    )
    expect(digests[0]).toBe(digests[1])
    expect(digests[2]).not.toBe(digests[0])
  })

  it('takes overrides like a preset, its own options included', async () => {
    const { id } = await load('over.ts', sample())
    const { outcome } = await client.call('race.run', { race: 'R03', strategy: `${id},guard=isize-before`, slots: {} })
    expect(outcome).toBe('violated')
    const kept = await client.call('race.run', { race: 'R03', strategy: id, slots: { guard: 'layout-lock' } })
    expect(kept.outcome).toBe('held')
  })

  it('chooses options without a line of code of its own', async () => {
    const { id } = await load(
      'plain.js',
      `import { defineStrategy } from 'faultline/strategy'
export default defineStrategy({ title: 'E, zeroed at once', base: 'E', slots: { init: 'zero-in-alloc-tx' } })`,
    )
    const { outcome } = await client.call('race.run', { race: 'R05', strategy: id, slots: {} })
    expect(outcome).toBe('held')
  })
})

describe('a mistake in a step', () => {
  it('a lock released twice', async () => {
    const said = await findingsOf(
      'twice.ts',
      `*enter(w, f) { if (w.k.lock(f.inode.mapping.invalidateLock, 'shared')) yield },
leave(w, f) {
  w.k.unlock(f.inode.mapping.invalidateLock, 'shared')
  w.k.unlock(f.inode.mapping.invalidateLock, 'shared')
}`,
    )
    expect(said[0]).toMatch(/^twice\.ts:8: .* releases .* which it does not hold$/)
  })

  it('an exception', async () => {
    const [said] = await findingsOf(
      'throws.ts',
      `*enter(w, f) {
  const nothing: any = undefined
  nothing.at.all()
}`,
    )
    expect(said).toMatch(/^throws\.ts:7: guard\.enter throws TypeError/)
  })

  it.each([
    ['a loop', '*enter(w, f) {\n  for (;;);\n}', 6],
    ['a loop in a plain hook', 'leave(w, f) {\n  let n = 0\n  while (n >= 0) n++\n}', 7],
    ['a loop that catches everything', '*enter(w, f) {\n  for (;;) { try { for (;;); } catch {} }\n}', 6],
  ])('%s without end', async (_what, hooks, line) => {
    expect((await findingsOf('loops.ts', hooks))[0]).toMatch(
      new RegExp(`^loops\\.ts:${line}: guard\\.\\w+ loops without end$`),
    )
  })

  it('recursion without end', async () => {
    const [said] = await findingsOf(
      'deep.ts',
      `*enter(w, f) {
  const again = () => again()
  again()
}`,
    )
    expect(said).toMatch(/^deep\.ts:6: guard\.enter (throws RangeError|loops)/)
  })

  it('pauses without end', async () => {
    const [said] = await findingsOf('pauses.ts', '*enter(w, f) {\n  for (;;) if (w.yieldCpu()) yield\n}')
    expect(said).toMatch(/^pauses\.ts:6: guard\.enter has paused/)
  })

  it('a pause nothing asked for', async () => {
    const { id } = await load('bare.ts', guard('*enter(w, f) { yield }'))
    const { violations } = await client.call('sim.run', { scenario: 'SC2', strategy: id, set: { durationMs: 2 } })
    expect(violations[0]).toMatchObject({
      invariant: 'S1',
      message: expect.stringMatching(/^bare\.ts:5: guard\.enter yields though/) as string,
    })
  })

  it('a step that is no generator', async () => {
    expect((await findingsOf('plain.ts', 'enter(w, f) { return 3 }'))[0]).toMatch(
      /^plain\.ts:5: guard\.enter gives no steps/,
    )
  })

  it('a step that never yields', async () => {
    const said = await findingsOf(
      'never.ts',
      `*enter(w, f) {
  w.k.lock(f.inode.mapping.invalidateLock, 'exclusive')
},
leave(w, f) { w.k.unlock(f.inode.mapping.invalidateLock, 'exclusive') }`,
    )
    expect(said[0]).toMatch(/^never\.ts:6: guard\.enter goes on though a call of the kernel said that it must wait/)
  })

  it.each([
    [
      'a wait where no hook can wait',
      'leave(w, f) {\n  w.k.sleep(1000)\n}',
      /^bad\.ts:6: guard\.leave goes on .* no hook that can wait$/,
    ],
    [
      'a change of what is none of its business',
      'leave(w, f) {\n  f.inode = undefined\n}',
      /^bad\.ts:6: guard\.leave sets inode of a fault, which hooks may only look at$/,
    ],
  ])('%s', async (_what, hooks, why) => {
    const { id } = await load('bad.ts', guard(hooks))
    const { violations } = await client.call('sim.run', { scenario: 'SC2', strategy: id, set: { durationMs: 2 } })
    expect(violations[0]).toMatchObject({ invariant: 'S1', message: expect.stringMatching(why) as string })
  })

  it.each([
    [
      'an object there is none of',
      'if (w.k.see(2_000_000_000, false)) yield',
      'calls see with what is no number of an object',
    ],
    ['no lock and no object', 'w.k.touch(16_000_000, true)', 'calls touch with what is no number of an object'],
    ['a block behind the device', 'w.blockObject(1e9)', 'calls blockObject with what is no block of the device'],
    ['to zero one', 'yield* zeroBlock(w, 1e9)', 'calls zeroBlock with what is no block of the device'],
    [
      'an index behind the file',
      'f.inode.entrySeen(f.inode.pages)',
      'calls entrySeen with what is no index of the file',
    ],
    ['its page', 'yield* lockPage(w, f.inode, 1e9)', 'calls lockPage with what is no index of the file'],
    [
      'its entry',
      'yield* lockEntry(w, f.inode, { index: 1e9, write: false, pmd: false })',
      'calls lockEntry with what is no request for an index of the file',
    ],
    [
      'an entry there',
      'f.entry = { index: 1e9, entry: 7, lock: f.inode.rwsem }',
      'sets entry of a fault to what is no locked entry',
    ],
    [
      'a name of megabytes',
      "w.stats.bump('x'.repeat(3e6))",
      'calls bump with what is no name of at most 100 characters',
    ],
    [
      'a lock without a name',
      "inodeLock('', 'mutex')",
      'calls inodeLock with what is no name of at most 100 characters',
    ],
  ])('asking for %s', async (_what, statement, why) => {
    const hooks = `*enter(w, f) {\n  ${statement}\n}`
    const text = guard(hooks).replace('defineStrategy', 'defineStrategy, inodeLock, lockEntry, lockPage, zeroBlock')
    const { id } = await load('far.ts', text)
    const { violations } = await client.call('sim.run', { scenario: 'SC2', strategy: id, set: { durationMs: 2 } })
    const race = await client.call('race.run', { race: 'R03', strategy: id, slots: {} })
    expect(violations[0]).toMatchObject({ invariant: 'S1', message: `far.ts:6: guard.enter ${why}` })
    expect([race.outcome, race.invariants[0]]).toEqual(['violated', 'S1'])
  })

  it('what it throws is told as much as fits into a sentence', async () => {
    const [said] = await findingsOf('long.ts', "*enter(w, f) { throw new Error('y'.repeat(4_000_000)) }")
    expect(said).toMatch(/^long\.ts:5: guard\.enter throws Error: y{100,300}…$/)
    await expect(load('odd.ts', "throw new Error('y'.repeat(1e6) + '\\n')")).rejects.toMatchObject({
      message: expect.stringMatching(/^odd\.ts:1: Error: y{100,300}…$/) as string,
    })
  })

  it('every mistake of a run is told', async () => {
    const said = await findingsOf(
      'both.ts',
      '*enter(w, f) { throw new Error("one") },\nleave(w, f) { throw new Error("two") }',
    )
    expect(said).toEqual(['both.ts:5: guard.enter throws Error: one', 'both.ts:6: guard.leave throws Error: two'])
  })

  it('a lock kept for ever', async () => {
    const { id } = await load(
      'keeps.ts',
      guard('*enter(w, f) { if (w.k.lock(f.inode.mapping.invalidateLock, "shared")) yield }'),
    )
    const { violations } = await client.call('sim.run', { scenario: 'SC2', strategy: id, set: { durationMs: 2 } })
    expect(violations.map(({ invariant }) => invariant)).toContain('V12')
  })
})

describe('a file that is no strategy', () => {
  it.each([
    [
      'a wrong slot',
      "import { defineStrategy } from 'faultline/strategy'\nexport default defineStrategy({ title: 'x', slots: { gard: 'inval' } })",
      /unknown slot 'gard'/,
    ],
    [
      'a wrong option',
      "import { defineStrategy } from 'faultline/strategy'\nexport default defineStrategy({ title: 'x', slots: { guard: 'invl' } })",
      /unknown guard 'invl'/,
    ],
    [
      'a wrong switch',
      "import { defineStrategy } from 'faultline/strategy'\nexport default defineStrategy({ title: 'x', switches: { vmaLok: true } })",
      /unknown switch 'vmaLok'/,
    ],
    ['a wrong hook', guard('entr() {}'), /unknown field of guard 'entr'/],
    ['no default export', 'export const x = 1', /not made with defineStrategy/],
    ['a syntax error', 'const a = 1\nconst b = (\n;', /odd\.ts:3: /],
    ['a loop at its top', '\nfor (;;);', /odd\.ts:2: loops without end/],
    ['an exception at its top', '\n\nnull.x', /odd\.ts:3: TypeError/],
    ['another import', "\nimport { readFileSync } from 'node:fs'", /odd\.ts:2: a strategy is one file/],
    ['a global of Node', 'process.exit(3)', /odd\.ts:1: ReferenceError/],
    [
      'steps that wait for something outside',
      guard('async *enter() {}'),
      /odd\.ts:5: a strategy has no time of its own/,
    ],
    ['an import at run time', guard("*enter() { import('node:fs') }"), /odd\.ts:5: a strategy is one file/],
    [
      'a value no option has',
      "import { defineStrategy } from 'faultline/strategy'\nexport default defineStrategy({ title: 'x', slots: { enospc: { id: 'x', title: 'x', retries: 1e9, keepsHandle: true } } })",
      /its option of enospc: retries is no whole number from 0 to 100/,
    ],
    [
      'a flag that is none',
      "import { defineStrategy } from 'faultline/strategy'\nexport default defineStrategy({ title: 'x', slots: { wake: { id: 'x', title: 'x', onUnlock: 'some', onDelete: 'all', passesOn: true } } })",
      /its option of wake: onUnlock is none of one, all/,
    ],
    ['random numbers', '\nMath.random()', /odd\.ts:2: Error: a strategy has no random numbers/],
  ])('%s is refused with its place', async (_what, text, why) => {
    await expect(load('odd.ts', text)).rejects.toMatchObject({ message: expect.stringMatching(why) as string })
  })

  it('a strategy nobody has loaded is not run as something else', async () => {
    for (const strategy of ['./mine.ts', 'mine.ts#01234567']) {
      await expect(client.call('race.run', { race: 'R03', strategy, slots: {} })).rejects.toMatchObject({
        message: `the strategy ${strategy} has not been loaded`,
      })
    }
  })
})

it('a default export under a name of its own is one, wherever it is made', async () => {
  const before = `import { defineStrategy } from 'faultline/strategy'\nexport { mine as default }\n`
  const { id } = await load('named.ts', `${before}const mine = defineStrategy({ title: 'named', base: 'E' })`)
  expect(id).toMatch(/^named\.ts#/)
})

it.each([
  [`throw 'no such slot here'`, 'odd.ts:2: throws no such slot here'],
  ['throw null', 'odd.ts:2: throws null'],
  ['throw { stack: 5, message: 6 }', 'odd.ts:2: throws what is no error'],
  ['throw new Proxy({}, { get() { for (;;); } })', 'odd.ts:2: throws what is no error'],
])('whatever it throws is said with its line: %s', async (statement, message) => {
  await expect(
    load('odd.ts', `import { defineStrategy } from 'faultline/strategy'\n${statement}`),
  ).rejects.toMatchObject({ code: 'bad-input', message })
})
