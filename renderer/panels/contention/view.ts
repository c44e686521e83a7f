/** How the contention table was left: grouping, filter, order. Kept while the window is open, for every file alike. */

import { defineStore } from 'pinia'
import { ref } from 'vue'
import type { ContentionBy } from '#shared/analysis/parts/contention-row.ts'
import type { Sort } from '../../ui/table-spec.ts'

export const useContentionView = defineStore('contention-view', () => {
  const by = ref<ContentionBy>('class')
  const contendedOnly = ref(true)
  const sort = ref<Sort | undefined>({ key: 'waitTotal', descending: true })
  return { by, contendedOnly, sort }
})
