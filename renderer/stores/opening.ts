/**
 * Opening and then going there: one file goes to its Overview when it is ready; while it is imported the Open page shows
 * how far it is; several are opened one after the other and the last one is shown.
 */

import { useFilesStore, type Openable } from './files.ts'
import { useToastStore } from './toasts.ts'
import { useViewStore } from './view.ts'

/** Imports that are done sooner never show the Open page. */
const SOON_MS = 300

export function useOpening(): {
  openAll: (what: readonly Openable[], format?: string) => Promise<void>
  openFiles: (files: readonly File[]) => Promise<void>
} {
  const files = useFilesStore()
  const view = useViewStore()
  const toasts = useToastStore()

  async function openAll(what: readonly Openable[], format?: string): Promise<void> {
    for (const one of what) {
      const timer = setTimeout(() => view.goTo('open'), SOON_MS)
      const tab = await files.open(one, format)
      clearTimeout(timer)
      if (!tab) view.goTo('open')
      else {
        view.showFile(tab.file)
        tellSkipped(tab.name, tab.imported?.skipped.reduce((sum, { count }) => sum + count, 0) ?? 0)
      }
    }
  }
  function tellSkipped(name: string, skipped: number): void {
    if (skipped === 0) return
    toasts.show({
      level: 'warning',
      title: `${name}: ${skipped} ${skipped === 1 ? 'part was' : 'parts were'} skipped`,
      detail: 'The trace doctor on the Open page lists them.',
      action: { label: 'Show', run: () => view.goTo('open') },
    })
  }
  return { openAll, openFiles: (list) => openAll(list.map((blob) => ({ kind: 'blob', blob }))) }
}
