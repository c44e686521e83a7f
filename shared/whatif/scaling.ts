/**
 * The same workload on more CPUs: how a recorded workload grows with the machine, and what its throughput over CPUs says:
 * where more CPUs stop paying (the knee), with an interval over seeds, and a fit of the universal scalability law. The fit
 * describes; the knee is found without it, because a lock that serialises saturates more sharply than the law bends. It
 * runs nothing.
 */

import { limits } from '../base/limits.ts'
import type { ScalabilityFit, ScalingPoint, ScalingStrategy } from '../contract/whatif.ts'
import { PARTS } from './demands.ts'
import type { Pilot } from './pace.ts'
import { bootstrap, estimate, meanOf } from './statistics.ts'
import { FEWEST, wholePoints } from './whole-points.ts'
import { decimalText, rateText } from './words.ts'
import { opsFrom, type Workload, type WorkloadTask } from './workload.ts'

export const SCALING_METHOD =
  'Knee: where the steepest ray from the origin to a measured point meets the highest measured throughput (the asymptotes of closed queueing networks, Denning and Buzen 1978); its interval is a bootstrap over seeds. Universal scalability law (Gunther 1993): least squares of relative errors, coefficients not negative.'

export interface Grown {
  readonly workload: Workload
  readonly pilot: Pilot
}

/**
 * The workload on a machine of `cpus`: closed tasks in the same proportions, as many as its share of the recorded machine's;
 * open tasks stay, for what drives them is outside. Threads of one process stay threads of it, processes of their own get
 * copies. All tasks together do at most `limits.scalingOps` operations. Where that is a part of each task's own, its copies
 * take parts that begin evenly over it: on every machine the mix of operations is that of the recording.
 */
export function grown({ workload, pilot }: Grown, cpus: number): Grown {
  const closed = indices(workload.tasks, 'closed')
  const wanted = closed.length === 0 ? 0 : Math.max(1, Math.round((closed.length * cpus) / workload.cpus))
  const picked = [...indices(workload.tasks, 'open'), ...spreadOver(closed, wanted)]
  const most = Math.max(1, Math.floor(limits.scalingOps / picked.length))
  const threadsOf = new Map<number, number>()
  for (const { mm } of workload.tasks) threadsOf.set(mm, (threadsOf.get(mm) ?? 0) + 1)
  const seen = new Map<number, number>()
  const froms: number[] = []
  let newMm = Math.max(0, ...workload.tasks.map(({ mm }) => mm))
  const tasks = picked.map((at): WorkloadTask => {
    const task = workload.tasks[at]
    const copy = seen.get(at) ?? 0
    seen.set(at, copy + 1)
    const mm = copy > 0 && threadsOf.get(task.mm) === 1 ? ++newMm : task.mm
    const copies = picked.reduce((count, other) => count + (other === at ? 1 : 0), 0)
    const from = Math.floor((Math.max(0, task.ops.length - most) * copy) / Math.max(1, copies - 1))
    froms.push(from)
    return { ...opsFrom(task, from, most), mm }
  })
  return {
    workload: { ...workload, cpus, tasks },
    pilot: picked.map((at, i) => pilot[at].subarray(froms[i] * PARTS.length, (froms[i] + most) * PARTS.length)),
  }
}

function indices(tasks: readonly WorkloadTask[], arrival: WorkloadTask['arrival']): number[] {
  return tasks.flatMap((task, i) => (task.arrival === arrival ? [i] : []))
}

/** `count` of a list, every kind as often as it comes: evenly over the list, and round and round. */
function spreadOver(list: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    count < list.length ? list[Math.floor((i * list.length) / count)] : list[i % list.length],
  )
}

/** Throughput of one strategy: by number of CPUs, by seed. */
export interface ScaledRuns {
  readonly cpus: number
  readonly tasks: number
  readonly opsPerSecond: readonly number[]
  /** By seed: it ended early, because everything waited for everything. */
  readonly deadlocked: readonly boolean[]
  /** Runs that did all there was to do, or whose rate needs no end. */
  readonly whole: boolean
}

export function scalingOf(id: string, runs: readonly ScaledRuns[]): ScalingStrategy {
  const points = runs.map(pointOf)
  const usable = wholePoints(points)
  const stuck = stuckWords(runs)
  if (usable.length < FEWEST) {
    const none = `${id}: too few sizes came to their end to say how far it scales.${stuck}`
    return { id, points, knee: null, kneeCi95: null, fit: null, words: none }
  }
  const knee = kneeOf(usable.map(({ cpus, opsPerSecond }) => [cpus, opsPerSecond]))
  const kneeCi95 = kneeInterval(runs.slice(0, usable.length))
  const fit = fitOf(usable)
  const begun = points.filter((point) => !point.whole)
  return {
    id,
    points,
    knee: knee ?? null,
    kneeCi95,
    fit,
    words: words({ id, points: usable, begun, knee, kneeCi95, fit }) + stuck,
  }
}

/** A run that ended in a deadlock mostly did the part before it hurt: its rate counts only where there is no other. */
function pointOf({ cpus, tasks, opsPerSecond, deadlocked, whole }: ScaledRuns): ScalingPoint {
  const ended = opsPerSecond.filter((_, seed) => !deadlocked[seed])
  const stuck = ended.length === 0
  const { mean, ci95 } = estimate(stuck ? opsPerSecond : ended)
  const deadlocks = opsPerSecond.length - ended.length
  return { cpus, tasks, opsPerSecond: mean, ci95: stuck ? null : (ci95 ?? null), whole, deadlocks, stuck }
}

function stuckWords(runs: readonly ScaledRuns[]): string {
  const all = runs.flatMap(({ deadlocked }) => deadlocked)
  const stuck = all.filter((one) => one).length
  return stuck === 0 ? '' : ` ${stuck} of ${all.length} runs ended in a deadlock and are left out.`
}

type Curve = readonly (readonly [cpus: number, opsPerSecond: number])[]

/** More than this part of what twice the CPUs could give, and the curve still rises. */
const STILL_RISES = 0.25

/** Undefined: throughput still rises at the largest machine. */
export function kneeOf(curve: Curve): number | undefined {
  const steepest = Math.max(...curve.map(([cpus, rate]) => rate / cpus))
  const highest = Math.max(...curve.map(([, rate]) => rate))
  const last = curve.at(-1)
  const before = curve.at(-2)
  if (last === undefined || before === undefined || !(steepest > 0)) return undefined
  const gain = (last[1] / before[1] - 1) / (last[0] / before[0] - 1)
  if (last[1] === highest && gain > STILL_RISES) return undefined
  return highest / steepest
}

function kneeInterval(runs: readonly ScaledRuns[]): ScalingStrategy['kneeCi95'] {
  // A curve of one seed has all its sizes.
  const all = Array.from({ length: Math.min(...runs.map(({ opsPerSecond }) => opsPerSecond.length)) }, (_, i) => i)
  const seeds = all.filter((seed) => runs.every(({ deadlocked }) => !deadlocked[seed]))
  const beyond = 2 * Math.max(...runs.map(({ cpus }) => cpus))
  const interval = bootstrap(seeds.length, (pick) => {
    const curve = runs.map(({ cpus, opsPerSecond }) => {
      let sum = 0
      for (let i = 0; i < seeds.length; i++) sum += opsPerSecond[seeds[pick(i)]]
      return [cpus, sum / seeds.length] as const
    })
    return kneeOf(curve) ?? beyond
  })
  if (interval === undefined || interval[0] === beyond) return null
  return [interval[0], interval[1] === beyond ? null : interval[1]]
}

/** 1/throughput per CPU is linear in 1, N-1 and N(N-1): the best of the fits whose coefficients are not negative. */
export function fitOf(points: readonly Pick<ScalingPoint, 'cpus' | 'opsPerSecond'>[]): ScalabilityFit | null {
  const usable = points.filter(({ opsPerSecond }) => opsPerSecond > 0)
  if (usable.length < FEWEST) return null
  const terms = (cpus: number) => [1, cpus - 1, cpus * (cpus - 1)]
  let best: ScalabilityFit | null = null
  for (const chosen of [[0], [0, 1], [0, 2], [0, 1, 2]]) {
    const rows = usable.map(({ cpus, opsPerSecond }) => {
      const target = cpus / opsPerSecond
      // Divided by the target: errors count relative to the point.
      return chosen.map((term) => terms(cpus)[term] / target)
    })
    const solved = leastSquares(rows)
    if (solved === undefined || solved.some((value) => value < 0) || !(solved[0] > 0)) continue
    const [a, b, c] = [0, 1, 2].map((term) => solved[chosen.indexOf(term)] ?? 0)
    const fit = lawOf({ unit: 1 / a, contention: b / a, coherency: c / a }, usable)
    if (best === null || fit.error < best.error) best = fit
  }
  return best
}

function lawOf(
  law: Pick<ScalabilityFit, 'unit' | 'contention' | 'coherency'>,
  points: readonly Pick<ScalingPoint, 'cpus' | 'opsPerSecond'>[],
): ScalabilityFit {
  const { contention, coherency } = law
  const squares = points.map(({ cpus, opsPerSecond }) => (throughputOf(law, cpus) / opsPerSecond - 1) ** 2)
  return {
    ...law,
    peak: coherency > 0 && contention < 1 ? Math.sqrt((1 - contention) / coherency) : null,
    error: Math.sqrt(meanOf(squares)),
  }
}

export function throughputOf(
  { unit, contention, coherency }: Pick<ScalabilityFit, 'unit' | 'contention' | 'coherency'>,
  cpus: number,
): number {
  return (unit * cpus) / (1 + contention * (cpus - 1) + coherency * cpus * (cpus - 1))
}

/** Coefficients x that bring rows·x nearest to 1, from the normal equations; undefined where rows do not decide them. */
function leastSquares(rows: readonly (readonly number[])[]): number[] | undefined {
  const n = rows[0].length
  const matrix = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (_, j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0)),
    rows.reduce((sum, row) => sum + row[i], 0),
  ])
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(matrix[row][column]) > Math.abs(matrix[pivot][column])) pivot = row
    }
    if (matrix[pivot][column] === 0) return undefined
    ;[matrix[column], matrix[pivot]] = [matrix[pivot], matrix[column]]
    for (let row = 0; row < n; row++) {
      if (row === column) continue
      const factor = matrix[row][column] / matrix[column][column]
      for (let at = column; at <= n; at++) matrix[row][at] -= factor * matrix[column][at]
    }
  }
  return matrix.map((row, i) => row[n] / row[i])
}

interface Finding {
  readonly id: string
  readonly points: readonly ScalingPoint[]
  /** Points that are no whole runs. */
  readonly begun: readonly ScalingPoint[]
  readonly knee: number | undefined
  readonly kneeCi95: ScalingStrategy['kneeCi95']
  readonly fit: ScalabilityFit | null
}

function words({ begun, ...finding }: Finding): string {
  const sizes = begun.map(({ cpus }) => cpus).join(', ')
  if (begun.length === 0) return sentence(finding)
  const so = finding.points.every(({ whole }) => whole) ? 'nothing is concluded from them' : 'so is all of this'
  return `${sentence(finding)} At ${sizes} CPUs runs ended at their budget with operations left: those rates are of the beginning alone, and ${so}.`
}

function sentence({ id, points, knee, kneeCi95, fit }: Omit<Finding, 'begun'>): string {
  const best = points.reduce((most, point) => (point.opsPerSecond > most.opsPerSecond ? point : most))
  const top = `${id}: highest at ${best.cpus} CPUs with ${rateText(best.opsPerSecond)}`
  const share = (value: number) => `${decimalText(value * 100, value < 0.001 ? 3 : 1)} %`
  const law =
    fit === null
      ? ''
      : `; contention ${share(fit.contention)}, coherency ${share(fit.coherency)} (fit off by ${share(fit.error)})`
  if (knee === undefined) return `${top}, still rising${law}.`
  const [low, high] = kneeCi95 ?? []
  const range =
    low === undefined
      ? 'too few seeds for an interval'
      : `95 % interval ${decimalText(low, 1)} to ${high === null || high === undefined ? 'beyond the largest' : decimalText(high, 1)}`
  return `${top}; knee at ${decimalText(knee, 1)} CPUs (${range})${law}.`
}
