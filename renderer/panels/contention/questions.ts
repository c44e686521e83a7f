/**
 * What the contention page asks, in one place, so that panels that ask the same thing share the answer, and what the
 * chosen lock is called. Without a choice the page is about the lock most waited for.
 */

import { computed, type ComputedRef } from 'vue'
import type { Scope } from '#shared/analysis/analysis.ts'
import type { ContentionBy, ContentionRow } from '#shared/analysis/parts/contention-row.ts'
import { limits } from '#shared/base/limits.ts'
import { useAnalysis } from '../../api/use-analysis.ts'
import { scopeOf, useSelectionStore } from '../../stores/selection.ts'
import { useTraceStore } from '../../stores/trace.ts'

export interface ContentionQuestion {
  readonly by: ContentionBy
  readonly scope: Scope
  readonly contendedOnly: boolean
}

/** As many rows as one reply may carry: classes are few, instances of a large trace are cut and the page says so. */
export function contentionQuestion({ by, scope, contendedOnly }: ContentionQuestion) {
  return { by, scope, contendedOnly, top: by === 'class' ? limits.replyRows : 1000 }
}

/** Over the whole trace: the range is chosen on it. */
export function overTimeQuestion(scopeWithoutRange: Scope) {
  return { scope: scopeWithoutRange, bins: 200 }
}

const LOCK = ['lockClass', 'mode', 'lock'] as const

export interface ChosenLock {
  /** What other panels are asked about: the selection, or the worst lock where a panel needs one. */
  readonly scope: Scope
  readonly name: string
  /** False: nothing is chosen, this is the lock most waited for (or most held). */
  readonly chosen: boolean
  /** False where the trace shows waits for it, but not when it was held. */
  readonly holdsKnown: boolean
}

function nameOf(row: Pick<ContentionRow, 'class' | 'mode' | 'address'>): string {
  return [row.class, row.address, row.mode].filter((part) => part !== undefined).join(', ')
}

/** The lock that panels about one lock show. */
export function useLockInFocus(): ComputedRef<ChosenLock | undefined> {
  const selection = useSelectionStore()
  const trace = useTraceStore()
  const classes = useAnalysis('contention', () =>
    contentionQuestion({ by: 'class', scope: selection.scopeWithout(...LOCK), contendedOnly: false }),
  )
  const instance = useAnalysis('contention', () => {
    const { lock } = selection.current
    return lock === undefined ? undefined : { by: 'instance', scope: { lock }, top: 2 }
  })
  return computed(() => {
    const { lock, lockClass, mode } = selection.current
    const scope = scopeOf(selection.current)
    const suffix = mode === undefined ? '' : `, ${mode}`
    if (lock !== undefined) {
      const row = instance.data.value?.rows.find((candidate) => candidate.lock === lock)
      const name =
        row === undefined
          ? 'one lock instance'
          : [row.class, row.address].filter((part) => part !== undefined).join(' ')
      return { scope, name: name + suffix, chosen: true, holdsKnown: row?.holdTotalNs !== null }
    }
    const rows = classes.data.value?.rows ?? []
    if (lockClass !== undefined) {
      const ofClass = rows.filter((row) => row.classId === lockClass && (mode === undefined || row.mode === mode))
      const holdsKnown = ofClass.length === 0 || ofClass.some((row) => row.holdTotalNs !== null)
      return { scope, name: trace.className(lockClass) + suffix, chosen: true, holdsKnown }
    }
    const [row] = rows
    if (row === undefined) return undefined
    const ofRow = { ...scope, lockClass: row.classId, mode: row.mode }
    return { scope: ofRow, name: nameOf(row), chosen: false, holdsKnown: row.holdTotalNs !== null }
  })
}

/** The name for notes and labels of panels that show every lock where none is chosen. */
export function useLockName(): ComputedRef<string | undefined> {
  const focus = useLockInFocus()
  return computed(() => (focus.value?.chosen ? focus.value.name : undefined))
}
