/**
 * Which open file and which of its traces the pages show. It knows names for row numbers (tasks, lock classes), so that
 * no page shows a number where there is a name.
 */

import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { isTable } from '#shared/analysis/parts/shows.ts'
import type { TraceInfo } from '#shared/contract/files.ts'
import { useFilesStore } from './files.ts'

export const useTraceStore = defineStore('trace', () => {
  const files = useFilesStore()
  const chosen = ref<Readonly<Record<string, number>>>({})

  const opened = computed(() => files.current)
  const file = computed(() => opened.value?.file)
  const info = computed<TraceInfo | undefined>(() => {
    const traces = opened.value?.traces ?? []
    return traces.find((trace) => trace.id === chosen.value[file.value ?? '']) ?? traces[0]
  })
  const traceId = computed(() => info.value?.id)
  const isOnlyTable = computed(() => info.value !== undefined && isTable(info.value))
  const durationNs = computed(() => info.value?.durationNs ?? 0)
  const clockUnit = computed(() => info.value?.clockUnit ?? 'ns')
  const tasks = computed(() => new Map(info.value?.taskList.map((task) => [task.id, task])))
  const classes = computed(() => new Map(info.value?.classList.map((lockClass) => [lockClass.id, lockClass])))

  function chooseTrace(id: number, of = file.value): void {
    if (of !== undefined) chosen.value = { ...chosen.value, [of]: id }
  }
  const taskName = (id: number): string => tasks.value.get(id)?.comm ?? `task ${id}`
  const className = (id: number): string => classes.value.get(id)?.name ?? `class ${id}`

  return { opened, file, info, traceId, isOnlyTable, durationNs, clockUnit, chooseTrace, taskName, className }
})
