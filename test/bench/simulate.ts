/**
 * Simulated runs: happenings per second of one core with spans, columns and the oracle on, against the same model in SimPy,
 * by number of tasks and by length, and end to end into a file as a user sees it, with the memory that takes. CPU time is
 * what counts, and the quickest of a few runs: the rest is the machine's other work. `--long`: 10^8 events as well.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunSpec } from '#shared/sim/run.ts'
import { repoRoot } from '../support/corpus.ts'
import { measure, printFigures, type Figure } from './measure.ts'
import { againstSimPy } from './simpy.ts'
import { best, bestAlone, runOnce, type Alone } from './simulated.ts'

const FAULTLINE = join(repoRoot, 'bin/faultline.mjs')
const TASKS = [1, 4, 16, 64, 256]
/** Of each size; the quickest counts. */
const RUNS = 6
/** All sizes in turn, so often: a machine whose neighbours come and go is the same for each. */
const ROUNDS = 3
/** Cost per event of the most expensive size against the cheapest. */
const FLAT = 1.5

export async function benchSimulate(folder: string, options: { readonly long: boolean }): Promise<boolean> {
  const figures: Figure[] = [
    ...['E', 'F', 'K'].map((strategy): Figure => {
      const { events, cpuNs } = bestAlone({ spec: { scenario: 'SC1', strategy }, recorded: true, runs: RUNS })
      const bound = { kind: 'min', value: 3 } as const
      return { what: `SC1 under ${strategy}, recorded into columns`, value: (events / cpuNs) * 1e3, unit: 'M/s', bound }
    }),
    ...byTasks({ scenario: 'SC1', strategy: 'F' }, 'SC1 under F'),
    ...byTasks({ scenario: 'SC1', strategy: 'K' }, 'SC1 under K'),
    ...byTasks(ALONE, 'SC1 under K, mapped blocks (nobody waits)'),
    ...byLength(options.long ? [1e5, 1e6, 1e7, 1e8] : [1e5, 1e6, 1e7]),
    ...againstSimPy(),
    ...(await endToEnd(folder)),
  ]
  return printFigures('simulation', figures)
}

/** The same events however many tasks there are: what grows then is what memory costs. */
const ALONE: RunSpec = {
  scenario: 'SC1',
  strategy: 'K',
  params: { blocks: 'mapped', fileMiB: 64, commitMs: 5 },
  ops: 40_000,
}

/** On holes there is also more to record with more tasks: a release under which sixteen wait is sixteen rows more. */
function byTasks(spec: RunSpec, what: string): Figure[] {
  const rounds = Array.from({ length: ROUNDS }, () =>
    TASKS.map((threads) =>
      bestAlone({ spec: { ...spec, params: { ...spec.params, threads } }, recorded: true, runs: RUNS }),
    ),
  )
  const runs = TASKS.map((_, i) => quickest(rounds.map((round) => round[i])))
  const costs = runs.map(({ cpuNs, events }) => cpuNs / events)
  const edges = runs.map(({ rows, events }) => (rows.waitEdge ?? 0) / events)
  const perRow = runs.map(({ cpuNs, events, rows }) => cpuNs / Object.values(rows).reduce((sum, n) => sum + n, events))
  return [
    ...TASKS.map((threads, i) => ({
      what: `${what}, ${threads} tasks: per event`,
      value: costs[i],
      unit: 'ns',
    })),
    { what: `  wait edges per event, ${TASKS.at(-1)} tasks`, value: edges[edges.length - 1], unit: '' },
    {
      what: '  dearest against cheapest',
      value: spread(costs),
      unit: 'x',
      bound: { kind: 'max', value: FLAT },
    },
    { what: '  the same per row of any table, events included', value: spread(perRow), unit: 'x' },
  ]
}

function quickest(runs: readonly Alone[]): Alone {
  return runs.reduce((best, run) => (run.cpuNs < best.cpuNs ? run : best))
}

function spread(costs: readonly number[]): number {
  return Math.max(...costs) / Math.min(...costs)
}

/** Mapped blocks are faulted again and again, so a run is as long as one likes. The recorded trace is dropped batch by batch. */
function byLength(lengths: readonly number[]): Figure[] {
  const spec = {
    scenario: 'SC1',
    strategy: 'K',
    params: { blocks: 'mapped', fileMiB: 64, commitMs: 5, durationMs: 60_000 },
  }
  best({ ...spec, ops: 20_000 }, { recorded: true }, 2)
  const perOp = runOnce({ ...spec, ops: 1_000 }, { recorded: true }).events / 1_000
  const figures: Figure[] = []
  const costs: number[] = []
  const resident: number[] = []
  for (const length of lengths) {
    let peak = 0
    const { events, cpuNs, result } = runOnce(
      { ...spec, ops: Math.round(length / perOp) },
      { recorded: true, onSlice: () => (peak = Math.max(peak, process.memoryUsage.rss())) },
    )
    costs.push(cpuNs / events)
    resident.push(peak / 2 ** 20)
    figures.push(
      {
        what: `${(events / 1e6).toFixed(1)} M events, digest ${result.digest}: per event`,
        value: cpuNs / events,
        unit: 'ns',
      },
      { what: '  resident', value: peak / 2 ** 20, unit: 'MiB' },
    )
  }
  const last = lengths.length - 1
  figures.push(
    {
      what: '  longest against 1 M: per event',
      value: costs[last] / costs[1],
      unit: 'x',
      bound: { kind: 'max', value: 1.25 },
    },
    {
      what: '  longest against 1 M: resident',
      value: resident[last] / resident[1],
      unit: 'x',
      bound: { kind: 'max', value: 1.5 },
    },
  )
  return figures
}

async function endToEnd(folder: string): Promise<Figure[]> {
  const short = await stored(folder, 50)
  const long = await stored(folder, 600)
  return [
    { what: 'end to end into SQLite', value: long.rate / 1e6, unit: 'M/s', bound: { kind: 'min', value: 1 } },
    { what: `memory for ${Math.round(short.events / 1e5) / 10} M events`, value: short.peakMiB ?? NaN, unit: 'MiB' },
    { what: `memory for ${Math.round(long.events / 1e5) / 10} M events`, value: long.peakMiB ?? NaN, unit: 'MiB' },
  ]
}

async function stored(folder: string, durationMs: number) {
  const out = join(folder, 'bench.faultline')
  const args = ['simulate', '--scenario', 'SC1', '--strategy', 'E', '--set', `durationMs=${durationMs}`, '--out', out]
  const { stdout, peakMiB } = await measure(process.execPath, [FAULTLINE, ...args, '--json', '--force'])
  rmSync(out)
  const { events, wallMs } = JSON.parse(stdout) as { events: number; wallMs: number }
  return { events, rate: (events / wallMs) * 1000, peakMiB }
}
