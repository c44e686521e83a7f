/**
 * Opening and then going there: one file goes to its Overview when it is ready; while it is imported the Open page shows
 * how far it is; several are opened one after the other and the last one is shown, or become one trace where the user says so.
 * To whoever went elsewhere meanwhile, what is ready and what failed is only said.
 */

import type { ChosenFile } from '#shared/contract/desktop.ts'
import type { Sample, Source } from '#shared/contract/methods.ts'
import { desktopBridge } from '../api/desktop.ts'
import { sentence } from '../ui/format.ts'
import { useAppStore } from './app.ts'
import { useFilesStore, type OpenTab } from './files.ts'
import type { HowToRead, Openable } from './import-jobs.ts'
import { useJoiningStore } from './joining.ts'
import { useLockStatStore } from './lock-stat.ts'
import { useSessionStore } from './session.ts'
import { useToastStore } from './toasts.ts'
import { useViewStore } from './view.ts'

/** Imports that are done sooner never show the Open page. */
const SOON_MS = 300

interface ToOpen extends HowToRead {
  readonly what: Openable
}

export function useOpening(): {
  openAll: (what: readonly Openable[], how?: HowToRead) => Promise<void>
  openSources: (sources: readonly Source[]) => Promise<void>
  openChosen: (files: readonly ChosenFile[]) => Promise<void>
  openFiles: (files: readonly File[]) => Promise<void>
  dropFiles: (files: readonly File[]) => Promise<void>
} {
  const app = useAppStore()
  const files = useFilesStore()
  const view = useViewStore()
  const { tellDone, tellFailed, tellSkipped } = useNotices()
  const session = useSessionStore()
  const joining = useJoiningStore()
  const lockStat = useLockStatStore()

  async function openEach(list: readonly ToOpen[]): Promise<void> {
    const take = whoeverStays(view, files)
    for (const [i, { what, ...how }] of list.entries()) {
      const timer = setTimeout(() => take(() => view.goTo('open')), SOON_MS)
      const tab = await files.open(what, { ...how, quietly: true })
      clearTimeout(timer)
      if (!tab) {
        const seen = take(() => view.goTo('open')) && i === list.length - 1
        if (!seen) tellFailed(what)
      } else {
        session.prepare(tab)
        if (!take(() => view.showFile(tab.file))) tellDone(tab)
        tellSkipped(tab.name, tab.imported?.skipped.reduce((sum, { count }) => sum + count, 0) ?? 0)
      }
    }
  }
  const openAll = (what: readonly Openable[], how: HowToRead = {}): Promise<void> =>
    openEach(what.map((one) => ({ ...how, what: one })))

  /** Several at once may be one trace: that is asked first. */
  const openTogether = async (what: readonly Openable[]): Promise<void> => openEach(await joining.ask(what))

  const openSources = (sources: readonly Source[]): Promise<void> =>
    openAll(sources.map((source) => ({ kind: 'source', source, name: nameOf(source, app.info?.samples ?? []) })))

  const openChosen = (chosen: readonly ChosenFile[]): Promise<void> =>
    openTogether(chosen.map(({ source, name }) => ({ kind: 'source', source, name })))

  /** Dropped or chosen in the page: the desktop shell makes them known to the engine, a browser uploads them. */
  async function openFiles(list: readonly File[]): Promise<void> {
    const bridge = desktopBridge()
    const what = list.map(async (blob): Promise<Openable> => {
      const source = (await bridge?.grantFile(blob)) ?? undefined
      return source ? { kind: 'source', source, name: blob.name, bytes: blob.size } : { kind: 'blob', blob }
    })
    await openTogether(await Promise.all(what))
  }
  /** On the Contention page a lock_stat dump is something to hold the trace against. */
  async function dropFiles(list: readonly File[]): Promise<void> {
    if (view.page !== 'contention' || !(await lockStat.takes(list))) await openFiles(list)
  }
  return { openAll, openSources, openChosen, openFiles, dropFiles }
}

/** What is done, failed or incomplete, said where it is not shown. */
function useNotices() {
  const files = useFilesStore()
  const view = useViewStore()
  const toasts = useToastStore()

  function tellDone({ file, name, imported }: OpenTab): void {
    toasts.show({
      level: 'done',
      title: `${name} is ${imported ? 'imported' : 'open'}`,
      action: { label: 'Show', run: () => view.showFile(file) },
    })
  }
  /** What was cancelled has not failed. */
  function tellFailed(what: Openable): void {
    const job = files.jobs.find((one) => one.what === what && one.error)
    if (!job?.error) return
    toasts.show({
      level: 'error',
      title: `${job.name} could not be opened`,
      detail: sentence(job.error.message),
      action: { label: 'Show', run: () => view.goTo('open') },
    })
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
  return { tellDone, tellFailed, tellSkipped }
}

/**
 * Whoever goes elsewhere while a file is imported stays there, with the trace shown there. The answer takes those who did
 * not along; false: nobody.
 */
function whoeverStays(
  view: ReturnType<typeof useViewStore>,
  files: ReturnType<typeof useFilesStore>,
): (go: () => void) => boolean {
  const now = () => ({ page: view.page, file: files.current?.file })
  let put = now()
  const stayed = (): boolean =>
    view.page === 'open' || (view.page === put.page && (put.file === undefined || put.file === files.current?.file))
  return (go) => {
    if (!stayed()) return false
    go()
    put = now()
    return true
  }
}

function nameOf(source: Source, samples: readonly Sample[]): string {
  if (source.kind === 'path') return source.path.split(/[\\/]/).at(-1) ?? source.path
  if (source.kind === 'sample') return samples.find(({ id }) => id === source.sample)?.title ?? source.sample
  return 'trace'
}
