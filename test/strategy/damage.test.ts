/**
 * What hooks of a strategy file can do to the simulated kernel: look, and what docs/strategies.md lists. Whatever else they try is a
 * finding with its line, ends neither thread nor process, and no run after it in the same thread is another one.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { optionsOf } from '#electron/strategy/evaluate.ts'
import { direct } from '#shared/explore/directed.ts'
import { play } from '#shared/explore/replay.ts'
import { scenarioSubject } from '#shared/explore/subject.ts'
import { limits } from '#shared/base/limits.ts'
import { plainOptions } from '#shared/strategy/define.ts'
import { run } from '#shared/sim/run.ts'
import type { RunResult } from '#shared/sim/run-result.ts'
import { strategies } from '#shared/sim/strategies/index.ts'
import { findOwn, type OwnOptions } from '#shared/sim/strategies/own.ts'
import { repoRoot } from '../support/corpus.ts'

const loaded = new Map<string, OwnOptions>()
const K = strategies.get('K')

beforeAll(() => {
  findOwn((id) => {
    const options = loaded.get(id)
    if (options === undefined) return undefined
    const plain = plainOptions(options)
    const slots = { ...K.slots, ...Object.fromEntries(Object.entries(plain).map(([slot, one]) => [slot, one.id])) }
    return { ...K, id, slots, digest: id, plain, options: () => options }
  })
})

afterAll(() => findOwn(() => undefined))

let number = 0

/** The file in this thread, under an id of its own. */
function load(text: string): string {
  const id = `mine.js#${String(++number).padStart(8, '0')}`
  loaded.set(id, optionsOf({ id, file: 'mine.js', text }))
  return id
}

/** K's guard, with hooks of its own from line 5 on. */
function guard(hooks: string, before = ''): string {
  return load(`import { defineStrategy, options, C, P, RWSEM, inodeLock } from 'faultline/strategy'
${before}
export default defineStrategy({
  title: 'a try', slots: { guard: { ...options.guard.get('inval'), id: 'a-try', title: 'a try',
${hooks}
  } },
})`)
}

const short = (strategy: string): RunResult => run({ scenario: 'SC2', strategy, params: { durationMs: 1 } })
const mistakes = ({
  findings,
}: {
  readonly findings: readonly { readonly invariant: string; readonly message: string }[]
}) => findings.filter(({ invariant }) => invariant === 'S1').map(({ message }) => message)

const inLeave = (code: string) => `leave(w, f) { ${code} }`
const inEnter = (code: string) => `*enter(w, f) { ${code} }`
const COPIES = (copy: string) =>
  `const big = new Uint8Array(4e6), kept = []; for (let i = 0; i < 99; i++) kept.push(big.${copy})`
const ONLY_LOOKED_AT = /, which hooks may only look at$/
const NO_CALL = /, which is none of its calls$/

const DAMAGE: readonly (readonly [what: string, hooks: string, said: RegExp])[] = [
  ['a size that is no number', inLeave('f.inode.size = NaN'), ONLY_LOOKED_AT],
  ['a map emptied', inLeave('f.inode.mapping.cache.clear()'), NO_CALL],
  ['entries overwritten', inLeave('f.inode.mapping.entries.fill(NaN)'), NO_CALL],
  ['one entry overwritten', inLeave('f.inode.mapping.entries[0] = 7'), ONLY_LOOKED_AT],
  ['a list cut', inLeave('w.k.tasks.length = 0'), ONLY_LOOKED_AT],
  ['a field deleted', inLeave('delete f.inode.mapping'), ONLY_LOOKED_AT],
  ['a field redefined', inLeave('Object.defineProperty(f, "inode", { value: 3 })'), ONLY_LOOKED_AT],
  ['the kernel frozen', inLeave('Object.freeze(w.k)'), ONLY_LOOKED_AT],
  ['a function replaced', inLeave('w.k.lock = () => true'), ONLY_LOOKED_AT],
  ['the function of a class replaced', inLeave('Object.getPrototypeOf(w.k).lock = () => true'), /throws TypeError/],
  ['the lists of the host changed', inLeave('w.k.tasks.constructor.prototype.push = 3'), /throws TypeError/],
  ['the host called', inLeave('w.constructor.constructor("return process")().exit(3)'), /throws TypeError/],
  ['a shared table changed', inLeave('C.handleStart = 5'), ONLY_LOOKED_AT],
  ['an option there is changed', inLeave('options.guard.get("inval").leave = () => 3'), ONLY_LOOKED_AT],
  ['a kind of lock changed', inLeave('RWSEM.kind = "mutex"'), ONLY_LOOKED_AT],
  ['its own realm changed', inLeave('Array.prototype.push = () => 3'), /throws TypeError/],
  ['something kept for the next run', inLeave('globalThis.kept = 3'), /throws TypeError/],
  ['another task', inLeave('w.k.spawn("mine", (function* () {})())'), NO_CALL],
  ['the clock driven', inLeave('w.k.runUntil(Infinity, Infinity)'), NO_CALL],
  ['a finding of its own', inLeave('w.k.report("V99", "boo")'), NO_CALL],
  ['events of its own', inLeave('w.k.sink.opEnd(w.k.current, 3)'), NO_CALL],
  ['steps the kernel would call', inEnter('if (w.k.call({ next: () => ({}) })) yield'), NO_CALL],
  ['an object that is no lock', inEnter('if (w.k.lock({}, "shared")) yield'), /calls lock with what is no lock$/],
  ['no mode', inEnter('if (w.k.lock(f.inode.rwsem, "both")) yield'), /calls lock with what is no mode/],
  ['no time', inEnter('if (w.k.work(P.map_blocks, NaN)) yield'), /calls work with what is no time in whole ns$/],
  ['time that never ends', inEnter('if (w.k.sleep(1e18)) yield'), /calls sleep with what is no time/],
  ['no cost', inEnter('if (w.run(P.map_blocks, 9999)) yield'), /calls run with what is no cost$/],
  [
    'a lock of no kind',
    inEnter('if (w.k.lock(inodeLock("x", "futex")(w, f.inode), "shared")) yield'),
    /calls inodeLock with what is no kind of lock/,
  ],
  ['a result there is not', inEnter('f.result = "dance"'), /sets result of a fault to what is no result/],
  ['an answer that is none', 'moved() { return {} }', /guard\.moved answers neither true nor false$/],
  ['a promise for steps', 'enter() { return Promise.resolve(3) }', /guard\.enter gives no steps/],
  ['steps that answer rubbish', 'enter() { return { next: () => undefined } }', /its steps answer undefined$/],
  ['a number thrown', inEnter('throw 5'), /guard\.enter throws 5$/],
  ['an object thrown that cannot be told', inEnter('throw Object.create(null)'), /throws what cannot be told$/],
  ['an error whose text never ends', inEnter('throw { get message() { for (;;); } }'), /throws what cannot be told$/],
  ['a huge list', inEnter('new Array(1e9).fill(0)'), /throws RangeError: room for 1000000000 elements/],
  ['a list made huge', inEnter('const a = []; a.length = 1e9; a.fill(0)'), /throws RangeError: room for/],
  ['a list of a huge text', inEnter('[...("x".repeat(4e6) + "x".repeat(4e6))]'), /throws RangeError: room for/],
  ['the clock by another name', inEnter('throw new Error(new Intl.DateTimeFormat().format())'), /Intl is not defined$/],
  ['the words of a place', inEnter('(1234.5).toLocaleString()'), /throws Error: a strategy has no locale/],
  ['the order of a place', inEnter('["z", "ä"].sort((a, b) => a.localeCompare(b))'), /a strategy has no locale/],
  ['memory of another kind', inEnter('new WebAssembly.Memory({ initial: 1 })'), /WebAssembly is not defined$/],
  ['copies of buffers', inEnter(COPIES('slice()')), /bytes of buffers in one run$/],
  ['sorted copies of buffers', inEnter(COPIES('toReversed()')), /bytes of buffers in one run$/],
  ['copies of the bytes', inEnter(COPIES('buffer.slice(0)')), /bytes of buffers in one run$/],
  [
    'a buffer made huge',
    inEnter('new ArrayBuffer(8).transfer(1e9)'),
    /throws RangeError: room for 1000000000 elements/,
  ],
  ['huge buffers', inEnter('for (let i = 0; i < 99; i++) new Float64Array(4e6)'), /bytes of buffers in one run$/],
]

describe('a hook that damages the kernel', () => {
  const clean = () => [short('K').digest, short(load(sample())).digest]
  const sample = () =>
    readFileSync(join(repoRoot, 'samples', 'strategies', 'entry-guard.ts'), 'utf8').replace(/ as \w+/g, '')
  let before: readonly string[]

  beforeAll(() => {
    before = clean()
  })

  it.each(DAMAGE)('%s: a finding with its line, and the run ends', (_what, hooks, said) => {
    const id = guard(hooks)
    const found = mistakes(short(id))
    expect(found.length).toBeGreaterThan(0)
    for (const one of found) expect(one).toMatch(/^mine\.js:5: /)
    expect(found[0]).toMatch(said)
    const searched = play(scenarioSubject({ scenario: 'SC2', strategy: id }), [])
    expect(mistakes(searched)[0]).toMatch(said)
  })

  it('what it caught is a finding, too', () => {
    const id = guard(inLeave('try { f.inode.size = 3 } catch {}; options.guard.get("inval").leave(w, f)'))
    expect(mistakes(short(id))).toEqual([
      `mine.js:5: guard.leave sets size of the kernel's Inode, which hooks may only look at`,
    ])
  })

  it('changes no run after it in the same thread', () => {
    for (const [, hooks] of DAMAGE) short(guard(hooks))
    expect(clean()).toEqual(before)
  })
})

describe('a hook that remembers', () => {
  /** Every third fault of its file takes longer. */
  const counting = () =>
    guard(
      `*enter(w, f) { if (++seen % 3 === 0 && w.k.work(P.map_blocks, 900)) yield; this.seen = seen },
       leave() { if (!(this.seen <= seen)) throw new Error(\`\${this.seen} \${seen}\`) }`,
      'let seen = 0',
    )

  it('starts anew in each run: the same run has the same digest', () => {
    const id = counting()
    const first = short(id)
    expect(mistakes(first)).toEqual([])
    expect(first.digest).not.toBe(short('K').digest)
    short(counting())
    expect(short(id).digest).toBe(first.digest)
  })

  it('starts anew in each execution of a search', () => {
    const subject = scenarioSubject({ scenario: 'SC2', strategy: counting() })
    const moves = play(subject, []).moves
    expect(play(subject, []).moves).toEqual(moves)
    expect(direct(subject, []).moves).toEqual(direct(subject, []).moves)
  })
})

it('a hook of ours that a file spreads is ours: it costs and does what it does in the preset', () => {
  const id = load(`import { defineStrategy, options } from 'faultline/strategy'
export default defineStrategy({
  title: 'K again', slots: { guard: { ...options.guard.get('inval'), id: 'again', title: 'again', about: 'the same' } } })`)
  // Names of locks tell the invalidate_lock's guard from others, and nothing else does.
  const [own, preset] = [short(id), short('K,guard=fs-rwsem')]
  expect(mistakes(own)).toEqual([])
  expect(own.ops).toBe(short('K').ops)
  expect(preset.ops).toBe(own.ops)
})

it('room for lists is more than any of the samples takes', () => {
  expect(limits.strategyLength).toBeGreaterThan(1_000_000)
})
