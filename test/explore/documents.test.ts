/**
 * The JSON documents of `explore`, `race`, `verdicts` and `replay` have every field that is promised of them, with its type, and
 * nothing but the document goes to standard output. Schedules lead back from any of them in a process of its own: a power cut, a
 * strategy file that must be given again.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { workFolder } from '../golden/cli/run-cli.ts'

const cli = workFolder()
afterAll(() => cli.remove())

async function document<T>(schema: z.ZodType<T>, args: readonly string[]): Promise<T> {
  const { status, stdout, stderr } = await cli.run([...args, '--json'])
  expect([args.join(' '), status, stderr.includes('faultline:')]).toEqual([args.join(' '), 0, false])
  expect(stdout.trim().split('\n').length === 1 || stdout.startsWith('{\n')).toBe(true)
  return schema.parse(JSON.parse(stdout))
}

const ns = z.int().nonnegative()
const schedule = z.string().regex(/^fl1:[^:]+:[^:]+:[^:]*:\w{5}$/)
const outcome = z.enum(['violated', 'held', 'hazard', 'not-applicable'])
const words = z.array(z.string())

const step = z.object({
  n: z.int().positive(),
  task: z.string(),
  action: z.string().min(1),
  lock: z.string().optional(),
  phase: z.string().optional(),
  state: z.record(z.string(), z.string()).optional(),
})

const steps = z.array(step).refine((list) => list.every(({ n }, i) => n === i + 1), 'steps are counted from 1')

const exploreDocument = z.object({
  scenario: z.string(),
  strategy: z.string(),
  executions: z.int().positive(),
  steps: z.int().positive(),
  complete: z.boolean(),
  bound: z.object({ preemptions: z.int().nullable(), depth: z.int().positive(), budget: z.int().positive() }),
  violations: z.array(
    z.object({
      invariant: z.string().regex(/^[VS]\d+$/),
      severity: z.string(),
      race: z.string().nullable(),
      message: z.string().min(1),
      schedule,
      steps: steps.min(1),
    }),
  ),
  lockOrder: z.object({ edges: z.array(z.tuple([z.string(), z.string(), z.string()])), cycles: z.array(words) }),
  crash: z
    .object({
      points: z.int().positive(),
      violations: z.array(
        z.object({ invariant: z.enum(['V14', 'V15']), severity: z.string(), message: z.string(), schedule }),
      ),
    })
    .nullable(),
  wallMs: ns,
})

const raceDocument = z.object({
  race: z.string(),
  strategy: z.string(),
  slots: z.record(z.string(), z.string()),
  outcome,
  expected: outcome.nullable(),
  invariants: words,
  schedule: schedule.nullable(),
  steps,
})

const verdictsDocument = z.object({
  rows: z.array(
    z.object({
      race: z.string(),
      strategy: z.string(),
      outcome,
      expected: outcome.nullable(),
      schedule: schedule.nullable(),
    }),
  ),
  wallMs: ns,
})

const replayDocument = z.object({
  schedule,
  scenario: z.string(),
  strategy: z.string(),
  outcome: z.enum(['violated', 'held']),
  invariants: words,
  steps: steps.min(1),
})

describe('documents', () => {
  it('explore: with violations, a lock order, and power cuts where they were asked for', async () => {
    const found = await document(exploreDocument, ['explore', '--scenario', 'R10', '--strategy', 'E', '--crash'])
    expect(found).toMatchObject({ scenario: 'R10', strategy: 'E', bound: { preemptions: 2 } })
    expect(found.lockOrder.edges.length).toBeGreaterThan(0)
    const [cut] = found.crash?.violations ?? []
    expect(cut.invariant).toBe('V14')
    const again = await document(replayDocument, ['replay', cut.schedule])
    expect(again).toMatchObject({ schedule: cut.schedule, scenario: 'R10', strategy: 'E', outcome: 'violated' })
    expect(again.invariants).toContain('V14')
    expect(again.steps.some(({ action }) => action.startsWith('power cut'))).toBe(true)
  })

  it('explore: power cuts are null where nobody asked, and keep the budget where somebody did', async () => {
    const args = ['explore', '--scenario', 'SC5', '--strategy', 'K', '--set', 'commitMs=0', '--budget', '20']
    expect((await document(exploreDocument, args)).crash).toBeNull()
    const cut = await document(
      exploreDocument.extend({ crash: z.object({ executions: z.int(), complete: z.boolean() }) }),
      [...args, '--crash', '--eadr'],
    )
    expect(cut).toMatchObject({ executions: 20, complete: false, crash: { executions: 20, complete: false } })
  })

  it('--eadr without --crash is wrong usage', async () => {
    const { status, stderr } = await cli.run(['explore', '--scenario', 'SC5', '--strategy', 'K', '--eadr'])
    expect([status, stderr]).toEqual([2, expect.stringContaining('--eadr is about power cuts')])
  })

  it('race: one that is violated, one that does not apply', async () => {
    const violated = await document(raceDocument, ['race', 'R05', '--strategy', 'E'])
    expect(violated).toMatchObject({ race: 'R05', outcome: 'violated', schedule: expect.any(String) as string })
    expect(Object.keys(violated.slots)).toEqual(
      expect.arrayContaining(['guard', 'pairing', 'init', 'cow', 'tx', 'enospc', 'wake']),
    )
    const none = await document(raceDocument, ['race', 'R24', '--strategy', 'K'])
    expect(none).toMatchObject({ outcome: 'not-applicable', expected: 'not-applicable', schedule: null, steps: [] })
  })

  it('verdicts', async () => {
    const { rows } = await document(verdictsDocument, [
      'verdicts',
      '--race',
      'R05',
      '--strategy',
      'E',
      '--strategy',
      'K',
    ])
    expect(rows.map(({ strategy, outcome: was }) => [strategy, was])).toEqual([
      ['E', 'violated'],
      ['K', 'held'],
    ])
  })
})

describe('a schedule made under a strategy file', () => {
  const file = cli.file('mine.ts')
  writeFileSync(
    file,
    `import { defineStrategy } from 'faultline/strategy'
export default defineStrategy({ title: 'E as it was', base: 'E' })`,
  )

  it('says in another process which file it needs, and plays as it was made when that is given', async () => {
    const made = await document(raceDocument, ['race', 'R05', '--strategy', './mine.ts'])
    const text = made.schedule ?? ''
    expect(text).toMatch(/^fl1:R05:mine\.ts#[0-9a-f]{8}:/)
    const { status, stderr } = await cli.run(['replay', text])
    expect(status).toBe(1)
    expect(stderr).toMatch(/mine\.ts, a strategy file .*--strategy \.\/mine\.ts/s)
    const again = await document(replayDocument, ['replay', text, '--strategy', './mine.ts'])
    expect(again).toMatchObject({
      schedule: text,
      outcome: 'violated',
      invariants: expect.arrayContaining(['V6']) as string[],
    })
  })

  it('plays under a file that has changed as under any other strategy, and says so', async () => {
    const made = await document(raceDocument, ['race', 'R05', '--strategy', './mine.ts'])
    writeFileSync(file, readFileSync(file, 'utf8').replace("base: 'E'", "base: 'K'"))
    const args = ['replay', made.schedule ?? '', '--strategy', './mine.ts']
    const again = await document(replayDocument, args)
    expect(again.outcome).toBe('held')
    expect(again.schedule).not.toBe(made.schedule)
    expect((await cli.run(args)).stderr).toContain('not as it was made')
  })
})
