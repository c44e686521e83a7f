/**
 * A view as a link: the host's own address with the file, the trace, the page and every part of the view in its fragment,
 * which never leaves the browser. Opening such an address, or pasting one into the palette, shows that view again. What
 * came from outside is checked part by part by the stores that own the parts.
 */

import { defineStore } from 'pinia'
import type { Source } from '#shared/contract/methods.ts'
import { PAGE_IDS, needsTrace, type PageId } from '../pages/page-ids.ts'
import { rangeText } from '../ui/format.ts'
import { useFilesStore } from './files.ts'
import { useHistoryStore, type ViewValues } from './history.ts'
import { useSelectionStore } from './selection.ts'
import { useSessionStore } from './session.ts'
import { sourceOfText, sourceText } from './sources.ts'
import { useTraceStore } from './trace.ts'
import { useViewStore } from './view.ts'

export interface ViewLink {
  readonly page: PageId
  readonly source: Source | undefined
  readonly name: string
  readonly trace: number | undefined
  readonly values: ViewValues
}

/** Longer fragments are not ours. */
const LONGEST = 200_000
const PART = 'v.'

export function fragmentOf({ page, source, name, trace, values }: ViewLink): URLSearchParams {
  const out = new URLSearchParams({ page })
  if (source) out.set('file', sourceText(source))
  if (source && name !== '') out.set('name', name)
  if (trace !== undefined) out.set('trace', String(trace))
  for (const [part, value] of Object.entries(values)) out.set(`${PART}${part}`, JSON.stringify(value))
  return out
}

/** The view a link names; undefined where it names none. Takes a whole address or only what stands behind its #. */
export function parseLink(text: string): ViewLink | undefined {
  if (text.length > LONGEST) return undefined
  const params = new URLSearchParams(text.slice(text.indexOf('#') + 1))
  const page = PAGE_IDS.find((id) => id === params.get('page'))
  if (!page) return undefined
  const trace = Number(params.get('trace') ?? NaN)
  const values: Record<string, unknown> = {}
  for (const [key, value] of params) if (key.startsWith(PART)) values[key.slice(PART.length)] = parsed(value)
  return {
    page,
    source: sourceOfText(params.get('file') ?? ''),
    name: params.get('name') ?? 'trace',
    trace: Number.isSafeInteger(trace) ? trace : undefined,
    values,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // somebody cut the link
  }
}

export const useLinksStore = defineStore('links', () => {
  const files = useFilesStore()
  const trace = useTraceStore()
  const view = useViewStore()
  const history = useHistoryStore()
  const session = useSessionStore()
  const selection = useSelectionStore()

  function here(): ViewLink {
    const { current } = files
    return {
      page: view.page,
      source: current?.source,
      name: current?.name ?? '',
      trace: trace.traceId,
      values: history.values(),
    }
  }
  /** The address of what is shown, with the token the host asks for. */
  function address(location: Location): string {
    const token = new URLSearchParams(location.hash.slice(1)).get('token')
    const params = fragmentOf(here())
    const fragment = token === null ? params.toString() : `token=${encodeURIComponent(token)}&${params.toString()}`
    return `${location.origin}${location.pathname}#${fragment}`
  }
  /** What is shown, in words. */
  function text(): string {
    const { info, opened, durationNs, clockUnit } = trace
    const { task, lockClass, op, range } = selection.current
    const parts = [
      opened ? `${opened.name}${info && opened.traces.length > 1 ? `, ${info.name}` : ''}` : undefined,
      `page ${view.page}`,
      range ? rangeText(range, durationNs, clockUnit) : undefined,
      lockClass === undefined ? undefined : `lock ${trace.className(lockClass)}`,
      task === undefined ? undefined : `task ${trace.taskName(task)}`,
      op === undefined ? undefined : `operation ${op}`,
    ]
    return parts.filter((part) => part !== undefined).join(', ')
  }
  /** Show what a link names. False: its file cannot be opened (what failed is told where files are opened). */
  async function follow(link: ViewLink): Promise<boolean> {
    if (link.source) {
      const open = files.tabs.find(
        (tab) => tab.source && link.source && sourceText(tab.source) === sourceText(link.source),
      )
      const tab = open ?? (await files.open({ kind: 'source', source: link.source, name: link.name }))
      if (!tab) {
        view.goTo('open')
        return false
      }
      session.put(tab, link)
      view.showFile(tab.file)
    } else if (!files.current) history.restoreValues(undefined, undefined, link.values)
    if (!needsTrace(link.page) || files.current) view.goTo(link.page)
    return true
  }

  return { address, text, follow }
})
