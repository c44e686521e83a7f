/**
 * What every method of the contract does: one short function each, and no work of its own. It runs on the router's
 * thread, so nothing here opens SQLite, parses or computes; that is handed to jobs, the data thread and the SQL process.
 */

import { rm } from 'node:fs/promises'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { TABLE_FORMATS } from '#shared/contract/export-formats.ts'
import type { ExportResult, MethodName, ParsedParams } from '#shared/contract/methods.ts'
import { exportName } from './export-tables.ts'
import type { Call } from './importing.ts'
import { stem } from './names.ts'
import type { Handlers, ModelMethod, Parts } from './parts.ts'
import { writablePath } from './rights.ts'
import { timelineHandlers, type TimelineMethod } from './timeline-handlers.ts'
import { workHandlers, type WorkMethod } from './work-handlers.ts'

export function createHandlers(parts: Parts): Handlers {
  return {
    ...fileHandlers(parts),
    ...traceHandlers(parts),
    ...parts.model.handlers,
    ...workHandlers(parts),
    ...byteHandlers(parts),
    ...timelineHandlers(parts),
  }
}

type FileMethod = 'app.info' | Extract<MethodName, `files.${string}` | `window.${string}`>
type ByteMethod = Extract<MethodName, `upload.${string}` | `download.${string}`>
type TraceMethod = Exclude<MethodName, FileMethod | ByteMethod | ModelMethod | TimelineMethod | WorkMethod>

function fileHandlers(parts: Parts): Pick<Handlers, FileMethod> {
  const { files, recents, kept, handles, opening, jobs, reader, onRecent } = parts
  return {
    'app.info': async (_, { client }) => ({
      version: parts.version,
      host: parts.host,
      platform: process.platform,
      ...(await import('./catalog.ts')).listed(),
      samples: parts.samples.items.map(({ path: _path, ...sample }) => sample),
      paths: client.rights.paths,
      startWith: files.startWith(client),
    }),
    'window.kept': () => kept.read(),
    async 'window.keep'({ key, value }) {
      await kept.write(key, value)
      return null
    },
    'files.recent': (_, { client }) => files.recent(client),
    async 'files.forget'({ source }, { client }) {
      await recents.forget(await files.listedAs(source, client))
      onRecent()
      return null
    },
    'files.open': (params, call) => opening.open(params, call),
    async 'files.close'({ file }, { client }) {
      const ended = handles.close(file, client)
      if (ended !== undefined) await reader.call('drop', [ended.path])
      return null
    },
    async 'files.check'({ source }, { client, signal, onProgress }) {
      const { path } = await files.locate(source, client)
      return jobs.run('check', { path }, { signal, onProgress })
    },
  }
}

function traceHandlers(parts: Parts): Pick<Handlers, TraceMethod> {
  const { handles, opening, reader, sql } = parts
  return {
    'trace.import': (params, call) => opening.importTo(params, call),
    'trace.info': ({ file }, call) => opening.info(handles.get(file), call),
    async 'analysis.run'({ file, trace, id, params }, { signal }) {
      const { path } = handles.get(file)
      const { analysisParams } = await import('./catalog.ts')
      return reader.call('analyse', [path, trace, id, analysisParams(id, params)], signal)
    },
    async 'contention.against'({ file, trace, against }, { signal }) {
      return reader.call('against', [handles.get(file).path, trace, handles.get(against).path], signal)
    },
    async 'locks.names'({ file, trace }, { signal }) {
      return { names: await reader.call('lockNames', [handles.get(file).path, trace], signal) }
    },
    async 'locks.name'({ file, trace, address, name }) {
      const { path } = handles.get(file)
      const locks = await reader.call('nameLock', [path, trace, { address, name }])
      return { locks, names: await reader.call('lockNames', [path, trace]) }
    },
    async 'query.run'({ file, sql: text, maxRows }, { signal }) {
      const { path } = handles.get(file)
      if (text.length > limits.sqlBytes) {
        throw new ApiError('limit', `a statement may have ${limits.sqlBytes} characters at most`, 'shorten it')
      }
      return sql.run({ path, sql: text, maxRows: Math.min(maxRows ?? limits.sqlRows, limits.sqlRows) }, signal)
    },
    'query.export': (params, call) => queryExport(parts, params, call),
    'export.run': (params, call) => exportRun(parts, params, call),
  }
}

async function queryExport(
  { handles, sql, downloads }: Parts,
  { file, sql: text, format }: ParsedParams<'query.export'>,
  { client, signal, onProgress }: Call,
): Promise<ExportResult> {
  const handle = handles.get(file)
  const name = `${stem(handle.name)}.${format}`
  const out = await downloads.place()
  try {
    const rows = await sql.export({ path: handle.path, sql: text, out, format }, { signal, onProgress })
    return { path: null, name, bytes: null, download: null, rows, ...(await downloads.offer(client, out)) }
  } catch (error) {
    await rm(out, { force: true })
    throw error
  }
}

async function exportRun(
  { handles, jobs, downloads }: Parts,
  { file, out, force, ...asked }: ParsedParams<'export.run'>,
  { client, signal, onProgress }: Call,
): Promise<ExportResult> {
  const handle = handles.get(file)
  refuseIdle(asked)
  const what = { ...asked, table: asked.table ?? 'lock_span' }
  const name = exportName(handle.name, what)
  const target = out === undefined ? await downloads.place() : writablePath(out, client.rights)
  const { rows } = await jobs.run('export', { path: handle.path, out: target, force, ...what }, { signal, onProgress })
  if (out !== undefined) return { path: target, name, bytes: null, download: null, rows }
  try {
    return { path: null, name, bytes: null, download: null, rows, ...(await downloads.offer(client, target)) }
  } catch (error) {
    await rm(target, { force: true })
    throw error
  }
}

/** What the format has none of: who asks for it believes that it is in the file. */
function refuseIdle({ format, table, rawEvents }: Pick<ParsedParams<'export.run'>, 'format' | 'table' | 'rawEvents'>) {
  if (table !== undefined && !TABLE_FORMATS.includes(format)) {
    throw new ApiError('bad-request', `${format} is of the whole trace, not of a table`, 'leave the table out')
  }
  if (rawEvents && format !== 'faultline') {
    throw new ApiError('bad-request', `raw events as rows are for faultline, not for ${format}`, 'leave them out')
  }
}

function byteHandlers({ uploads, downloads }: Parts): Pick<Handlers, ByteMethod> {
  return {
    'upload.begin': async ({ name, bytes }, { client }) => ({ upload: await uploads.begin(client, name, bytes) }),
    'upload.chunk': async ({ upload, bytes }, { client }) => ({ received: await uploads.chunk(client, upload, bytes) }),
    async 'upload.cancel'({ upload }, { client }) {
      await uploads.drop(client, upload)
      return null
    },
    'download.chunk': ({ download, offset }, { client }) => downloads.chunk(client, download, offset),
    async 'download.end'({ download }, { client }) {
      await downloads.end(client, download)
      return null
    },
  }
}
