/** More CPUs: the law is found again in its own curve, a sharp saturation has its knee where it bends, workloads grow evenly. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PARTS } from '#shared/whatif/demands.ts'
import { fitOf, grown, kneeOf, scalingOf, throughputOf } from '#shared/whatif/scaling.ts'
import type { Workload, WorkloadTask } from '#shared/whatif/workload.ts'

/** Seeds. */
const SIX = [1, 2, 3, 4, 5, 6]
const CPUS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]

describe('the universal scalability law', () => {
  it('is found again in a curve made of it', () =>
    fc.assert(
      fc.property(
        fc.record({
          unit: fc.double({ min: 1, max: 1e6, noNaN: true }),
          contention: fc.double({ min: 1e-4, max: 0.5, noNaN: true }),
          coherency: fc.double({ min: 1e-6, max: 0.01, noNaN: true }),
        }),
        (law) => {
          const fit = fitOf(CPUS.map((cpus) => ({ cpus, opsPerSecond: throughputOf(law, cpus) })))
          expect(fit?.error).toBeLessThan(1e-6)
          expect((fit?.contention ?? NaN) / law.contention).toBeCloseTo(1, 3)
          expect((fit?.coherency ?? NaN) / law.coherency).toBeCloseTo(1, 3)
          expect((fit?.peak ?? NaN) / Math.sqrt((1 - law.contention) / law.coherency)).toBeCloseTo(1, 2)
        },
      ),
    ))

  it('never has negative coefficients, also on a curve that rises more than linearly', () => {
    const fit = fitOf(CPUS.map((cpus) => ({ cpus, opsPerSecond: 10 * cpus * Math.sqrt(cpus) })))
    expect(fit?.contention).toBeGreaterThanOrEqual(0)
    expect(fit?.coherency).toBeGreaterThanOrEqual(0)
  })

  it('is not fitted to two points', () =>
    expect(fitOf([1, 2].map((cpus) => ({ cpus, opsPerSecond: cpus })))).toBe(null))
})

describe('the knee', () => {
  const saturating = (limit: number) => CPUS.map((cpus) => [cpus, 100 * Math.min(cpus, limit)] as const)

  it('is where a lock that serialises is full, also between two measured sizes', () => {
    expect(kneeOf(saturating(6))).toBeCloseTo(6, 9)
    expect(kneeOf(saturating(1))).toBe(1)
  })

  it('is nowhere while throughput still rises', () => {
    expect(kneeOf(saturating(512))).toBe(undefined)
    expect(kneeOf(saturating(400))).toBe(undefined)
  })

  it('has an interval over seeds, and a sentence', () => {
    const runs = saturating(6).map(([cpus, rate]) => ({
      cpus,
      tasks: cpus,
      opsPerSecond: [0.99, 1, 1.01, 1, 0.98, 1.02].map((luck) => rate * luck),
      deadlocked: SIX.map(() => false),
      whole: true,
    }))
    const { knee, kneeCi95, words } = scalingOf('F', runs)
    expect(knee).toBeCloseTo(6, 9)
    expect(kneeCi95?.[0]).toBeLessThanOrEqual(6.001)
    expect(kneeCi95?.[1]).toBeGreaterThanOrEqual(5.999)
    expect(words).toMatch(/^F: highest at 8 CPUs with 600 \/s; knee at 6\.0 CPUs/)
  })

  it('is concluded from whole runs alone: the rate of a beginning is shown, and called that', () => {
    const runs = saturating(6).map(([cpus, rate]) => ({
      cpus,
      tasks: cpus,
      opsPerSecond: SIX.map((seed) => (cpus === 512 ? 90_000 + 100 * seed : rate)),
      deadlocked: SIX.map(() => false),
      whole: cpus < 512,
    }))
    const { knee, points, words } = scalingOf('F', runs)
    expect(knee).toBeCloseTo(6, 9)
    expect(points.at(-1)?.opsPerSecond).toBeGreaterThan(90_000)
    expect(words).toMatch(/^F: highest at 8 CPUs with 600 .*At 512 CPUs .* beginning alone, and nothing is concluded/)
  })

  it('is not concluded from runs that ended in a deadlock, and their number is told', () => {
    const curve = (deadlocked: (cpus: number, seed: number) => boolean) =>
      saturating(6).map(([cpus, rate]) => ({
        cpus,
        tasks: cpus,
        opsPerSecond: SIX.map((seed) => (deadlocked(cpus, seed) ? 50_000 : rate)),
        deadlocked: SIX.map((seed) => deadlocked(cpus, seed)),
        whole: true,
      }))
    const all = scalingOf(
      'F',
      curve(() => true),
    )
    expect(all).toMatchObject({ knee: null, kneeCi95: null, fit: null })
    expect(all.words).toBe(
      'F: too few sizes came to their end to say how far it scales. 60 of 60 runs ended in a deadlock and are left out.',
    )
    expect(all.points[0]).toMatchObject({ deadlocks: 6, stuck: true, ci95: null })

    const large = scalingOf(
      'F',
      curve((cpus) => cpus >= 64),
    )
    expect(large.knee).toBeCloseTo(6, 9)
    expect(large.words).toMatch(
      /^F: highest at 8 CPUs with 600 .* 24 of 60 runs ended in a deadlock and are left out\.$/,
    )

    const one = scalingOf(
      'F',
      curve((_, seed) => seed === 3),
    )
    expect(one.points.map(({ opsPerSecond }) => opsPerSecond)).toEqual(saturating(6).map(([, rate]) => rate))
    // five seeds are left
    expect(one).toMatchObject({ kneeCi95: null, knee: expect.closeTo(6, 9) as number })
  })
})

describe('a recorded workload on another machine', () => {
  const task = (comm: string, arrival: WorkloadTask['arrival'], mm: number): WorkloadTask => ({
    comm,
    mm,
    arrival,
    evidence: '',
    barrierNs: undefined,
    ops: Array.from({ length: 40 }, (_, i) => ({
      kind: 'write_fault',
      file: 0,
      page: i,
      pages: 1,
      thinkCpuNs: 0,
      placed: true,
      readyNs: 0,
      cpu: -1,
      thinkSleepNs: 0,
      startNs: i,
      durationNs: 1,
      commits: false,
      workNs: [1, 0, 0, 0, 0, 0],
      sleepNs: 0,
    })),
    steps: Array.from({ length: 40 }, (_, i) => i),
  })
  const workload: Workload = {
    cpus: 4,
    fs: 'ext4',
    dax: true,
    durationNs: 1,
    files: [{ name: 'f', pages: 40, holes: [] }],
    tasks: [
      task('thread-1', 'closed', 1),
      task('thread-2', 'closed', 1),
      task('alone', 'closed', 2),
      task('timer', 'open', 3),
    ],
    commitEveryNs: undefined,
    wakeNs: undefined,
    seenSpinning: new Set(),
    sticky: false,
    slices: undefined,
    commit: undefined,
    background: [],
    simulated: false,
    prices: {},
    calibration: { phases: [], parameters: [] },
    fromTrace: [],
    defaults: [],
    missing: [],
  }
  const pilot = workload.tasks.map(({ ops }, t) => new Float64Array(ops.length * PARTS.length).fill(t))
  const at = (cpus: number) => grown({ workload, pilot }, cpus)
  const comms = (cpus: number) => at(cpus).workload.tasks.map(({ comm }) => comm)

  it('is itself on its own machine', () => {
    expect(comms(4).sort()).toEqual(['alone', 'thread-1', 'thread-2', 'timer'])
    expect(at(4).workload.cpus).toBe(4)
  })

  it('has its closed tasks in proportion, and its open ones once', () => {
    const eight = comms(8)
    for (const comm of ['thread-1', 'thread-2', 'alone']) expect(eight.filter((one) => one === comm)).toHaveLength(2)
    expect(eight.filter((one) => one === 'timer')).toHaveLength(1)
    expect(comms(1)).toHaveLength(2)
  })

  it('gives copies of a process an address space of their own, and copies of a thread that of its process', () => {
    const { tasks } = at(16).workload
    const mms = (comm: string) => new Set(tasks.filter((one) => one.comm === comm).map(({ mm }) => mm))
    expect(mms('alone').size).toBe(4)
    expect(mms('thread-1')).toEqual(new Set([1]))
  })

  it('lets copies begin evenly over their recording, each with the prices of its own operations', () => {
    const long = task('long', 'closed', 1)
    const ops = Array.from({ length: 60_000 }, (_, i) => ({ ...long.ops[0], page: i, readyNs: 1_000 + i }))
    const one: WorkloadTask = { ...long, ops, steps: ops.map((_, i) => i) }
    const own = Float64Array.from({ length: ops.length * PARTS.length }, (_, i) => Math.floor(i / PARTS.length))
    const { workload: large, pilot: prices } = grown({ workload: { ...workload, tasks: [one] }, pilot: [own] }, 16)
    const begins = large.tasks.map((copy) => copy.ops[0].page)
    expect(begins).toEqual([0, 19_000, 38_000, 57_000])
    large.tasks.forEach((copy, i) => {
      expect(copy.ops).toHaveLength(3_000)
      expect(copy.steps).toEqual(copy.ops.map((_, at) => at))
      expect(copy.ops[0].readyNs).toBe(1_000)
      expect(prices[i][0]).toBe(begins[i])
      expect(prices[i]).toHaveLength(3_000 * PARTS.length)
    })
  })

  it('keeps each task’s own pilot, and does at most so many operations in all', () => {
    const { workload: large, pilot: prices } = at(512)
    large.tasks.forEach((one, i) => {
      expect(prices[i].length).toBe(one.ops.length * PARTS.length)
      expect(prices[i][0]).toBe(workload.tasks.findIndex(({ comm }) => comm === one.comm))
    })
    expect(large.tasks.reduce((sum, { ops }) => sum + ops.length, 0)).toBeLessThanOrEqual(50_000)
  })
})
