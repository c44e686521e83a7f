/**
 * The comparison that is on the screen, for its panels: the result, a badge per run, the operation the charts are about,
 * and which runs are hidden. Changes of what is looked at are not part of the result.
 */

import { computed, ref, watch, type ComputedRef } from 'vue'
import { defineStore } from 'pinia'
import type { CompareResult } from '#shared/contract/simulation.ts'
import { mainOp } from '#shared/whatif/words.ts'
import { badgesOf } from '../../charts/run-look.ts'
import { compareKinds } from '../../theme/kinds.ts'
import { useComparisonStore } from '../../stores/comparison.ts'

export const useShownStore = defineStore('shown-comparison', () => {
  const comparison = useComparisonStore()
  const result = computed(() => comparison.compared?.result)
  const badges = computed(() => badgesOf(result.value?.strategies.map(({ id }) => id) ?? []))
  const ops = computed(() =>
    [...new Set(result.value?.strategies.flatMap((one) => one.ops.map(({ op }) => op)) ?? [])].sort(compareKinds),
  )
  const chosenOp = ref<string>()
  const op = computed(() =>
    chosenOp.value !== undefined && ops.value.includes(chosenOp.value)
      ? chosenOp.value
      : result.value && mainOp(result.value),
  )
  const hidden = ref<ReadonlySet<number>>(new Set())
  watch(result, () => (hidden.value = new Set()))

  function toggle(position: number): void {
    const next = new Set(hidden.value)
    if (!next.delete(position)) next.add(position)
    if (next.size < (result.value?.strategies.length ?? 0)) hidden.value = next
  }
  const exportName = computed(() =>
    result.value === undefined
      ? 'compare'
      : `${result.value.workload.scenario}-${result.value.strategies.map(({ id }) => id.split(',')[0]).join('-')}`,
  )
  return { result, badges, ops, op, choose: (kind: string) => void (chosenOp.value = kind), hidden, toggle, exportName }
})

/** The result, inside panels that are only there when there is one. */
export function useResult(): ComputedRef<CompareResult> {
  const shown = useShownStore()
  return computed(() => {
    if (shown.result === undefined) throw new Error('assertion failed: no comparison is shown')
    return shown.result
  })
}
