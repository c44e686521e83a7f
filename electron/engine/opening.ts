/**
 * Opening what a client names: a `.faultline` file as it is, anything else through an import that is kept in the data
 * directory and found again while the input is unchanged. Also the import into a file the user names.
 */

import { createHash, randomBytes } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ContentionResult } from '#shared/analysis/contention.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { ImportSummary, OpenedFile, ParsedParams, TraceInfo } from '#shared/contract/methods.ts'
import { isDatabase, type ClientOf, type Files, type Located } from './files.ts'
import { analysisParams } from './analysis-params.ts'
import type { Handle, Handles } from './handles.ts'
import type { JobContext, Jobs } from './jobs.ts'
import { stem } from './names.ts'
import type { Reader } from './reader.ts'
import type { Recents, RecentSource } from './recent.ts'
import { writablePath } from './rights.ts'
import type { Uploads } from './uploads.ts'

export interface OpeningOptions {
  readonly imports: string
  /** Imports of another version of Faultline are not taken for ours. */
  readonly version: string
  readonly files: Files
  readonly handles: Handles
  readonly uploads: Uploads
  readonly jobs: Jobs
  readonly reader: Reader
  readonly recents: Recents | undefined
  readonly now: () => number
  /** The list of recent files has changed. */
  readonly onRecent: () => void
}

export interface Call extends JobContext {
  readonly client: ClientOf
}

export interface Opening {
  open(params: ParsedParams<'files.open'>, call: Call): Promise<{ opened: OpenedFile; imported: ImportSummary | null }>
  info(handle: Handle, call: Call): Promise<OpenedFile>
  importTo(params: ParsedParams<'trace.import'>, call: Call): Promise<ImportSummary>
  /** Nothing runs in the background any more. */
  settled(): Promise<void>
}

interface Stored {
  readonly path: string
  readonly imported: ImportSummary | null
}

export function createOpening(options: OpeningOptions): Opening {
  const { files, handles, uploads, jobs, reader, recents } = options
  /** Imports under way by the file they make: opening a file twice at once imports it once. */
  const underWay = new Map<string, Promise<unknown>>()
  const background = new Set<Promise<void>>()

  async function open({ source, format }: ParsedParams<'files.open'>, call: Call) {
    const located = await files.locate(source, call.client)
    const stored = await store(located, format, call)
    const { path, imported } = stored
    const described = await reader.call('describe', [path], call.signal)
    const handle = handles.open(
      { path, name: located.name, shownPath: located.upload === undefined ? located.path : path },
      call.client,
    )
    await remember(located, stored, described.traces)
    return { opened: openedFile(handle, described, call), imported: imported && visible(imported, call.client) }
  }

  /** The `.faultline` file of what was named: itself, or its import. */
  async function store(located: Located, format: string | undefined, call: Call): Promise<Stored> {
    try {
      if (await isDatabase(located.path, located.name)) return { path: await keepUpload(located), imported: null }
      return await importOnce(located, format, call)
    } finally {
      if (located.upload !== undefined) await uploads.drop(call.client, located.upload)
    }
  }

  async function importOnce(located: Located, format: string | undefined, call: Call): Promise<Stored> {
    const path = join(options.imports, `${stem(located.name)}-${await fingerprint(located, format)}.faultline`)
    while (underWay.has(path)) await underWay.get(path)?.catch(() => undefined)
    if (await exists(path)) return { path, imported: null }
    await mkdir(options.imports, { recursive: true })
    const job = runImport({ located, format, out: path, force: false }, call)
    underWay.set(path, job)
    try {
      return { path, imported: await job }
    } finally {
      underWay.delete(path)
    }
  }

  function runImport(
    { located, format, out, force }: { located: Located; format: string | undefined; out: string; force: boolean },
    { signal, onProgress }: JobContext,
  ): Promise<ImportSummary> {
    const params = { source: located.path, name: located.name, out, force, ...(format === undefined ? {} : { format }) }
    return jobs.run('import', params, { signal, onProgress })
  }

  /** Same input, same name: an import is found again until its input changes. */
  async function fingerprint({ path, upload }: Located, format = ''): Promise<string> {
    if (upload !== undefined) return randomBytes(8).toString('hex')
    const { size, mtimeMs } = await stat(path)
    return createHash('sha256')
      .update([path, size, mtimeMs, format, options.version].join('\0'))
      .digest('hex')
      .slice(0, 16)
  }

  /** An uploaded `.faultline` file becomes one of the data directory's, if it is one. */
  async function keepUpload({ path, name, upload }: Located): Promise<string> {
    if (upload === undefined) return path
    await mkdir(options.imports, { recursive: true })
    const kept = join(options.imports, `${stem(name)}-${randomBytes(8).toString('hex')}.faultline`)
    await rename(path, kept)
    try {
      await reader.call('describe', [kept])
      return kept
    } catch (error) {
      await rm(kept, { force: true })
      throw error
    }
  }

  async function info(handle: Handle, call: Call): Promise<OpenedFile> {
    return openedFile(handle, await reader.call('describe', [handle.path], call.signal), call)
  }

  async function importTo(
    { source, format, out, force }: ParsedParams<'trace.import'>,
    call: Call,
  ): Promise<ImportSummary> {
    const located = await files.locate(source, call.client)
    try {
      const target = out ?? `${stem(located.name)}.faultline`
      const path = writablePath(target, call.client.rights)
      if (await isDatabase(located.path, located.name)) {
        throw new ApiError(
          'bad-input',
          `${located.name} is a database already, not a trace to import`,
          'open it as it is',
        )
      }
      return visible(await runImport({ located, format, out: path, force }, call), call.client)
    } finally {
      if (located.upload !== undefined) await uploads.drop(call.client, located.upload)
    }
  }

  /** List it, then add what takes longer to know. */
  async function remember(located: Located, { path, imported }: Stored, traces: readonly TraceInfo[]): Promise<void> {
    const trace = traces.at(0)
    if (recents === undefined || trace === undefined) return
    const source: RecentSource = located.listed ?? { kind: 'path', path }
    const entry = {
      source,
      imported: path === located.path ? null : path,
      name: located.name,
      format: trace.format,
      durationNs: trace.durationNs,
      events: imported?.events ?? trace.events,
      lost: trace.lost,
      worstLock: null,
      worstWaitNs: null,
      openedAt: options.now(),
    }
    await recents.add(entry)
    options.onRecent()
    const later = worst(path, trace.id)
      .then(async (found) => {
        if (found === undefined) return
        await recents.add({ ...entry, ...found })
        options.onRecent()
      })
      .catch(() => undefined)
      .finally(() => background.delete(later))
    background.add(later)
  }

  async function worst(path: string, trace: number): Promise<{ worstLock: string; worstWaitNs: number } | undefined> {
    const params = analysisParams('contention', { by: 'class', contendedOnly: true, top: 1 })
    const result = (await reader.call('analyse', [path, trace, 'contention', params])) as ContentionResult
    const row = result.rows.at(0)
    return row === undefined ? undefined : { worstLock: row.class, worstWaitNs: row.waitTotalNs }
  }

  return { open, info, importTo, settled: async () => void (await Promise.all(background)) }
}

type Described = { readonly bytes: number; readonly traces: readonly TraceInfo[] }

function openedFile({ id, name, path, shownPath }: Handle, { bytes, traces }: Described, { client }: Call): OpenedFile {
  return { file: id, name, path: client.rights.local ? shownPath : basename(path), bytes, traces }
}

function visible(summary: ImportSummary, { rights }: ClientOf): ImportSummary {
  return rights.local ? summary : { ...summary, file: basename(summary.file) }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
