/**
 * What a shorter or longer hold would buy: the work done under one lock, in one phase, is made cheaper or dearer while
 * everything else stays as it is, and the whole run is simulated again. Here is how a run is watched and changed, and what
 * its figures come to: curves, slopes with intervals, and a sentence. Waiting is never changed: it is what comes out. A
 * phase counts with everything inside it, so `map_blocks` holds the `alloc` it does. It runs nothing itself.
 */

import type { SensitivityLock, SensitivityPoint, SensitivityRow } from '../contract/whatif.ts'
import type { Ns } from '../model/trace.ts'
import type { LockMode } from '../sim/locks.ts'
import { PHASES } from '../sim/phases.ts'
import { silent, type SimSink } from '../sim/sink.ts'
import type { SimTask } from '../sim/task.ts'
import type { World } from '../sim/world.ts'
import { wholePairs } from './side-by-side.ts'
import { compare, estimate, estimateSigned, meanOf, tellsFromNone } from './statistics.ts'
import { decimalText, intervalText } from './words.ts'

/** The phase of a row that is about all of a lock's hold time. */
export const WHOLE_HOLD = '(whole hold)'

/** Shares of a hold's work to add or take away, coarse and fine; 0 is the run as it is. */
export const CHANGES = {
  coarse: [-1, -0.5, 0.5, 1],
  fine: [-1, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1],
} as const
/** The slope is taken where the curve is nearly straight. */
const STRAIGHT = 0.5

/** Work inside one phase while one lock class is held in one mode. */
export interface Hold {
  readonly class: string
  readonly mode: LockMode
  readonly phase: string
  /** Other locks that are held over the same work. */
  readonly alsoUnder: readonly string[]
}

export interface HoldWork extends Omit<Hold, 'alsoUnder'> {
  readonly ns: Ns
}

/** Which phases each task is in: the kernel tells its sink and keeps none itself. */
class PhaseStacks {
  readonly #stacks: number[][] = []
  readonly sink: SimSink = {
    ...silent,
    phaseBegin: (task, phase) => void (this.#stacks[task.id] ??= []).push(phase),
    phaseEnd: (task) => void this.#stacks[task.id].pop(),
  }

  of(task: SimTask): readonly number[] {
    return (this.#stacks[task.id] ??= [])
  }
}

/** A sink and what to do with the world before it starts. */
export interface Experiment {
  readonly sink: SimSink
  readonly onStart: (world: World) => void
}

/** Adds up the work under every lock by phase; changes nothing. */
export function watchHolds(): Experiment & { readonly work: () => readonly HoldWork[] } {
  const stacks = new PhaseStacks()
  const names: { readonly class: string; readonly mode: LockMode }[] = []
  const sums: Float64Array[] = []
  const add = (task: SimTask, ns: Ns): Ns => {
    const { held } = task
    for (let i = 0; i < held.length; i++) {
      const { lock, mode } = held[i]
      if (held.findIndex((one) => one.lock.className === lock.className && one.mode === mode) < i) continue
      const key = lock.classNumber * 2 + (mode === 'shared' ? 1 : 0)
      names[key] ??= { class: lock.className, mode }
      const sum = (sums[key] ??= new Float64Array(PHASES.length + 1))
      sum[PHASES.length] += ns
      const phases = stacks.of(task)
      for (let at = 0; at < phases.length; at++) if (phases.indexOf(phases[at]) === at) sum[phases[at]] += ns
    }
    return ns
  }
  return {
    sink: stacks.sink,
    onStart: ({ k }) => void (k.stretch = add),
    work: () =>
      sums.flatMap((sum, key) =>
        [...sum].flatMap((ns, phase) => (ns > 0 ? [{ ...names[key], phase: PHASES[phase] ?? WHOLE_HOLD, ns }] : [])),
      ),
  }
}

/** Makes the work of one hold `change` longer: -1 takes it away, 1 doubles it. */
export function stretchHold(hold: Hold, change: number): Experiment {
  const stacks = new PhaseStacks()
  const phase = PHASES.findIndex((name) => name === hold.phase)
  const concerns = (task: SimTask) =>
    task.held.some(({ lock, mode }) => lock.className === hold.class && mode === hold.mode) &&
    (phase === -1 || stacks.of(task).includes(phase))
  return {
    sink: stacks.sink,
    onStart: ({ k }) => void (k.stretch = (task, ns) => (concerns(task) ? Math.round(ns * (1 + change)) : ns)),
  }
}

/** Least share of a lock's hold work that makes a phase worth asking about. */
const WORTH = 0.02
/** Work under two locks that differs by less is the same work. */
const SAME = 0.01

export interface Waits {
  readonly class: string
  readonly waitTotalNs: Ns
}

/**
 * What to ask about: each lock that somebody waited for, as a whole and by phase, most work first. A lock nobody waits for
 * only surrounds others: shrinking "its" hold is shrinking theirs. Where no lock was waited for, all are asked about. The
 * same work under several locks is one question, named after the lock waited for longest.
 */
export function holdsToVary(
  work: readonly HoldWork[],
  { waits, most }: { readonly waits: readonly Waits[]; readonly most: number },
): readonly Hold[] {
  const waited = new Map(waits.map((one) => [one.class, one.waitTotalNs]))
  const wait = (one: HoldWork) => waited.get(one.class) ?? 0
  const whole = new Map(work.filter(({ phase }) => phase === WHOLE_HOLD).map((one) => [keyOf(one), one.ns]))
  const contended = work.filter((one) => wait(one) > 0)
  const worth = (contended.length > 0 ? contended : work)
    .filter((one) => one.ns >= (whole.get(keyOf(one)) ?? 0) * WORTH)
    .sort((a, b) => wait(b) - wait(a) || b.ns - a.ns)
  const kept: (HoldWork & { readonly alsoUnder: string[] })[] = []
  for (const one of worth) {
    const same = kept.find(({ phase, ns }) => phase === one.phase && Math.abs(ns - one.ns) <= SAME * ns)
    if (same === undefined) kept.push({ ...one, alsoUnder: [] })
    else if (same.class !== one.class) same.alsoUnder.push(one.class)
  }
  return kept
    .sort((a, b) => b.ns - a.ns || Number(b.phase === WHOLE_HOLD) - Number(a.phase === WHOLE_HOLD))
    .slice(0, most)
    .map(({ class: name, mode, phase, alsoUnder }) => ({ class: name, mode, phase, alsoUnder }))
}

function keyOf({ class: name, mode }: Pick<Hold, 'class' | 'mode'>): string {
  return `${name}\0${mode}`
}

/** Of one run; `meanNs` and the percentiles of the operation the question is about. */
export interface RunPoint {
  /** It ended early, because everything waited for everything: what it did is no measure of anything. */
  readonly deadlocked: boolean
  readonly opsPerSecond: number
  readonly meanNs: number | null
  readonly p50Ns: number | null
  readonly p99Ns: number | null
}

/** Runs of one hold: by change, by seed; the changes ascending, without 0. */
export interface VariedRuns {
  readonly hold: Hold
  readonly runs: readonly { readonly change: number; readonly points: readonly RunPoint[] }[]
}

/** `base[i]` has the seed of every `points[i]`. Steepest first; those the sample cannot tell from level last. */
export function sensitivityRows(base: readonly RunPoint[], varied: readonly VariedRuns[]): SensitivityRow[] {
  const rows = varied.map(({ hold, runs }): SensitivityRow => {
    const all = [...runs, { change: 0, points: base }].sort((a, b) => a.change - b.change)
    const slopes = base.map((_, seed) => slopeOf(all, base, seed, ({ opsPerSecond }) => opsPerSecond))
    const latency = base.map((_, seed) => slopeOf(all, base, seed, ({ meanNs }) => meanNs))
    const known = slopes.filter((slope) => slope !== undefined)
    const { mean, ci95 } = estimateSigned(known)
    const later = latency.filter((slope) => slope !== undefined)
    return {
      ...hold,
      slope: Number.isFinite(mean) ? mean : null,
      slopeCi95: ci95 ?? null,
      enough: tellsFromNone(known),
      latencySlope: later.length === 0 ? null : meanOf(later),
      curve: all.map(({ change, points }) => pointOf(change, points, base)),
    }
  })
  return rows.sort((a, b) => Number(b.enough) - Number(a.enough) || Math.abs(b.slope ?? 0) - Math.abs(a.slope ?? 0))
}

interface Varied {
  readonly change: number
  readonly points: readonly RunPoint[]
}

/**
 * Relative change of a figure per doubling of the hold, by least squares through the run as it is. Undefined where one of the
 * seed's runs ended in a deadlock.
 */
function slopeOf(
  all: readonly Varied[],
  base: readonly RunPoint[],
  seed: number,
  figure: (point: RunPoint) => number | null,
): number | undefined {
  const from = figure(base[seed])
  if (base[seed].deadlocked) return undefined
  if (from === null || from === 0) return undefined
  let sum = 0
  let squares = 0
  for (const { change, points } of all) {
    const value = figure(points[seed])
    if (Math.abs(change) > STRAIGHT || value === null) continue
    if (points[seed].deadlocked) return undefined
    sum += change * (value / from - 1)
    squares += change * change
  }
  return squares === 0 ? undefined : sum / squares
}

function pointOf(change: number, points: readonly RunPoint[], base: readonly RunPoint[]): SensitivityPoint {
  const rates = (list: readonly RunPoint[]) => list.map(({ opsPerSecond }) => opsPerSecond)
  const ended = points.filter(({ deadlocked }) => !deadlocked)
  const stuck = ended.length === 0
  const { mean, ci95 } = estimate(rates(stuck ? points : ended))
  const [these, those] = wholePairs(points, base)
  const against = compare(rates(these), rates(those))
  return {
    change,
    opsPerSecond: mean,
    p50Ns: known(ended.map(({ p50Ns }) => p50Ns)),
    p99Ns: known(ended.map(({ p99Ns }) => p99Ns)),
    ci95: stuck ? null : (ci95 ?? null),
    ratio: Number.isFinite(against.ratio) ? against.ratio : null,
    ratioCi95: against.ci95 ?? null,
    deadlocks: points.length - ended.length,
  }
}

function known(values: readonly (number | null)[]): number | null {
  const there = values.filter((value) => value !== null)
  return there.length === 0 ? null : Math.round(meanOf(there))
}

/** Locks by slope, with their place by waiting beside it: the two often differ. */
export function lockRanking(rows: readonly SensitivityRow[], waits: readonly Waits[]): SensitivityLock[] {
  const byWait = [...waits].sort((a, b) => b.waitTotalNs - a.waitTotalNs)
  return rows
    .filter(({ phase }) => phase === WHOLE_HOLD)
    .map(({ class: name, mode, slope, enough }) => {
      const at = byWait.findIndex((one) => one.class === name && one.waitTotalNs > 0)
      return {
        class: name,
        mode,
        slope,
        enough,
        waitTotalNs: at === -1 ? 0 : byWait[at].waitTotalNs,
        waitRank: at === -1 ? null : at + 1,
      }
    })
}

/** `map_blocks under i_mmap_mutex: taken away, throughput is 1.42 × …` */
export function sensitivityWords(row: SensitivityRow): string {
  const deadlocks = row.curve.reduce((sum, point) => sum + point.deadlocks, 0)
  const ended = deadlocks === 1 ? 'run that ended in a deadlock is' : 'runs that ended in a deadlock are'
  return deadlocks === 0 ? effectWords(row) : `${effectWords(row)} ${deadlocks} ${ended} left out.`
}

function effectWords(row: SensitivityRow): string {
  const { class: name, mode, phase, alsoUnder, curve, enough } = row
  const also = alsoUnder.length === 0 ? '' : `, also under ${alsoUnder.join(' and ')}`
  const what = `${phase === WHOLE_HOLD ? 'All work' : phase} under ${name} (${mode}${also})`
  const gone = curve.find(({ change }) => change === -1)
  const half = curve.find(({ change }) => change === -STRAIGHT)
  if (gone === undefined || half === undefined) return `${what}: nothing was varied.`
  if (row.slope === null) return `${what}: no seed has runs that all came to their end, so nothing can be told.`
  if (!enough) {
    const why =
      gone.ratioCi95 === null
        ? 'too few seeds to tell what shrinking it does'
        : 'shrinking it changes throughput too little to tell'
    return `${what}: ${why} (without it ${times(gone.ratio)}, 95 % interval ${range(gone)}).`
  }
  return `${what}: without it throughput is ${times(gone.ratio)} (95 % interval ${range(gone)}); half of it gives ${times(half.ratio)} (${range(half)}).`
}

/** As fine as the interval beside it. */
function times(ratio: number | null): string {
  return ratio === null ? '–' : `${decimalText(ratio, 3)} ×`
}

function range({ ratioCi95 }: SensitivityPoint): string {
  return intervalText(ratioCi95, (value) => decimalText(value, 3))
}
