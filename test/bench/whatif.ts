/**
 * How well replays under today's strategy match recorded traces: each figure's mean over seeds, its error and the range of
 * single replays, kind by kind and lock by lock; and how long a
 * what-if takes: a real trace made as long as 10^5 operations, five strategies, ten seeds. Ratios and CPU time count; wall
 * time is of this machine.
 */

import { Partials } from '#electron/engine/compare-partial.ts'
import { replayAll } from '#electron/engine/whatif-replays.ts'
import { pilot, run } from '#electron/engine/whatif-run.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { Trace } from '#shared/model/trace.ts'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import type { RunFigures } from '#shared/whatif/figures.ts'
import { errorWords } from '#shared/whatif/words.ts'
import { operations, workloadOf, type Workload } from '#shared/whatif/workload.ts'
import { readCorpus } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'
import { repeated } from '../support/repeated-workload.ts'
import { printFigures, quantile } from './measure.ts'

const TRACES = [
  'dax/dax-ext4-medium',
  'dax/dax-ext4-small',
  'dax/dax-ext2-small',
  'dax/dax-xfs-small',
  'dax/dax-ext4-lockstat',
  'nolockdep/nl-dax-ext4-medium',
  'nolockdep/nl-dax-ext4-small',
  'nolockdep/nl-dax-ext4-faultheavy',
  'host/small2-ext4',
  'host/medium-ext4',
  'backtest/ext4-rrrwww-u0.A1',
  'backtest/ext4-rrrwww-u50.A1',
  'backtest/ext4-rrrwww-u200.A1',
]
/** Fewer operations than this are a glance at a trace: its figures are printed and not counted. */
const ENOUGH = 1_000
const STRATEGIES = ['K', 'K,guardMode=exclusive', 'G', 'H1', 'E']
const SEEDS = 10
/** Single replays of convoys differ by a half: with fewer, the error of their mean would be counted as the model's. */
const REPLAYS = 48
const OPS = 100_000

interface Errors {
  readonly p50: number[]
  readonly p99: number[]
  readonly waits: number[]
}

export async function benchWhatIf(): Promise<boolean> {
  const errors: Errors = { p50: [], p99: [], waits: [] }
  for (const name of TRACES) await matchOf(name, errors)
  const matched = printFigures(`fidelity, median over kinds and locks of traces with ${ENOUGH} operations and more`, [
    { what: 'error of p50', value: middle(errors.p50) * 100, unit: '%', bound: { kind: 'max', value: 10 } },
    { what: 'error of p99', value: middle(errors.p99) * 100, unit: '%', bound: { kind: 'max', value: 25 } },
    {
      what: 'error of the longest three lock waits',
      value: middle(errors.waits) * 100,
      unit: '%',
      bound: { kind: 'max', value: 25 },
    },
  ])
  return (await benchSpeed()) && matched
}

/** One replay is chaotic, so what counts is the mean of several that differ by less than a trace's microsecond. */
async function matchOf(name: string, errors: Errors): Promise<void> {
  const { trace } = importText(readCorpus(`${name}.trace.txt`))
  const workload = workloadIn(trace)
  if (typeof workload === 'string') return console.log(`\n${name}: ${workload}`)
  const spec = { workload, pilot: pilot({ workload, strategy: 'K' }), strategy: 'K', baseline: 'K' } as const
  const runs: RunFigures[] = []
  for (let seed = 1; seed <= REPLAYS; seed++) runs.push((await run({ ...spec, seed, demands: 'exact' })).figures)
  const { rows, ...found } = fidelityOf(trace, runs)
  const ops = operations(workload)
  console.log(`\n${name}: ${ops} operations, ${workload.tasks.length} tasks, ${workload.cpus} CPUs, ${workload.fs}`)
  for (const { of, figure, count, recordedNs, replayedNs, seedsNs, error } of rows) {
    const alone = recordedNs === null ? undefined : seedsNs?.map((ns) => percent(ns / recordedNs - 1))
    const range = alone?.join(' to ') ?? ''
    console.log(
      `  ${of.padEnd(18)} ${figure.padEnd(10)} ${String(count).padStart(6)} ${us(recordedNs)} ${us(replayedNs)} ${percent(error)} ${range}`,
    )
    if (ops < ENOUGH || error === null) continue
    if (figure === 'p50') errors.p50.push(Math.abs(error))
    if (figure === 'p99') errors.p99.push(Math.abs(error))
    if (figure === 'waitTotal') errors.waits.push(Math.abs(error))
  }
  console.log(`  median error: ${errorWords(found)}`)
}

function middle(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Or why there is none: a trace of lock events alone. */
function workloadIn(trace: Trace): Workload | string {
  try {
    return workloadOf(trace)
  } catch (error) {
    if (error instanceof ApiError) return error.message
    throw error
  }
}

/** As the job does it, in a pool of threads: CPU time of all of them counts, wall time is of this machine. */
async function benchSpeed(): Promise<boolean> {
  const started = { cpu: process.cpuUsage(), wall: performance.now() }
  const lap = () => ({ cpu: cpuSeconds(started.cpu), wall: (performance.now() - started.wall) / 1e3 })
  const { trace } = importText(readCorpus('dax/dax-ext4-medium.trace.txt'))
  const workload = repeated(workloadOf(trace), OPS)
  const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1)
  const plan = { workload, strategies: STRATEGIES, baseline: 'K', seeds }
  let first: ReturnType<typeof lap> | undefined
  await replayAll(
    plan,
    {
      signal: new AbortController().signal,
      onProgress: ({ partial }) => {
        if (partial !== undefined) first ??= lap()
      },
    },
    new Partials(plan),
  )
  const all = lap()
  return printFigures(
    `what-if of ${operations(workload)} operations, ${STRATEGIES.length} strategies, ${SEEDS} seeds`,
    [
      { what: 'CPU time to the first row', value: first?.cpu ?? NaN, unit: 's', bound: { kind: 'max', value: 3 } },
      { what: 'wall time to the first row', value: first?.wall ?? NaN, unit: 's' },
      { what: 'CPU time of all, half of it', value: all.cpu / 2, unit: 's', bound: { kind: 'max', value: 60 } },
      { what: 'wall time of all', value: all.wall, unit: 's' },
    ],
  )
}

function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

function us(ns: number | null): string {
  return (ns === null ? '-' : (ns / 1e3).toFixed(0)).padStart(10)
}

function percent(error: number | null): string {
  return (error === null ? '-' : `${(error * 100).toFixed(1)} %`).padStart(10)
}
