/**
 * How the latency page was left: grouping, kind of distribution, and the brush of every open trace. The brush is a box of
 * time × latency and belongs to this page; its time part can become the range that all pages share.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'
import type { LatencyBrush } from '#shared/analysis/latency-distribution.ts'
import { useTraceStore } from '../../stores/trace.ts'

export type LatencyBy = 'op' | 'task' | 'inode'

export const GROUPINGS: readonly { readonly id: LatencyBy; readonly label: string }[] = [
  { id: 'op', label: 'Operation' },
  { id: 'task', label: 'Task' },
  { id: 'inode', label: 'Inode' },
]

export const useLatencyView = defineStore('latency-view', () => {
  const trace = useTraceStore()
  const by = ref<LatencyBy>('op')
  const chart = ref<'histogram' | 'cdf'>('cdf')
  const brushes = shallowReactive(new Map<string, LatencyBrush>())
  const key = computed(() => `${trace.file ?? ''}|${trace.traceId ?? ''}`)
  const brush = computed<LatencyBrush | undefined>({
    get: () => brushes.get(key.value),
    set: (next) => {
      if (next === undefined) brushes.delete(key.value)
      else brushes.set(key.value, next)
    },
  })
  return { by, chart, brush }
})
