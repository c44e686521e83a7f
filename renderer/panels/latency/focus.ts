/**
 * Which operation kind the page is about: the selected one, else the one that took most time in scope. The kinds and
 * their figures come from one question that chips, heat map and table share.
 */

import { computed, type ComputedRef } from 'vue'
import type { Scope } from '#shared/analysis/analysis.ts'
import type { LatencyRow } from '#shared/analysis/latency.ts'
import { useAnalysis, type UsedAnalysis } from '../../api/use-analysis.ts'
import { useSelectionStore } from '../../stores/selection.ts'
import { kindLook } from '../../theme/kinds.ts'

export interface OpFocus {
  readonly kinds: UsedAnalysis<'latency'>
  /** Most time first. */
  readonly byTime: ComputedRef<readonly LatencyRow[]>
  readonly op: ComputedRef<string | undefined>
  /** Scope of everything on the page that is about one kind; undefined until the kind is known. */
  readonly scope: ComputedRef<Scope | undefined>
}

export function useOpFocus(): OpFocus {
  const selection = useSelectionStore()
  const kinds = useAnalysis('latency', () => ({ by: 'op', scope: selection.scopeWithout('op') }))
  const byTime = computed(() =>
    [...(kinds.data.value?.rows ?? [])].sort((a, b) => (b.totalNs ?? 0) - (a.totalNs ?? 0) || b.count - a.count),
  )
  const op = computed(() => selection.current.op ?? byTime.value.at(0)?.op)
  const scope = computed<Scope | undefined>(() =>
    op.value === undefined ? undefined : { ...selection.scope, op: op.value },
  )
  return { kinds, byTime, op, scope }
}

/** `write faults`, `read(2) calls`: a kind in the plural, for findings. */
export function kindPlural(op: string): string {
  const { label } = kindLook(op)
  return label.endsWith(')') ? `${label} calls` : label.endsWith('sh') ? `${label}es` : `${label}s`
}
