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
const LAST: readonly PhaseFamily[] = ['work', 'wait', 'other', 'unknown']

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

const doing: Readonly<Partial<Record<PhaseFamily, string>>> = {
  getblock: 'mapping blocks',
  zero: 'zeroing',
  pte: 'inserting page table entries',
  unmap: 'unmapping or freeing',
  commit: 'in the journal',
  wait: 'itself waiting for another lock',
}

/** What the holders of a lock mostly did, if one thing stands out. */
export function mainDoing(lock: OverviewLock): { readonly words: string; readonly share: number } | undefined {
  if (lock.waitTotalNs <= 0) return undefined
  const known = familiesOf(lock).filter(({ family }) => doing[family] !== undefined)
  const most = known.reduce<FamilyOfPhases | undefined>(
    (best, one) => (best && best.ns >= one.ns ? best : one),
    undefined,
  )
  const words = most && doing[most.family]
  if (!most || words === undefined) return undefined
  return { words, share: most.ns / lock.waitTotalNs }
}
