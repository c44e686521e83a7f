/**
 * Input for formats that are read in any order: the file itself where it lies plainly on disk, memory where the bytes are at
 * hand, otherwise what came out of the pipe or the decompression, spooled into a file of its own that is gone when it is
 * closed. What is spooled is bounded, so that a small compressed file cannot fill the disk.
 */

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { constants, inflateSync, zstdDecompressSync } from 'node:zlib'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { RandomFile } from '#shared/formats/random-file.ts'
import { tempFolder } from '../store/temp-folder.ts'
import type { Input } from './source.ts'

export interface OpenRandomFile extends RandomFile {
  close(): void
}

/** `check` throws when the import was cancelled. */
export async function openRandom(input: Input, check: () => void): Promise<OpenRandomFile> {
  if (input.plain instanceof Uint8Array) return overBytes(input.plain)
  if (typeof input.plain === 'string') return overFile(openSync(input.plain, 'r'), () => undefined)
  return spooled(input, check)
}

function overBytes(bytes: Uint8Array): OpenRandomFile {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
    inflate,
    inflateOpen,
    release,
    close: () => undefined,
  }
}

function overFile(fd: number, gone: () => void): OpenRandomFile {
  let buffer = Buffer.allocUnsafe(0)
  let open = true
  return {
    size: fstatSync(fd).size,
    read(offset, length) {
      if (buffer.length < length) buffer = Buffer.allocUnsafe(length)
      let at = 0
      while (at < length) {
        const count = readSync(fd, buffer, at, length - at, offset + at)
        if (count === 0) break
        at += count
      }
      return buffer.subarray(0, at)
    },
    inflate,
    inflateOpen,
    release,
    close() {
      if (!open) return
      open = false
      closeSync(fd)
      gone()
    },
  }
}

async function spooled(input: Input, check: () => void): Promise<OpenRandomFile> {
  const folder = tempFolder('spool')
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const fd = openSync(join(folder, 'input'), 'wx+', 0o600)
  // It has no name from here on where a system allows that: a process that is killed leaves no gigabytes.
  if (process.platform !== 'win32') remove()
  try {
    let size = 0
    for await (const chunk of input.chunks) {
      check()
      size += chunk.length
      if (size > limits.spoolBytes) {
        throw new ApiError(
          'limit',
          `more than ${limits.spoolBytes} bytes after decompression`,
          'decompress the file first',
        )
      }
      for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at)
    }
  } catch (error) {
    ftruncateSync(fd, 0)
    closeSync(fd)
    remove()
    throw error
  }
  return overFile(fd, remove)
}

function inflateOpen(bytes: Uint8Array, most: number): Uint8Array {
  return zstdDecompressSync(bytes, { maxOutputLength: most, finishFlush: constants.ZSTD_e_continue })
}

function inflate(method: 'zstd' | 'zlib', bytes: Uint8Array, most: number): Uint8Array {
  // One piece instead of many that have to be joined, as far as the file's word for its size is to be believed.
  const chunkSize = Math.min(Math.max(most, 16_384), 4 << 20)
  const options = { maxOutputLength: Math.max(1, most), chunkSize }
  return method === 'zstd' ? zstdDecompressSync(bytes, options) : inflateSync(bytes, options)
}

/** Only what is a buffer of its own: others look at the same memory as the rest of Node's pool. */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
