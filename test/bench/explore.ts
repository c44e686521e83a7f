/**
 * The explorer on one core: steps and schedules a second, by processor time of this thread, over scenarios and races of different
 * lengths; and through the engine, by the clock, how much faster two threads and more are than one. A step is a move of a task,
 * those made again on the way to where a schedule differs included; a short schedule has at most fifty.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { OrderWatch } from '#shared/explore/order-watch.ts'
import { Search } from '#shared/explore/search.ts'
import { scenarioSubject, type Subject } from '#shared/explore/subject.ts'
import { contender, isGroup, raceSubject, races } from '#shared/races/index.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { createEngine } from '#electron/engine/engine.ts'
import { median, printFigures, type Figure } from './measure.ts'

const RUNS = 3
/** Steps of one measurement, and moves of a schedule that is short. */
const STEPS = 600_000
const SHORT = 50

function race(id: string, strategy: string): Subject {
  const found = races.get(id)
  if (isGroup(found)) throw new Error(`${id} is a group`)
  return raceSubject(found, contender(parseStrategy(strategy)))
}

function scenario(id: string, strategy: string): Subject {
  return scenarioSubject({ scenario: id, strategy, params: scenarios.get(id).search ?? {} })
}

interface Rate {
  readonly steps: number
  readonly executions: number
  readonly length: number
}

/** Searches again from the beginning until there are enough steps, as it would for many users' questions. */
function rateOf(subject: Subject, preemptions: number | undefined): Rate {
  const once = (wanted: number): Rate => {
    let steps = 0
    let executions = 0
    const before = process.cpuUsage()
    while (steps < wanted) {
      const watch = new OrderWatch()
      const search = new Search(
        subject,
        { prefix: [], sleepers: [] },
        { preemptions, depth: 100_000, reduce: true, watch },
      )
      while (steps + search.steps < wanted && search.next());
      steps += search.steps
      executions += search.executions
    }
    const { user, system } = process.cpuUsage(before)
    const seconds = (user + system) / 1e6
    return { steps: steps / seconds, executions: executions / seconds, length: steps / executions }
  }
  once(STEPS / 4)
  const rates = Array.from({ length: RUNS }, () => once(STEPS))
  return {
    steps: median(rates.map((one) => one.steps)),
    executions: median(rates.map((one) => one.executions)),
    length: rates[0].length,
  }
}

const SUBJECTS: readonly (readonly [string, Subject])[] = [
  ['SC3 under K', scenario('SC3', 'K')],
  ['SC4 under K', scenario('SC4', 'K')],
  ['SC7 under K', scenario('SC7', 'K')],
  ['SC9 under E', scenario('SC9', 'E')],
  ['R02 under K', race('R02', 'K')],
  ['R05 under K', race('R05', 'K')],
  ['R11 under K', race('R11', 'K')],
  ['R28 under K', race('R28', 'K')],
]

export async function benchExplore(): Promise<boolean> {
  const rates = SUBJECTS.map(([name, subject]) => [name, rateOf(subject, 2)] as const)
  const figures: Figure[] = [
    {
      what: `steps, median of ${rates.length} subjects`,
      value: median(rates.map(([, { steps }]) => steps)),
      unit: 'steps/s',
      bound: { kind: 'min', value: 500_000 },
    },
    {
      what: `schedules of at most ${SHORT} steps, median`,
      value: median(rates.filter(([, { length }]) => length <= SHORT).map(([, { executions }]) => executions)),
      unit: 'schedules/s',
      bound: { kind: 'min', value: 10_000 },
    },
  ]
  for (const [name, { steps, executions, length }] of rates) {
    figures.push({ what: `  ${name}, ${length.toFixed(0)} steps each`, value: steps, unit: 'steps/s' })
    figures.push({ what: '', value: executions, unit: 'schedules/s' })
  }
  const met = printFigures('exploring, one core, within two preemptions', figures)
  await benchWorkers()
  return met
}

/** Some seconds of search: a thread takes tenths of one to begin. */
const BUDGET = 120_000

/** A search without a bound, until its budget is used up; one within two preemptions, to its end. */
const SHARED = [
  { scenario: 'SC4', strategy: 'K', preemptions: null, budget: BUDGET },
  { scenario: 'SC11', strategy: 'K', preemptions: 2, budget: 1_000_000 },
] as const

interface Shared {
  /** By the clock, and by processor time of all threads. */
  readonly perSecond: number
  readonly perCpuSecond: number
  /** By the clock, whatever was gone through: threads that share a memory go through some of it twice. */
  readonly searchesPerSecond: number
}

/** By the clock counts only on a machine that has nothing else to do; by processor time it says what sharing the work costs. */
async function benchWorkers(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'faultline-bench-explore-'))
  const engine = await createEngine({ host: 'desktop', dataDir: home })
  try {
    const client = engine.connect()
    const cpus = availableParallelism()
    const counts = [...new Set([1, 2, cpus])].filter((n) => n <= Math.max(2, cpus))
    for (const spec of SHARED) {
      const shared = async (workers: number): Promise<Shared> => {
        const before = process.cpuUsage()
        const { steps, wallMs } = await client.call('explore.run', { ...spec, workers })
        const { user, system } = process.cpuUsage(before)
        const searchesPerSecond = 1000 / wallMs
        return {
          perSecond: steps * searchesPerSecond,
          perCpuSecond: (steps / (user + system)) * 1e6,
          searchesPerSecond,
        }
      }
      const best = new Map<number, Shared>()
      for (let run = 0; run < RUNS; run++) {
        for (const count of counts) {
          const one = await shared(count)
          if (one.perSecond > (best.get(count)?.perSecond ?? 0)) best.set(count, one)
        }
      }
      printFigures(`exploring through the engine, ${cpus} CPUs, best of ${RUNS}`, figuresOf(spec, best))
    }
  } finally {
    await engine.close()
    rmSync(home, { recursive: true, force: true })
  }
}

function figuresOf({ scenario, strategy, preemptions }: (typeof SHARED)[number], best: Map<number, Shared>): Figure[] {
  const within = preemptions === null ? 'no bound' : `within ${preemptions} preemptions`
  const alone = best.get(1) ?? { perSecond: NaN, perCpuSecond: NaN, searchesPerSecond: NaN }
  return [...best].flatMap(([count, { perSecond, perCpuSecond, searchesPerSecond }]): Figure[] => [
    {
      what: `${scenario} under ${strategy}, ${within}, ${count} worker${count === 1 ? '' : 's'}`,
      value: perSecond,
      unit: 'steps/s',
    },
    ...(count === 1
      ? []
      : [
          { what: '  against one, by the clock', value: searchesPerSecond / alone.searchesPerSecond, unit: 'times' },
          { what: '  against one, per worker, by processor time', value: perCpuSecond / alone.perCpuSecond, unit: '' },
        ]),
  ])
}
