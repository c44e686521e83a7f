/**
 * Files: the open ones (tabs), the recent ones, and the imports that run or failed. Opening is one road for everything:
 * a recent file, a sample, a dropped file; what needs importing shows its progress and can be cancelled, and what failed
 * stays until it is dismissed, with what to do about it.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { toWireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Client, RecentFile, Source } from '#shared/contract/methods.ts'
import type { ImportSummary, OpenedFile, TraceInfo } from '#shared/contract/files.ts'
import { useClient } from '../api/client.ts'
import { useAnalysisCache } from '../api/provide-analyses.ts'
import { uploadFile } from '../api/upload.ts'
import { importJobs, type BegunJob, type HowToRead, type Openable } from './import-jobs.ts'

export interface OpenTab extends OpenedFile {
  /** undefined: a recorded run that the list of recent files does not have any more. */
  readonly source: Source | undefined
  /** What the import said; null where a saved trace was opened. */
  readonly imported: ImportSummary | null
}

/** A trace of an open file: a file may hold a recording and its replays. */
export interface TraceChoice {
  readonly key: string
  readonly file: string
  readonly trace: number
  readonly label: string
  readonly info: TraceInfo
}

export function traceKey(file: string, trace: number): string {
  return `${file} ${trace}`
}

function choicesOf({ file, name, traces }: OpenTab): TraceChoice[] {
  return traces.map((info) => ({
    key: traceKey(file, info.id),
    file,
    trace: info.id,
    label: traces.length === 1 ? name : `${name}: ${info.name}`,
    info,
  }))
}

export interface HowToOpen extends HowToRead {
  /** What is shown stays. */
  readonly quietly?: boolean
}

/** A file that is open already keeps its place. */
function withTab(tabs: readonly OpenTab[], tab: OpenTab): readonly OpenTab[] {
  if (!tabs.some(({ file }) => file === tab.file)) return [...tabs, tab]
  return tabs.map((other) => (other.file === tab.file ? tab : other))
}

export const useFilesStore = defineStore('files', () => {
  const client = useClient()
  const cache = useAnalysisCache()
  const { recent, refreshRecent, forget } = recentFiles(client)
  const { jobs, begin, dismiss } = importJobs()
  const { tabs, current, closed, put, choose, takeOut, lastClosed, replace } = openTabs()
  const traces = computed(() => tabs.value.flatMap(choicesOf))

  /** Open, importing where need be. Resolves to the tab, or undefined when it failed or was cancelled (see `jobs`). */
  async function open(what: Openable, { quietly = false, ...how }: HowToOpen = {}): Promise<OpenTab | undefined> {
    const job = begin(what, how)
    try {
      const source = await handedOver(client, what, job)
      const params = { source, ...(await paramsOf(client, how, job)) }
      const { opened, imported, again } = await client.call('files.open', params, job.options)
      const tab: OpenTab = { ...opened, source: again ?? source, imported }
      put(tab, quietly)
      job.end()
      return tab
    } catch (thrown) {
      job.failed(toWireError(thrown))
      return undefined
    } finally {
      void refreshRecent()
    }
  }

  /** A file the engine has opened by itself: a recorded run. It becomes a tab; what is shown stays. */
  async function adopt(opened: OpenedFile): Promise<OpenTab> {
    await refreshRecent()
    const source = recent.value?.find(({ name }) => name === opened.name)?.source
    const tab: OpenTab = { ...opened, source, imported: null }
    put(tab, true)
    return tab
  }

  async function close(file: string): Promise<void> {
    if (!takeOut(file)) return
    cache.dropFile(file)
    await client.call('files.close', { file })
  }
  /**
   * After a new connection the engine may not know the open files any more: open them again where they came from. One that
   * cannot be opened stays as it is and says why on its pages; the others do not depend on it.
   */
  async function reopen(): Promise<void> {
    for (const tab of tabs.value) replace(tab, await reopened(client, tab).catch(() => tab))
  }

  /** What a file says of its traces has changed. */
  async function refreshTab(file: string): Promise<void> {
    const tab = tabs.value.find((one) => one.file === file)
    if (tab) replace(tab, { ...tab, ...(await client.call('trace.info', { file })) })
  }

  const shown = { tabs, traces, current, closed, recent, jobs }
  return { ...shown, open, adopt, choose, close, lastClosed, dismiss, refreshRecent, refreshTab, forget, reopen }
})

/** A file of the browser's must be with the engine before it can be read. */
async function handedOver(client: Client, what: Openable, { options }: BegunJob): Promise<Source> {
  if (what.kind === 'source') return what.source
  return { kind: 'upload', upload: await uploadFile(client, what.blob, options) }
}

async function paramsOf(client: Client, { format, joined, kallsyms }: HowToRead, job: BegunJob) {
  const more: { source: Source; offsetNs: number }[] = []
  for (const { what, offsetNs } of joined?.more ?? []) {
    more.push({ source: await handedOver(client, what, job), offsetNs })
  }
  return {
    ...(format === undefined ? {} : { format }),
    ...(joined === undefined ? {} : { more, align: joined.align }),
    ...(kallsyms === undefined ? {} : { kallsyms: await handedOver(client, kallsyms, job) }),
  }
}

/** The tabs, which of them is shown, and those that were closed, the last one last. */
function openTabs() {
  const tabs = shallowRef<readonly OpenTab[]>([])
  const currentFile = ref<string>()
  const closed = shallowRef<readonly OpenTab[]>([])
  const current = computed(() => tabs.value.find((tab) => tab.file === currentFile.value))

  /** `quietly`: what is shown stays. */
  function put(tab: OpenTab, quietly: boolean): void {
    tabs.value = withTab(tabs.value, tab)
    if (!quietly || currentFile.value === undefined) currentFile.value = tab.file
  }
  function choose(file: string): void {
    if (tabs.value.some((tab) => tab.file === file)) currentFile.value = file
  }
  /** Its neighbour is shown instead. False: there is none of this name. */
  function takeOut(file: string): boolean {
    const at = tabs.value.findIndex((tab) => tab.file === file)
    const tab = tabs.value[at] as OpenTab | undefined
    if (!tab) return false
    if (tab.source !== undefined) closed.value = [...closed.value, tab].slice(-limits.recentFiles)
    tabs.value = tabs.value.filter((other) => other !== tab)
    if (currentFile.value === file) currentFile.value = (tabs.value[at] ?? tabs.value[at - 1])?.file
    return true
  }
  function lastClosed(): OpenTab | undefined {
    const tab = closed.value.at(-1)
    closed.value = closed.value.slice(0, -1)
    return tab
  }
  function replace(tab: OpenTab, by: OpenTab): void {
    tabs.value = tabs.value.map((other) => (other.file === tab.file ? by : other))
    if (currentFile.value === tab.file) currentFile.value = by.file
  }
  return { tabs, current, closed, put, choose, takeOut, lastClosed, replace }
}

function recentFiles(client: Client) {
  const recent = shallowRef<readonly RecentFile[]>()

  async function refreshRecent(): Promise<void> {
    recent.value = await client.call('files.recent', {}).catch(() => recent.value)
  }
  async function forget(source: Source): Promise<void> {
    await client.call('files.forget', { source })
    await refreshRecent()
  }
  client.on('files.changed', ({ recent: changed }) => {
    if (changed) void refreshRecent()
  })

  return { recent, refreshRecent, forget }
}

/** An upload cannot be opened again: its bytes are gone with the engine that had them. */
async function reopened(client: Client, tab: OpenTab): Promise<OpenTab> {
  const known = await client.call('trace.info', { file: tab.file }).catch(() => undefined)
  if (known || tab.source === undefined || tab.source.kind === 'upload') return tab
  const { opened } = await client.call('files.open', { source: tab.source })
  return { ...tab, ...opened }
}
