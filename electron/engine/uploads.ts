/**
 * Files that come in pieces through the contract (the browser's, and standard input). They are written to this engine's
 * own folder, bounded, in order, and belong to the connection that began them: what it does not use is deleted when it
 * ends. An upload is used up by the import that reads it.
 */

import { randomBytes } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { makeOwnFolder } from './data-dir.ts'

interface Upload {
  readonly path: string
  readonly name: string
  /** Bytes announced, where they were. */
  readonly bytes: number | undefined
  readonly owner: object
  readonly file: FileHandle
  received: number
  /** Chunks are written one after the other. */
  tail: Promise<void>
}

export interface Uploads {
  begin(owner: object, name: string, bytes: number | undefined): Promise<string>
  chunk(owner: object, id: string, bytes: Uint8Array): Promise<number>
  /** The finished upload as a file, which stays until `drop`. */
  use(owner: object, id: string): Promise<{ readonly path: string; readonly name: string }>
  drop(owner: object, id: string): Promise<void>
  dropAll(owner: object): Promise<void>
}

export function createUploads(folder: string): Uploads {
  const uploads = new Map<string, Upload>()
  /** Owners of those whose file is being made. */
  const beginning: object[] = []
  /** Owners that have left, some of them while a file was being made for them. */
  const gone = new WeakSet<object>()

  function owned(owner: object, id: string): Upload {
    const upload = uploads.get(id)
    if (upload === undefined || upload.owner !== owner)
      throw new ApiError('not-found', `no upload ${id}`, 'begin it again')
    return upload
  }

  async function drop(id: string, upload: Upload): Promise<void> {
    uploads.delete(id)
    await upload.tail.catch(() => undefined)
    await upload.file.close()
    await rm(upload.path, { force: true })
  }

  function countOf(owner: object): number {
    return [...beginning, ...[...uploads.values()].map((one) => one.owner)].filter((one) => one === owner).length
  }

  return {
    async begin(owner, name, bytes) {
      if (bytes !== undefined) assertRoom(bytes)
      if (countOf(owner) >= limits.uploads)
        throw new ApiError('limit', `${limits.uploads} uploads are unfinished or unused`, 'finish or cancel one first')
      const id = randomBytes(12).toString('hex')
      beginning.push(owner)
      try {
        await makeOwnFolder(folder)
        const path = join(folder, `${id}.upload`)
        const file = await open(path, 'wx')
        uploads.set(id, { path, name: shownName(name), bytes, owner, file, received: 0, tail: Promise.resolve() })
      } finally {
        beginning.splice(beginning.indexOf(owner), 1)
      }
      if (gone.has(owner)) await drop(id, owned(owner, id))
      return id
    },
    async chunk(owner, id, bytes) {
      const upload = owned(owner, id)
      const received = upload.received + bytes.length
      assertRoom(received)
      if (upload.bytes !== undefined && received > upload.bytes) {
        throw new ApiError('bad-request', `upload ${upload.name}: more than the announced ${upload.bytes} bytes`)
      }
      upload.received = received
      upload.tail = upload.tail.then(() => write(upload, bytes))
      await upload.tail
      return upload.received
    },
    async use(owner, id) {
      const upload = owned(owner, id)
      await upload.tail
      assertWhole(upload)
      return { path: upload.path, name: upload.name }
    },
    async drop(owner, id) {
      await drop(id, owned(owner, id))
    },
    async dropAll(owner) {
      gone.add(owner)
      for (const [id, upload] of uploads) if (upload.owner === owner) await drop(id, upload)
    },
  }
}

async function write({ file }: Upload, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten
}

function assertWhole({ name, received, bytes }: Upload): void {
  if (bytes === undefined || received === bytes) return
  throw new ApiError('bad-request', `upload ${name}: ${received} of ${bytes} bytes came`, 'send the rest first')
}

function assertRoom(bytes: number): void {
  if (bytes > limits.uploadBytes) {
    throw new ApiError(
      'limit',
      `an upload may have ${limits.uploadBytes} bytes at most`,
      'import it with `faultline import FILE` and open the result',
    )
  }
}

/** What is left of a browser's word for a file: no path of either kind of system, nothing that does not print. */
function shownName(said: string): string {
  const last = said.split(/[/\\]/).at(-1) ?? ''
  const plain = last.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim()
  return /^\.{0,2}$/.test(plain) ? 'upload' : plain
}
