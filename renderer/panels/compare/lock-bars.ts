/**
 * Where the time of an operation goes under each strategy, and how the lock that is waited for most is waited for and
 * held. Colours belong to lock classes, the same for every strategy; classes beyond the palette are "other locks".
 */

import type { CompareResult } from '#shared/contract/simulation.ts'
import { lockStates, type Fill } from '../../theme/kinds.ts'
import type { BarPart, BarRow } from '../../ui/bar-rows.ts'
import { timeText } from '../../ui/format.ts'
import type { LegendEntry } from '../../ui/panel-picture.ts'
import type { TableSpec } from '../../ui/table-spec.ts'

const PALETTE = ['ph-zero', 'ph-getblock', 'ph-unmap', 'ph-commit', 'ph-pte'] as const
const OTHER = 'ph-2'
const WORK = 'ph-1'

export interface LockBars {
  readonly rows: readonly BarRow<number>[]
  readonly legend: readonly LegendEntry[]
  readonly table: TableSpec
}

/** Classes in order of waiting over all strategies, as far as there are colours. */
function namedClasses(result: Pick<CompareResult, 'strategies' | 'baseline'>, op: string): string[] {
  const sums = new Map<string, number>()
  for (const { breakdown } of result.strategies)
    for (const wait of breakdown.find((one) => one.op === op)?.waits ?? [])
      sums.set(wait.class, (sums.get(wait.class) ?? 0) + wait.ns)
  return [...sums]
    .sort((a, b) => b[1] - a[1])
    .slice(0, PALETTE.length)
    .map(([name]) => name)
}

/** Mean time of an operation: waiting per lock class, and the rest. */
export function timeBars(
  result: Pick<CompareResult, 'strategies' | 'baseline'>,
  badges: readonly string[],
  op: string,
): LockBars {
  const classes = namedClasses(result, op)
  const of = result.strategies.map(({ id, breakdown }, position) => {
    const found = breakdown.find((one) => one.op === op)
    const waits = classes.map((name) => found?.waits.find((wait) => wait.class === name)?.ns ?? 0)
    const others = (found?.waits ?? []).filter((wait) => !classes.includes(wait.class)).reduce((a, { ns }) => a + ns, 0)
    return { id, position, badge: badges[position] ?? id, found, waits, others }
  })
  const rows = of.flatMap(({ position, badge, found, waits, others }): BarRow<number>[] => {
    if (found === undefined) return [{ key: position, name: badge, parts: [], figure: 'none finished' }]
    const part = (ns: number, token: string, what: string): BarPart => ({
      size: ns,
      fill: { color: token },
      ink: `${token}-on`,
      label: timeText(ns),
      tip: [what, `${timeText(ns)} of ${timeText(found.meanNs)} on average`],
    })
    const parts = [
      ...waits.map((ns, i) => part(ns, PALETTE[i] ?? OTHER, `waits for ${classes[i]}`)),
      part(others, OTHER, 'waits for other locks'),
      part(found.restNs, WORK, 'works, or waits for no lock'),
    ]
    return [{ key: position, name: badge, parts: parts.filter(({ size }) => size > 0), figure: timeText(found.meanNs) }]
  })
  const anyOther = of.some(({ others }) => others > 0)
  const entry = (label: string, color: string): LegendEntry => ({ label, fill: { color } })
  return {
    rows,
    legend: [
      ...classes.map((name, i) => entry(name, PALETTE[i] ?? OTHER)),
      ...(anyOther ? [entry('other locks', OTHER)] : []),
      entry('work', WORK),
    ],
    table: {
      columns: [
        { key: 'id', title: 'Strategy' },
        ...classes.map((name) => ({ key: name, title: `waits for ${name}`, kind: 'time' as const })),
        { key: 'others', title: 'waits for other locks', kind: 'time' },
        { key: 'rest', title: 'work', kind: 'time' },
        { key: 'mean', title: 'mean', kind: 'time' },
      ],
      rows: of.map(({ id, found, waits, others }) => [id, ...waits, others, found?.restNs, found?.meanNs]),
    },
  }
}

/** Per acquisition of the lock each strategy waits for most: mean wait (over all acquisitions) and mean hold. */
export function holdBars(result: Pick<CompareResult, 'strategies' | 'baseline'>, badges: readonly string[]): LockBars {
  const of = result.strategies.map(({ id, locks: [lock] }, position) => ({
    id,
    position,
    badge: badges[position] ?? id,
    lock: lock !== undefined && lock.waitTotalNs > 0 ? lock : undefined,
    // A recording of waits alone has no acquisitions to divide by.
    waitNs:
      lock !== undefined && lock.acquisitions > 0 ? lock.waitTotalNs / lock.acquisitions : (lock?.waitMeanNs ?? 0),
    holdNs: lock?.holdMeanNs ?? 0,
  }))
  const rows = of.map(({ position, badge, lock, waitNs, holdNs }): BarRow<number> => {
    if (lock === undefined) return { key: position, name: badge, parts: [], figure: 'no lock was waited for' }
    const part = (ns: number, fill: Fill, ink: string, what: string): BarPart => ({
      size: ns,
      fill,
      ink,
      label: timeText(ns),
      tip: [`${lock.class}, ${lock.mode}: ${what}`, `${timeText(ns)} on average per acquisition`],
    })
    return {
      key: position,
      name: badge,
      parts: [
        part(waitNs, lockStates.waiting.fill, 'lock-waiting-ink', 'waited for'),
        part(holdNs, lockStates.held.fill, 'lock-held-ink', 'held'),
      ].filter(({ size }) => size > 0),
      figure: lock.class,
    }
  })
  return {
    rows,
    legend: [
      { label: 'waiting, per acquisition', fill: lockStates.waiting.fill },
      { label: 'holding', fill: lockStates.held.fill },
    ],
    table: {
      columns: [
        { key: 'id', title: 'Strategy' },
        { key: 'class', title: 'Lock waited for most' },
        { key: 'mode', title: 'Mode' },
        { key: 'wait', title: 'Mean wait per acquisition', kind: 'time' },
        { key: 'hold', title: 'Mean hold', kind: 'time' },
        { key: 'waitMax', title: 'Longest wait', kind: 'time' },
        { key: 'holdMax', title: 'Longest hold', kind: 'time' },
      ],
      rows: of.map(({ id, lock, waitNs, holdNs }) => [
        id,
        lock?.class,
        lock?.mode,
        lock && waitNs,
        lock && holdNs,
        lock?.waitMaxNs,
        lock?.holdMaxNs,
      ]),
    },
  }
}
