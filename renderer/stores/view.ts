/**
 * Which page is shown, and which overlays are open. In-app state, not the URL: the location's hash carries the host's
 * token. Each file remembers the page it was left on.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, watch } from 'vue'
import { isTable } from '#shared/analysis/parts/shows.ts'
import { needsTrace, worksWithoutTrace, type PageId } from '../pages/page-ids.ts'
import { useFilesStore } from './files.ts'

export const useViewStore = defineStore('view', () => {
  const files = useFilesStore()
  const page = ref<PageId>('open')
  const overlay = ref<'palette' | 'help'>()
  const left = shallowReactive(new Map<string, PageId>())

  /** Pages about a trace need one; without a file Open is shown instead. */
  function goTo(next: PageId): void {
    page.value = files.current === undefined && !worksWithoutTrace(next) ? 'open' : next
    if (files.current !== undefined && needsTrace(next)) left.set(files.current.file, next)
  }
  /** Where there is something to see: a lock table has no overview. */
  function firstPage(file: string): PageId {
    const info = files.tabs.find((tab) => tab.file === file)?.traces.at(0)
    if (info?.format === 'lockdep-report') return 'lock-order'
    return info && isTable(info) ? 'contention' : 'overview'
  }
  /** Show a file on the page it was left on. */
  function showFile(file: string): void {
    files.choose(file)
    goTo(left.get(file) ?? firstPage(file))
  }
  /** The page a file was left on, to keep it; and to put it back without showing it. */
  const pageOf = (file: string): PageId | undefined => left.get(file)
  const leaveOn = (file: string, where: PageId): void => void left.set(file, where)
  watch(
    () => files.current,
    (current) => {
      if (current === undefined && !worksWithoutTrace(page.value)) page.value = 'open'
    },
  )

  return { page: computed(() => page.value), overlay, goTo, showFile, pageOf, leaveOn }
})
