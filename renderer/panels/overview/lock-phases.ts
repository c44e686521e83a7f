/**
 * What a lock's holders did while others waited, in the order it is drawn: phases of a family side by side, families by
 * their size, what says least last. The same grouping gives the words of the finding.
 */

import type { AnalysisResult } from '#shared/analysis/index.ts'
import { phaseFamily, type PhaseFamily } from '../../theme/kinds.ts'

export type OverviewLock = AnalysisResult<'overview'>['locks'][number]

export interface FamilyOfPhases {
  readonly family: PhaseFamily
  readonly ns: number
  readonly phases: OverviewLock['phases']
}

/** Families that say what was done come before those that do not. */
const LAST: readonly PhaseFamily[] = ['work', 'wait', 'wakeup', 'other', 'unknown']

export function familiesOf(lock: OverviewLock): readonly FamilyOfPhases[] {
  const families = new Map<PhaseFamily, OverviewLock['phases'][number][]>()
  for (const one of lock.phases) {
    const family = phaseFamily(one.phase)
    families.set(family, [...(families.get(family) ?? []), one])
  }
  return [...families]
    .map(([family, phases]) => ({
      family,
      ns: phases.reduce((sum, { ns }) => sum + ns, 0),
      phases: phases.sort((a, b) => b.ns - a.ns),
    }))
    .sort((a, b) => LAST.indexOf(a.family) - LAST.indexOf(b.family) || b.ns - a.ns)
}

/** What holders of a family of phases were doing, as the end of "while …". */
const clauses: Readonly<Partial<Record<PhaseFamily, string>>> = {
  getblock: 'its holder was mapping blocks',
  zero: 'its holder was zeroing',
  pte: 'its holder was inserting page table entries',
  unmap: 'its holder was unmapping or freeing',
  commit: 'its holder was in the journal',
  wait: 'its holder was itself waiting for another lock',
  wakeup: 'nobody held it and the next in line had yet to run',
}
const QUEUE = 'another task was queued before it'

/** The one before was not holding the lock but waiting for it, first in the queue. */
export function isQueue(lock: OverviewLock, phase: string): boolean {
  return phase === `wait:${lock.class}`
}

/** What was mostly done while others waited for a lock, if one thing stands out. */
export function mainDoing(lock: OverviewLock): { readonly clause: string; readonly share: number } | undefined {
  if (lock.waitTotalNs <= 0) return undefined
  const sums = new Map<string, number>()
  for (const { phase, ns } of lock.phases) {
    const clause = isQueue(lock, phase) ? QUEUE : clauses[phaseFamily(phase)]
    if (clause !== undefined) sums.set(clause, (sums.get(clause) ?? 0) + ns)
  }
  const [most] = [...sums].sort(([, a], [, b]) => b - a)
  return most && { clause: most[0], share: most[1] / lock.waitTotalNs }
}
