/**
 * One kernel, no drift: the kernel that a search drives move by move, driven move by move with the clock as who chooses, gives the
 * digest that `simulate` gives, event for event. Every scenario under presets of every kind, several seeds, and the same moves
 * cut into slices of any length.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Execution } from '#shared/explore/execution.ts'
import { scenarioSubject } from '#shared/explore/subject.ts'
import { judgeRest, prepare, run, type RunSpec } from '#shared/sim/run.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { parseStrategy, refuseFilesystem, strategies } from '#shared/sim/strategies/index.ts'

const NS = 300_000

interface Stepped {
  readonly digest: string
  readonly events: number
  readonly moves: number
  readonly findings: readonly string[]
}

/** `next` says how many moves are made before somebody looks again. */
function inTimeOrder(spec: RunSpec, next: () => number = () => 1): Stepped {
  const prepared = prepare(spec, { timed: true })
  const { world, sink, scenario, params } = prepared
  const { k } = world
  let moves = 0
  const go = (end: number): boolean => {
    for (;;) {
      const before = k.stepsTaken
      if (!k.runUntil(end, before + next())) return false
      moves += k.stepsTaken - before
      if (k.live === 0) return true
      if (k.stepsTaken === before) return false
    }
  }
  const end = (from: number) => from + (prepared.machine.graceNs ?? 2_000_000_000)
  const alive = go(end(world.stopAt))
  if (alive && k.live === 0) world.checks?.atRest()
  if (alive && k.live === 0 && scenario.settle !== undefined) {
    world.stopAt = Infinity
    world.maxOps = Infinity
    scenario.settle(world, params)
    go(end(k.now))
  }
  judgeRest(world)
  return { digest: sink.digest, events: sink.events, moves, findings: k.findings.map((one) => one.message) }
}

function allowed(strategy: string): boolean {
  const resolved = parseStrategy(strategy)
  try {
    refuseFilesystem(resolved, resolved.fs)
    return true
  } catch {
    return false
  }
}

const presets = strategies.ids.filter(allowed)

describe.each(scenarios.ids)('%s', (scenario) => {
  it('in time order, one move at a time, has the digest of the run, under every preset', () => {
    for (const strategy of presets) {
      const spec = { scenario, strategy, durationNs: NS }
      const whole = run(spec)
      const stepped = inTimeOrder(spec)
      expect([strategy, stepped.digest, stepped.events]).toEqual([strategy, whole.digest, whole.events])
      expect(stepped.findings).toEqual(whole.findings.map((one) => one.message))
    }
  })

  it('is the same kernel in search: the same tasks, and none is left out', () => {
    const subject = scenarioSubject({ scenario, strategy: 'K', params: scenarios.get(scenario).search ?? {} })
    const timed = prepare({ scenario, strategy: 'K', params: scenarios.get(scenario).search ?? {} }, { timed: true })
    const execution = new Execution(subject)
    expect(execution.k.tasks.map((task) => task.comm)).toEqual(timed.world.k.tasks.map((task) => task.comm))
    execution.runOut()
    expect(execution.cut).toBe(false)
    const moved = new Set(execution.moves)
    expect(execution.k.tasks.filter((task) => !task.daemon && !moved.has(task.id))).toEqual([])
  })
})

it('slices of any length make no difference', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fc.constantFrom(...scenarios.ids), fc.nat(1000), lengths, (scenario, seed, slices) => {
      const spec = { scenario, strategy: 'E', durationNs: NS / 3, seed }
      let at = 0
      expect(inTimeOrder(spec, () => slices[at++ % slices.length]).digest).toBe(run(spec).digest)
    }),
    { numRuns: 40 },
  )
})

it('one more event is another digest', () => {
  const spec = { scenario: 'SC1', strategy: 'K', durationNs: NS }
  expect(inTimeOrder({ ...spec, durationNs: NS + 50_000 }).digest).not.toBe(run(spec).digest)
})
