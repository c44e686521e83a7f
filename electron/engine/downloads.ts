/**
 * Exports on their way to a client that cannot have files written: they wait in this engine's own folder and are fetched
 * in pieces. Small ones never come here. They belong to the connection that asked and are deleted when it ends.
 */

import { randomBytes } from 'node:crypto'
import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { makeOwnFolder } from './data-dir.ts'

interface Download {
  readonly path: string
  readonly owner: object
}

export interface Downloads {
  /** A place for an export to be written to. */
  place(): Promise<string>
  /** What was written: its bytes where they fit one message (the file is then gone), else a download to fetch. */
  offer(owner: object, path: string): Promise<{ bytes: Uint8Array } | { download: { id: string; bytes: number } }>
  chunk(owner: object, id: string, offset: number): Promise<Uint8Array>
  end(owner: object, id: string): Promise<void>
  endAll(owner: object): Promise<void>
}

export function createDownloads(folder: string): Downloads {
  const downloads = new Map<string, Download>()
  /** Owners that have left, some of them while a file was being written for them. */
  const gone = new WeakSet<object>()

  function owned(owner: object, id: string): Download {
    const download = downloads.get(id)
    if (download === undefined || download.owner !== owner)
      throw new ApiError('not-found', `no download ${id}`, 'export it again')
    return download
  }

  async function end(id: string, { path }: Download): Promise<void> {
    downloads.delete(id)
    await rm(path, { force: true })
  }

  return {
    async place() {
      await makeOwnFolder(folder)
      return join(folder, `${randomBytes(12).toString('hex')}.export`)
    },
    async offer(owner, path) {
      const { size } = await stat(path)
      if (size <= limits.pieceBytes) {
        const bytes = await piece(path, 0)
        await rm(path, { force: true })
        return { bytes }
      }
      // Nobody would ever end it; whoever asks for a place removes what is in it when this fails.
      if (gone.has(owner)) throw new ApiError('cancelled', 'the export was cancelled')
      const id = randomBytes(12).toString('hex')
      downloads.set(id, { path, owner })
      return { download: { id, bytes: size } }
    },
    chunk: (owner, id, offset) => piece(owned(owner, id).path, offset),
    async end(owner, id) {
      await end(id, owned(owner, id))
    },
    async endAll(owner) {
      gone.add(owner)
      for (const [id, download] of downloads) if (download.owner === owner) await end(id, download)
    },
  }
}

async function piece(path: string, offset: number): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const bytes = new Uint8Array(Math.max(0, Math.min(limits.pieceBytes, size - offset)))
    let got = 0
    while (got < bytes.length) {
      const { bytesRead } = await file.read(bytes, got, bytes.length - got, offset + got)
      if (bytesRead === 0) break
      got += bytesRead
    }
    return bytes.subarray(0, got)
  } finally {
    await file.close()
  }
}
