/**
 * From what a client names (a path, an upload, a sample, a file known already) to a file on disk it may read, and back:
 * how files are listed for a client that must not see or name paths.
 */

import { open as openHandle, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import type { Registry } from '#shared/base/registry.ts'
import type { RecentFile, Source } from '#shared/contract/methods.ts'
import { isMissing, knownId, type RecentEntry, type Recents, type RecentSource } from './recent.ts'
import { isInside, readablePath, type ClientRights } from './rights.ts'
import type { SampleFile } from './samples.ts'
import type { Uploads } from './uploads.ts'

/** One connection, as far as files are concerned. */
export interface ClientOf {
  readonly rights: ClientRights
}

export interface Located {
  readonly path: string
  /** For tabs and lists. */
  readonly name: string
  /** How it is listed under the recent files; undefined: as what it is imported to (uploads are not kept). */
  readonly listed: RecentSource | undefined
  /** An upload is used up once it has been read. */
  readonly upload: string | undefined
}

export interface Files {
  locate(source: Source, client: ClientOf): Promise<Located>
  recent(client: ClientOf): Promise<readonly RecentFile[]>
  /** How this client names what the list calls `source`, to open it again. */
  again(source: RecentSource, client: ClientOf): Source
  /** The list's own name for what a client calls `source`. */
  listedAs(source: Source, client: ClientOf): Promise<RecentSource>
  /** Files given at start, as this client may name them. */
  startWith(client: ClientOf): readonly Source[]
  /** Make a file known that the user chose in the system's own dialog or dropped. */
  grant(path: string): Source
}

export interface FilesOptions {
  readonly root: string | undefined
  readonly imports: string
  readonly startWith: readonly Source[]
  readonly samples: Registry<SampleFile>
  readonly recents: Recents
  readonly uploads: Uploads
}

export function createFiles({ root, imports, startWith, samples, recents, uploads }: FilesOptions): Files {
  const granted = new Map<string, string>()
  const grant = (path: string): Source => {
    const id = knownId(resolve(path))
    granted.set(id, resolve(path))
    return { kind: 'known', known: id }
  }
  for (const source of startWith) if (source.kind === 'path') grant(source.path)

  /** The browser sees of the recent files what it could open anyway: imports of uploads, samples, files under --root. */
  function maySee(source: RecentSource, { local }: ClientRights): boolean {
    if (local || source.kind === 'sample' || granted.has(knownId(source.path))) return true
    return isInside(imports, source.path) || (root !== undefined && isInside(root, source.path))
  }

  async function known(id: string, rights: ClientRights): Promise<{ readonly path: string; readonly name: string }> {
    for (const { source, name } of await recents.list()) {
      if (source.kind === 'path' && knownId(source.path) === id && maySee(source, rights))
        return { path: source.path, name }
    }
    const path = granted.get(id)
    if (path !== undefined) return { path, name: basename(path) }
    // A browser may open what its host was started with; another start, another list.
    const again = rights.paths === 'any' ? 'open it again' : 'drop it here, or name it when Faultline is started'
    throw new ApiError('not-found', 'the file is not among the recent files any more', again)
  }

  function forClient(source: RecentSource, { paths }: ClientRights): Source {
    return source.kind === 'path' && paths !== 'any' ? { kind: 'known', known: knownId(source.path) } : source
  }

  async function locate(source: Source, client: ClientOf): Promise<Located> {
    switch (source.kind) {
      case 'path':
        return listed(await readablePath(source.path, client.rights, root))
      case 'known': {
        const { path, name } = await known(source.known, client.rights)
        return listed(path, name)
      }
      case 'sample': {
        const { path, id } = samples.get(source.sample)
        return { path, name: basename(path), listed: { kind: 'sample', sample: id }, upload: undefined }
      }
      case 'upload': {
        const { path, name } = await uploads.use(client, source.upload)
        return { path, name, listed: undefined, upload: source.upload }
      }
    }
  }

  return {
    locate,
    grant,
    again: (source, { rights }) => forClient(source, rights),
    async recent({ rights }) {
      const seen = (await recents.list()).filter(({ source }) => maySee(source, rights))
      return Promise.all(seen.map(async (entry) => shown(entry, forClient(entry.source, rights))))
    },
    async listedAs(source, client) {
      if (source.kind === 'known') return { kind: 'path', path: (await known(source.known, client.rights)).path }
      if (source.kind === 'sample') return source
      if (source.kind === 'path' && client.rights.paths !== 'none')
        return { kind: 'path', path: resolve(root ?? '', source.path) }
      throw new ApiError('bad-request', 'only files of the list can be forgotten')
    },
    startWith: ({ rights }) =>
      startWith.map((source) => (source.kind === 'path' && rights.paths !== 'any' ? grant(source.path) : source)),
  }
}

function listed(path: string, name = basename(path)): Located {
  return { path, name, listed: { kind: 'path', path }, upload: undefined }
}

async function shown({ imported: _, source: own, ...entry }: RecentEntry, source: Source): Promise<RecentFile> {
  return { ...entry, source, missing: await isMissing(own) }
}

const SQLITE_MAGIC = 'SQLite format 3\0'

/** Is it a database (ours or not), and so to be opened rather than imported? Says why a file cannot be read at all. */
export async function isDatabase(path: string, name: string): Promise<boolean> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) {
      throw new ApiError('bad-input', `${name} is a folder, not a trace`, 'name a file in it')
    }
    // Opening a pipe waits for who writes into it, and closing it again would be the end for them. tracefs' trace_pipe is a file
    // of no size, and what is read of it is gone.
    if (!found.isFile() || found.size === 0) return false
    const file = await openHandle(path)
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(SQLITE_MAGIC.length), 0, SQLITE_MAGIC.length, 0)
      return buffer.toString('latin1', 0, bytesRead) === SQLITE_MAGIC
    } finally {
      await file.close()
    }
  } catch (error) {
    throw readFailure(error, name)
  }
}

function readFailure(error: unknown, name: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ApiError('not-found', `${name}: no such file`, 'check the path')
    case 'EACCES':
    case 'EPERM':
      return new ApiError('permission', `${name}: not permitted to read it`, 'check its permissions')
    default:
      return error
  }
}
