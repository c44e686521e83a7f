/**
 * Which page is shown, and which overlays are open. In-app state, not the URL: the location's hash carries the host's
 * token. Each file remembers the page it was left on.
 */

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { PageId } from '../pages/index.ts'
import { useFilesStore } from './files.ts'

/** Pages that are not about the open trace: they need none, and stay as they are when another one is shown. */
const FREE: ReadonlySet<PageId> = new Set<PageId>(['open', 'compare', 'simulate'])
export function needsTrace(page: PageId): boolean {
  return !FREE.has(page)
}

export const useViewStore = defineStore('view', () => {
  const files = useFilesStore()
  const page = ref<PageId>('open')
  const overlay = ref<'palette' | 'help'>()
  const left: Record<string, PageId> = {}

  /** Pages about a trace need one; without a file Open is shown instead. */
  function goTo(next: PageId): void {
    page.value = files.current === undefined && needsTrace(next) ? 'open' : next
    if (files.current !== undefined && needsTrace(next)) left[files.current.file] = next
  }
  /** Show a file on the page it was left on. */
  function showFile(file: string): void {
    files.choose(file)
    goTo(left[file] ?? 'overview')
  }
  watch(
    () => files.current,
    (current) => {
      if (current === undefined && needsTrace(page.value)) page.value = 'open'
    },
  )

  return { page: computed(() => page.value), overlay, goTo, showFile }
})
