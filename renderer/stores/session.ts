/**
 * The window as it was left: open files with the page, the trace and the view each was left on, and which one was shown.
 * Kept with the engine and put back at the next start; a file that is gone is said and left out.
 */

import { defineStore } from 'pinia'
import { watch } from 'vue'
import { limits } from '#shared/base/limits.ts'
import type { Source } from '#shared/contract/methods.ts'
import { PAGE_IDS, needsTrace, type PageId } from '../pages/page-ids.ts'
import { useFilesStore, type OpenTab } from './files.ts'
import { useHistoryStore, type ViewValues } from './history.ts'
import { asRecord, useKeptStore } from './kept.ts'
import { parseSource, sourceText } from './sources.ts'
import { useToastStore } from './toasts.ts'
import { useTraceStore } from './trace.ts'
import { useViewStore } from './view.ts'
import { sentence } from '../ui/format.ts'

/** How one file is to be shown. */
export interface Place {
  readonly source: Source
  readonly name: string
  readonly page: PageId | undefined
  readonly trace: number | undefined
  readonly values: ViewValues
}
interface Session {
  readonly places: readonly Place[]
  /** Which of them was shown, and on which page. */
  readonly shown: Source | undefined
  readonly page: PageId
}

export const useSessionStore = defineStore('session', () => {
  const kept = useKeptStore()
  const files = useFilesStore()
  const trace = useTraceStore()
  const view = useViewStore()
  const history = useHistoryStore()
  const toasts = useToastStore()
  /** Views of files by their id, also of those that are not shown. */
  const seen = new Map<string, { readonly trace: number | undefined; readonly values: ViewValues }>()
  let waiting: readonly Place[] = []

  /** A file that has just been opened: as it was left, where it was. */
  function prepare(tab: OpenTab): void {
    const place = waiting.find(({ source }) => sameSource(tab.source, source))
    if (place) put(tab, place)
  }
  /** Where a link led to it first, how it was left counts no more. */
  function put(tab: OpenTab, { page, trace: id, values }: Omit<Place, 'source' | 'name'>): void {
    waiting = waiting.filter(({ source }) => !sameSource(tab.source, source))
    if (page && needsTrace(page)) view.leaveOn(tab.file, page)
    const shown = tab.traces.find((one) => one.id === id) ?? tab.traces[0]
    if (!shown) return
    trace.chooseTrace(shown.id, tab.file)
    history.restoreValues(tab.file, shown.id, values)
    seen.set(tab.file, { trace: shown.id, values })
  }

  /** What was open last time; of what is shown already only the page, where no link led to it and one has not gone on. */
  async function restore(linked: boolean): Promise<void> {
    const current = files.current
    const { shown, page } = parseSession((await kept.load()).session)
    const isShown = ({ source }: OpenTab): boolean => sameSource(source, shown)
    const first = (await openQuietly(waiting, { files, toasts, prepare })).find(isShown)
    if (current !== undefined) {
      if (!linked && isShown(current) && needsTrace(view.page) && page !== 'open' && !needsTrace(page)) view.goTo(page)
      return
    }
    const tab = first ?? files.tabs[0]
    if (!tab) return
    view.showFile(tab.file)
    if (!needsTrace(page)) view.goTo(page)
  }
  /** Read what is to be put back; files opened meanwhile find their place through `prepare`. */
  async function load(): Promise<void> {
    waiting = parseSession((await kept.load()).session).places
  }

  function now(): unknown {
    const places = files.tabs
      .filter(({ source }) => source !== undefined)
      .map(({ file, source, name }) => ({ source, name, page: view.pageOf(file), ...seen.get(file) }))
    return { places: places.slice(-limits.recentFiles), shown: files.current?.source, page: view.page }
  }
  /** From now on, every change is kept. */
  function watchChanges(): void {
    watch(
      () => [files.tabs, trace.file, trace.traceId, view.page, history.values()] as const,
      ([, file, id, , values]) => {
        if (file !== undefined) seen.set(file, { trace: id, values })
        kept.keep('session', now)
      },
      { immediate: true },
    )
  }

  const hasPlaces = (): boolean => waiting.length > 0
  return { load, hasPlaces, prepare, put, restore, watchChanges }
})

function sameSource(one: Source | undefined, other: Source | undefined): boolean {
  return one !== undefined && other !== undefined && sourceText(one) === sourceText(other)
}

interface Opening {
  readonly files: ReturnType<typeof useFilesStore>
  readonly toasts: ReturnType<typeof useToastStore>
  readonly prepare: (tab: OpenTab) => void
}

/** One after the other; those that can be opened. */
async function openQuietly(places: readonly Place[], { files, toasts, prepare }: Opening): Promise<OpenTab[]> {
  const tabs: OpenTab[] = []
  for (const { source, name } of [...places]) {
    const tab = await files.open({ kind: 'source', source, name }, { quietly: true })
    if (tab === undefined) tellFailures(files, toasts)
    else {
      prepare(tab)
      tabs.push(tab)
    }
  }
  return tabs
}

/** Files of last time that cannot be opened are said and not shown as failed imports. */
function tellFailures(files: ReturnType<typeof useFilesStore>, toasts: ReturnType<typeof useToastStore>): void {
  for (const { id, name, error } of files.jobs.filter((job) => job.error)) {
    const title = `${name} was open last time and cannot be opened`
    const detail = [error?.message, error?.hint].flatMap((part) => (part ? sentence(part) : [])).join(' ')
    toasts.show({ level: 'warning', title, detail })
    files.dismiss(id)
  }
}

function parseSession(value: unknown): Session {
  const { places, shown, page } = asRecord(value)
  const pageOf = (word: unknown): PageId | undefined => PAGE_IDS.find((id) => id === word)
  return {
    page: pageOf(page) ?? 'open',
    shown: parseSource(shown),
    places: (Array.isArray(places) ? places : []).slice(0, limits.recentFiles).flatMap((one: unknown): Place[] => {
      const place = asRecord(one)
      const source = parseSource(place.source)
      if (!source) return []
      return [
        {
          source,
          name: typeof place.name === 'string' ? place.name : 'trace',
          page: pageOf(place.page),
          trace: typeof place.trace === 'number' ? place.trace : undefined,
          values: asRecord(place.values),
        },
      ]
    }),
  }
}
