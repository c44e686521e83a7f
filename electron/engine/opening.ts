/**
 * Opening: from what a client names to a handle with everything the window needs to know about it first, and the entry
 * in the list of recent files, whose worst lock is found in the background.
 */

import { basename } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { ContentionResult } from '#shared/analysis/contention.ts'
import type { MethodParams, MethodResult, ParsedParams } from '#shared/contract/methods.ts'
import type { ImportSummary, OpenedFile, TraceInfo } from '#shared/contract/files.ts'
import type { ClientOf, Files, Located } from './files.ts'
import type { Handle, Handles } from './handles.ts'
import type { Call, Importing, Inputs, Stored } from './importing.ts'
import type { Reader } from './reader.ts'
import type { Recents, RecentSource, Worst } from './recent.ts'

export interface OpeningOptions {
  readonly files: Files
  readonly handles: Handles
  readonly importing: Importing
  readonly reader: Reader
  /** undefined: opening leaves no trace in the list. */
  readonly recents: Recents | undefined
  readonly now: () => number
  /** The list of recent files has changed. */
  readonly onRecent: () => void
}

/** What opening and importing have in common. */
type Asked = Pick<MethodParams<'files.open'>, 'source' | 'more' | 'align' | 'kallsyms' | 'format'>

/** What the list wants to know waits until the window has got its first answers: both come from one thread. */
const LATER_MS = 1_500

export class Opening {
  readonly #options: OpeningOptions
  readonly #closing = new AbortController()
  readonly #background = new Set<Promise<void>>()

  constructor(options: OpeningOptions) {
    this.#options = options
  }

  async open(params: Asked, call: Call): Promise<MethodResult<'files.open'>> {
    const { files, handles, importing, reader } = this.#options
    const inputs = await this.#inputs(params, call)
    // What was put together is listed as what it became: opening the first file again would not give the others.
    const alone = inputs.more.length === 0 && inputs.kallsyms === undefined
    const located = alone ? inputs.located : { ...inputs.located, listed: undefined }
    const stored = await importing.store(inputs, call)
    const { path, imported } = stored
    const described = await reader.call('describe', [path], call.signal)
    const shownPath = located.upload === undefined ? located.path : path
    const handle = handles.open({ path, name: located.name, shownPath }, call.client)
    await this.#remember(located, stored, described.traces)
    const again = files.again(listedAs(located, stored), call.client)
    const opened = openedFile(handle, described, call.client)
    return { opened, imported: imported && visible(imported, call.client), again }
  }

  async info(handle: Handle, { client, signal }: Call): Promise<OpenedFile> {
    return openedFile(handle, await this.#options.reader.call('describe', [handle.path], signal), client)
  }

  async importTo(params: ParsedParams<'trace.import'>, call: Call): Promise<ImportSummary> {
    return this.#options.importing.importTo(await this.#inputs(params, call), params, call)
  }

  async #inputs({ source, more = [], align = 'clock', kallsyms, format }: Asked, { client }: Call): Promise<Inputs> {
    const { files } = this.#options
    return {
      located: await files.locate(source, client),
      more: await Promise.all(
        more.map(async ({ source: other, offsetNs = 0 }) => ({ located: await files.locate(other, client), offsetNs })),
      ),
      align,
      kallsyms: kallsyms && (await files.locate(kallsyms, client)),
      format,
    }
  }

  /** Ends what runs in the background. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#background)
  }

  /** List it, then add what takes longer to know. */
  async #remember(located: Located, { path }: Stored, traces: readonly TraceInfo[]): Promise<void> {
    const { recents, now, onRecent } = this.#options
    const trace = traces.at(0)
    if (recents === undefined || trace === undefined) return
    const { name, format, clockUnit, durationNs, events, lost } = trace
    const source = listedAs(located, { path })
    await recents.add({
      source,
      imported: path === located.path ? null : path,
      name: located.upload === undefined ? located.name : name,
      format,
      clockUnit,
      durationNs: durationNs ?? 0,
      events,
      lost,
      openedAt: now(),
    })
    onRecent()
    const later = setTimeout(LATER_MS, undefined, { signal: this.#closing.signal })
      .then(async () => {
        await recents.update(source, await this.#worst(path, trace.id))
        onRecent()
      })
      // Closed meanwhile; and what is wrong with the trace is told to who asks for it, not to who sees a list.
      .catch(() => undefined)
      .finally(() => this.#background.delete(later))
    this.#background.add(later)
  }

  async #worst(path: string, trace: number): Promise<Worst> {
    const { analysisParams } = await import('./catalog.ts')
    const params = analysisParams('contention', { by: 'class', contendedOnly: true })
    const { rows } = (await this.#options.reader.call('analyse', [
      path,
      trace,
      'contention',
      params,
    ])) as ContentionResult
    // A row per class and mode; the lists and charts of a window go by class.
    const waited = new Map<number, number>()
    for (const { classId, waitTotalNs } of rows) waited.set(classId, (waited.get(classId) ?? 0) + waitTotalNs)
    const worst = rows.toSorted((a, b) => (waited.get(b.classId) ?? 0) - (waited.get(a.classId) ?? 0)).at(0)
    return { worstLock: worst?.class ?? null, worstWaitNs: worst ? (waited.get(worst.classId) ?? 0) : null }
  }
}

/** An upload is not kept: what it was imported to is. */
function listedAs({ listed }: Located, { path }: Pick<Stored, 'path'>): RecentSource {
  return listed ?? { kind: 'path', path }
}

type Described = { readonly bytes: number; readonly traces: readonly TraceInfo[] }

function openedFile(
  { id, name, path, shownPath }: Handle,
  { bytes, traces }: Described,
  { rights }: ClientOf,
): OpenedFile {
  return { file: id, name, path: rights.local ? shownPath : basename(path), bytes, traces }
}

function visible(summary: ImportSummary, { rights }: ClientOf): ImportSummary {
  return rights.local ? summary : { ...summary, file: basename(summary.file) }
}
