/** Strategies side by side: figures are the analyses' own, pairs share their luck, and nothing is claimed that chance can do. */
import { describe, expect, it } from 'vitest'
import { contention } from '#shared/analysis/contention.ts'
import { latency } from '#shared/analysis/latency.ts'
import { figuresOf } from '#shared/whatif/figures.ts'
import type { ComparedStrategy } from '#shared/contract/simulation.ts'
import { measured, withSearch } from '#shared/whatif/side-by-side.ts'
import { toldStrategies } from '#shared/whatif/told.ts'
import {
  againstText,
  findings,
  reservation,
  safetyNote,
  speedInterval,
  undecidedText,
  verdictText,
  versusOf,
  versusText,
} from '#shared/whatif/words.ts'
import { SEEDS, smallComparison, smallRuns, smallTrace } from '../support/small-runs.ts'

describe('the figures of a run', () => {
  const trace = smallTrace(1, 1_500)
  const figures = figuresOf(trace, 2_000_000, () => true)

  it('are the rows of the latency and contention analyses', () => {
    const all = { scope: {}, top: 10_000 } as const
    const rows = latency.run(trace, { ...all, by: 'op' }).rows
    const ended = ({ p50Ns, p90Ns, p99Ns }: (typeof rows)[number]) => ({ p50Ns, p90Ns, p99Ns })
    expect(figures.ops).toEqual(
      rows.map((row) => ({ ...row, measured: row.count - row.unfinished, ended: ended(row) })),
    )
    // Which phase takes most of a hold is no figure of a comparison.
    const locks = contention.run(trace, { ...all, by: 'class', contendedOnly: false }).rows
    expect(figures.locks).toEqual(locks.map(({ mostlyIn: _mostlyIn, ...row }) => row))
  })

  it('count finished operations of the workload per simulated second', () => {
    const finished = [...trace.op.cols.durationNs].slice(0, trace.op.length).filter((ns) => ns >= 0).length
    expect(figures.opsPerSecond).toBe(finished * 500)
    expect(figuresOf(trace, 2_000_000, (pid) => pid !== trace.tasks[0].pid).opsPerSecond).toBeLessThan(finished * 500)
    expect(figuresOf(trace, 2_000_000, () => false).opsPerSecond).toBe(0)
  })

  it('hold every latency in their spread', () => {
    const total = figures.spread[0].count.reduce((a, b) => a + b, 0)
    expect(total).toBe(figures.ops[0].count - figures.ops[0].unfinished)
  })
})

describe('strategies side by side', () => {
  const result = smallComparison()
  const [e, f, k] = result.strategies

  it('see a hold that is twice as long as half the speed', () => {
    const speed = versusOf(f, 'opsPerSecond')
    expect(speed?.enough).toBe(true)
    expect(speed?.p).toBe(2 / 2 ** SEEDS.length)
    // One lock serialises: hold 1.6 us and 3.1 us on average, 0.34 us of lock costs and hand-over in each.
    expect(speed?.ratio).toBeGreaterThan(0.54)
    expect(speed?.ratio).toBeLessThan(0.6)
    expect(speed?.ci95?.[0]).toBeLessThanOrEqual(speed?.ratio ?? NaN)
    expect(versusOf(f, 'write_fault.p50Ns')?.ratio).toBeGreaterThan(1.6)
  })

  it('make no ratio of runs that ended in a deadlock', () => {
    const base = smallRuns(1_500, SEEDS)
    const runs = smallRuns(3_000, SEEDS)
    const stuck = (from: number) => runs.map((run, i) => ({ ...run, deadlocked: i >= from }))
    expect(versusOf(measured(stuck(6), base), 'opsPerSecond')?.p).toBe(2 / 2 ** 6)
    // Runs that ended are compared among themselves; beside the others that says nothing of the strategy.
    const some = { ...f, ...measured(stuck(6), base), deadlocks: 2 }
    expect([speedInterval(e), speedInterval(some)]).toEqual(['', '–'])
    expect(speedInterval({ ...some, deadlocks: 0 })).toMatch(/^0\.\d+ to 0\.\d+$/)
    const [speed] = some.versusBaseline
    expect(reservation(some, speed)).toBe('only the 6 runs that ended')
    expect([reservation(f, speed), reservation(f, { ...speed, enough: false, ci95: [0.9, 1.1] })]).toEqual([
      '',
      'too close to tell',
    ])
    const stuckBase = { ...e, deadlocks: 1 }
    for (const metric of ['opsPerSecond', 'write_fault.p99Ns']) {
      expect(againstText(some, e.id, metric)).toBe('deadlocked')
      expect(againstText(f, e.id, metric)).toMatch(/^\d\.\d\d ×$/)
      expect(againstText(stuckBase, e.id, metric)).toBe('baseline')
    }
    const none = { ...f, ...measured(stuck(0), base), deadlocks: SEEDS.length }
    expect(none.versusBaseline).toEqual([])
    const said = findings({ ...result, strategies: [e, none] })
    expect(said[1]).toMatch(/^F: 8 of 8 runs ended in a deadlock, so there is nothing to compare with E/)
    expect(said.filter((sentence) => /deadlock/.test(sentence))).toHaveLength(1)
  })

  it('show no percentile that is the maximum under another name, nor a ratio of it', () => {
    const runs = result.seeds.length
    const few = (strategy: ComparedStrategy, each: number): ComparedStrategy => ({
      ...strategy,
      ops: strategy.ops.map((row) => ({ ...row, count: each * runs + runs - 1 })),
      locks: strategy.locks.map((row) => ({ ...row, contended: each * runs, acquisitions: 10 * each * runs })),
    })
    const seen = (...strategies: ComparedStrategy[]) => toldStrategies({ ...result, strategies })
    expect(seen(e, f, k)[1].ops[0].p99Ns).toBe(f.ops[0].p99Ns)
    const [, shown, other] = seen(e, few(f, 99), k)
    expect(shown.ops[0]).toMatchObject({ p50Ns: f.ops[0].p50Ns, p99Ns: null, p999Ns: null, maxNs: f.ops[0].maxNs })
    expect(shown.ops[0].ci95).toEqual({ p50Ns: f.ops[0].ci95.p50Ns, p99Ns: null, p999Ns: null })
    expect(shown.locks[0]).toMatchObject({ waitP99Ns: null, holdP99Ns: f.locks[0].holdP99Ns })
    expect(againstText(shown, e.id, 'write_fault.p99Ns')).toBe('–')
    expect(versusOf(shown, 'write_fault.p50Ns')).toEqual(versusOf(f, 'write_fault.p50Ns'))
    expect(other.ops).toEqual(seen(e, f, k)[2].ops)
    // a ratio needs both
    expect(seen(few(e, 99), f).map((one) => versusOf(one, 'write_fault.p99Ns'))).toEqual([undefined, undefined])
    // a recording's percentiles are of the whole of it, its ratios of parts
    const [whole] = toldStrategies({ baseline: e.id, seeds: [], strategies: [few(f, 99)] })
    expect(whole.ops[0].p99Ns).toBe(f.ops[0].p99Ns)
    expect(versusOf(whole, 'write_fault.p99Ns')).toBeUndefined()
  })

  it('do not compare the baseline with itself', () => expect(e.versusBaseline).toEqual([]))

  it('explain an operation: its waits and the rest are its mean', () => {
    for (const { breakdown } of result.strategies) {
      const [row] = breakdown
      const waits = row.waits.reduce((sum, { ns }) => sum + ns, 0)
      expect(waits + row.restNs).toBeCloseTo(row.meanNs, -2)
      expect(row.waits[0].class).toBe('&mapping->i_mmap_mutex')
    }
  })

  it('give times as whole nanoseconds', () => {
    const times = (value: unknown, name = ''): number[] => {
      if (typeof value === 'number') return /^ns$|Ns$/.test(name) ? [value] : []
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
      if (Array.isArray(value)) return value.flatMap((one) => times(one, name))
      return Object.entries(value).flatMap(([key, one]) => times(one, key))
    }
    const found = times(result.strategies)
    expect(found.length).toBeGreaterThan(60)
    expect(found.filter((ns) => !Number.isInteger(ns))).toEqual([])
  })

  it('sum counts over runs and average percentiles', () => {
    expect(e.ops[0].count).toBeGreaterThan(8 * 900)
    expect(e.ops[0].minNs).toBeLessThan(e.ops[0].p50Ns ?? 0)
    expect(e.ops[0].maxNs).toBeGreaterThanOrEqual(e.ops[0].p999Ns ?? Infinity)
    const [low, high] = e.ops[0].ci95.p50Ns ?? [NaN, NaN]
    expect(low).toBeLessThanOrEqual(e.ops[0].p50Ns ?? NaN)
    expect(high).toBeGreaterThanOrEqual(e.ops[0].p50Ns ?? NaN)
  })

  it('give a CDF that rises to one', () => {
    const [{ ns, share }] = f.cdf
    expect(share[share.length - 1]).toBe(1)
    for (let i = 1; i < ns.length; i++) {
      expect(ns[i]).toBeGreaterThan(ns[i - 1])
      expect(share[i]).toBeGreaterThan(share[i - 1])
    }
  })

  it('call violated what timed runs saw violated, and nothing safe: timed runs prove nothing', () => {
    expect(f.verdict).toMatchObject({ safe: false, complete: false, executions: 0, searched: [] })
    expect(f.verdict.violations).toMatchObject([{ invariant: 'V3', count: 16, seed: 1, schedule: null }])
    expect(verdictText(f.verdict)).toBe('violated: V3 16×')
    expect(e.verdict.safe).toBe(null)
    expect(verdictText(e.verdict)).toBe('nothing seen')
    expect(safetyNote(result.strategies)).toContain('no interleavings were searched')
  })

  it('have the verdict of a search where there was one', () => {
    const one = {
      subject: 'SC1;threads=2',
      executions: 1_200,
      complete: true,
      incomplete: null,
      bound: { preemptions: 2, depth: 100, budget: 5_000 },
      crash: { points: 10, states: 12, complete: true, violations: 0 },
    }
    const held = withSearch(e.verdict, { searched: [one], found: [] })
    expect(held).toMatchObject({ safe: true, complete: true, executions: 1_200 })
    expect(verdictText(held)).toBe('held in all 1 200 schedules')
    const cut = withSearch(e.verdict, { searched: [{ ...one, complete: false, incomplete: 'budget' }], found: [] })
    expect(cut).toMatchObject({ safe: null, complete: false })
    expect(verdictText(cut)).toBe('nothing found in 1 200 schedules, not all')
    const noCuts = withSearch(e.verdict, {
      searched: [{ ...one, crash: { ...one.crash, complete: false } }],
      found: [],
    })
    expect(noCuts).toMatchObject({ safe: null, complete: false })
    const schedule = 'fl1:SC1:E:0:0'
    const found = [{ invariant: 'V14', message: 'foreign bytes', count: 1, atNs: null, seed: null, schedule }]
    const broken = withSearch(e.verdict, { searched: [one], found })
    expect(broken.safe).toBe(false)
    expect(verdictText(broken)).toBe('violated: V14 by search')
  })

  it('name the longest wait of all runs and who was in the way', () => {
    const longest = Math.max(...f.locks.map(({ waitMaxNs }) => waitMaxNs ?? 0))
    expect(f.worstChain?.waitNs).toBe(longest)
    expect(f.worstChain?.links[0]).toMatchObject({ class: '&mapping->i_mmap_mutex', mode: 'exclusive' })
  })

  it('compare locks of any name: per operation and per acquisition', () => {
    for (const metric of ['lockWaitPerOpNs', 'lockHoldPerOpNs', 'lockWaitPerAcquisitionNs']) {
      expect(versusOf(f, metric)).toMatchObject({ effect: 1, enough: true })
    }
  })

  it('are the same every time', () => expect(smallComparison()).toEqual(result))

  it('say in words what is sure and what is not', () => {
    const words = findings(result, ' ')
    expect(words[0]).toMatch(
      /^Baseline E: \d+ k\/s over 8 runs; a write_fault waits .* on average for &mapping->i_mmap_mutex/,
    )
    expect(words[1]).toMatch(
      /^F: \d+ k\/s, 0\.5\d × as fast as E \(95 % interval 0\.5\d+ to 0\.[56]\d+\); p99 of write_fault/,
    )
    expect(words.at(-1)).toContain('F violated V3 16 times in 8 runs; first with seed 1')
    expect(versusText(versusOf(k, 'opsPerSecond'))).toMatch(/too close to tell|1\.00 ×/)
  })

  it('tell too few runs from too little difference', () => {
    expect(undecidedText({ ci95: [0.462, 0.463] })).toBe('too few runs to tell')
    expect(undecidedText({ ci95: [0.98, 1.02] })).toBe('too close to tell')
    expect(undecidedText({ ci95: null })).toBe('too few runs to tell')
  })
})
