/**
 * Which page is shown, and which overlays are open. In-app state, not the URL: the location's hash carries the host's
 * token. Each file remembers the page it was left on.
 */

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { PageId } from '../pages/index.ts'
import { useFilesStore } from './files.ts'

export const useViewStore = defineStore('view', () => {
  const files = useFilesStore()
  const page = ref<PageId>('open')
  const overlay = ref<'palette' | 'help'>()
  const left: Record<string, PageId> = {}

  /** Pages about a trace need one; without a file there is only Open. */
  function goTo(next: PageId): void {
    page.value = files.current === undefined ? 'open' : next
    if (files.current !== undefined && next !== 'open') left[files.current.file] = next
  }
  /** Show a file on the page it was left on. */
  function showFile(file: string): void {
    files.choose(file)
    goTo(left[file] ?? 'overview')
  }
  watch(
    () => files.current,
    (current) => {
      if (current === undefined) page.value = 'open'
    },
  )

  return { page: computed(() => page.value), overlay, goTo, showFile }
})
