/**
 * How well replays under today's strategy match recorded traces, per trace and with each figure's error, and how long a
 * what-if takes: a real trace made as long as 10^5 operations, five strategies, ten seeds. Ratios and CPU time count; wall
 * time is of this machine.
 */

import { pilot, run } from '#electron/engine/whatif-run.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { Trace } from '#shared/model/trace.ts'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import { workloadOf, type Workload, type WorkloadTask } from '#shared/whatif/workload.ts'
import { readCorpus } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'
import { median, printFigures } from './measure.ts'

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
const OPS = 100_000

export async function benchWhatIf(): Promise<boolean> {
  const errors: { readonly p50: number[]; readonly p99: number[]; readonly waits: number[] } = {
    p50: [],
    p99: [],
    waits: [],
  }
  for (const name of TRACES) {
    const { trace } = importText(readCorpus(`${name}.trace.txt`))
    const workload = workloadIn(trace)
    if (typeof workload === 'string') {
      console.log(`\n${name}: ${workload}`)
      continue
    }
    const nominal = pilot({ workload, strategy: 'K' })
    const spec = { workload, pilot: nominal, strategy: 'K', baseline: 'K' } as const
    const one = await run({ ...spec, seed: 1, demands: 'exact' })
    const { rows, ...medians } = fidelityOf(trace, [one.figures])
    const ops = operations(workload)
    console.log(`\n${name}: ${ops} operations, ${workload.tasks.length} tasks, ${workload.cpus} CPUs, ${workload.fs}`)
    for (const { of, figure, count, recordedNs, replayedNs, error } of rows) {
      console.log(
        `  ${of.padEnd(18)} ${figure.padEnd(10)} ${String(count).padStart(6)} ${us(recordedNs)} ${us(replayedNs)} ${percent(error)}`,
      )
    }
    const { medianErrorP50, medianErrorP99, medianErrorWaits } = medians
    console.log(
      `  median error: p50 ${percent(medianErrorP50)}, p99 ${percent(medianErrorP99)}, waits ${percent(medianErrorWaits)}`,
    )
    if (ops < ENOUGH) continue
    errors.p50.push(medianErrorP50 ?? NaN)
    errors.p99.push(medianErrorP99 ?? NaN)
    if (medianErrorWaits !== null) errors.waits.push(medianErrorWaits)
  }
  const matched = printFigures(`fidelity, median of traces with ${ENOUGH} operations and more`, [
    { what: 'error of p50', value: median(errors.p50) * 100, unit: '%', bound: { kind: 'max', value: 10 } },
    { what: 'error of p99', value: median(errors.p99) * 100, unit: '%', bound: { kind: 'max', value: 25 } },
    {
      what: 'error of the longest three lock waits',
      value: median(errors.waits) * 100,
      unit: '%',
      bound: { kind: 'max', value: 25 },
    },
  ])
  return (await benchSpeed()) && matched
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

/** CPU time of one thread; a pool of two needs half of it. */
async function benchSpeed(): Promise<boolean> {
  const { trace } = importText(readCorpus('dax/dax-ext4-medium.trace.txt'))
  const started = process.cpuUsage()
  const workload = repeated(workloadOf(trace), OPS)
  const nominal = pilot({ workload, strategy: 'K' })
  const spec = { workload, pilot: nominal, baseline: 'K', demands: 'drawn' } as const
  await run({ ...spec, strategy: 'K', seed: 1 })
  const first = cpuSeconds(started)
  for (const strategy of STRATEGIES) {
    for (let seed = strategy === 'K' ? 2 : 1; seed <= SEEDS; seed++) await run({ ...spec, strategy, seed })
  }
  const all = cpuSeconds(started)
  return printFigures(
    `what-if of ${operations(workload)} operations, ${STRATEGIES.length} strategies, ${SEEDS} seeds`,
    [
      { what: 'CPU time to the first row', value: first, unit: 's', bound: { kind: 'max', value: 3 } },
      { what: 'CPU time of all, half of it', value: all / 2, unit: 's', bound: { kind: 'max', value: 60 } },
    ],
  )
}

function repeated(workload: Workload, ops: number): Workload {
  const times = Math.ceil(ops / operations(workload))
  const again = (task: WorkloadTask): WorkloadTask => ({
    ...task,
    ops: Array.from({ length: times }, () => task.ops).flat(),
    steps: Array.from({ length: times }, (_, i) =>
      task.steps.map((step) => (typeof step === 'number' ? step + i * task.ops.length : step)),
    ).flat(),
  })
  return { ...workload, durationNs: workload.durationNs * times, tasks: workload.tasks.map(again) }
}

function operations({ tasks }: Workload): number {
  return tasks.reduce((sum, { ops }) => sum + ops.length, 0)
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
