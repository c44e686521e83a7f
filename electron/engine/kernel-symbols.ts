/**
 * Names of kernel functions for a recording that has none: the kallsyms the user gave; else the one perf keeps of every
 * kernel it recorded (~/.debug), else this machine's own, both only where the build id says it is the very same kernel. A
 * kernel that hides its addresses prints zeros, which is as good as none.
 */

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { COMPRESSION_BYTES, compressionOf } from '#shared/formats/foreign.ts'
import type { FormatHost, GivenSymbols } from '#shared/formats/format.ts'
import { wholeAsUtf8 } from './transcode.ts'

/** ELF note of a GNU build id. */
const NT_GNU_BUILD_ID = 3
/** `ffffffff81000000 T _text`, by its first address that is not 0. */
const ADDRESS = /^0*[1-9a-f][0-9a-f]* \S \S/m
const LINE = /^[0-9a-f]{8,16} \S \S/m

export interface NamedPath {
  readonly path: string
  readonly name: string
}

export function kernelSymbols(given: NamedPath | undefined): FormatHost {
  const chosen = given === undefined ? undefined : { kallsyms: readGiven(given), from: given.name }
  return { kernelSymbols: (buildId) => chosen ?? (buildId === undefined ? undefined : sameKernel(buildId)) }
}

function readGiven({ path, name }: NamedPath): Uint8Array {
  const kallsyms = wholeAsUtf8(plain(readFileSync(path), name))
  if (!LINE.test(kallsyms.toString('latin1', 0, limits.sniffBytes))) {
    throw new ApiError('bad-input', `${name} is no kallsyms: it has no line as ffffffff81000000 T _text`, HOW)
  }
  return kallsyms
}

const HOW = 'on the machine that recorded, before it reboots: sudo cat /proc/kallsyms > kallsyms'

function plain(bytes: Buffer, name: string): Buffer {
  const options = { maxOutputLength: limits.kallsymsBytes }
  const compression = compressionOf(bytes.subarray(0, COMPRESSION_BYTES))
  try {
    if (compression === 'gzip') return gunzipSync(bytes, options)
    return compression === 'zstd' ? zstdDecompressSync(bytes, options) : bytes
  } catch {
    throw new ApiError('bad-input', `${name} is damaged: it does not decompress, or to too much`, HOW)
  }
}

function sameKernel(buildId: string): GivenSymbols | undefined {
  if (!/^[0-9a-f]{16,64}$/.test(buildId)) return undefined
  const kept = join(homedir(), '.debug', '[kernel.kallsyms]', buildId, 'kallsyms')
  const cached = readIfThere(kept)
  if (cached !== undefined && isUsable(cached)) return { kallsyms: cached, from: 'what perf kept of that kernel' }
  if (runningBuildId() !== buildId) return undefined
  const own = readIfThere('/proc/kallsyms')
  return own === undefined || !isUsable(own) ? undefined : { kallsyms: own, from: "this machine's kernel, the same" }
}

function isUsable(kallsyms: Buffer): boolean {
  return kallsyms.length <= limits.kallsymsBytes && ADDRESS.test(kallsyms.toString('latin1', 0, limits.sniffBytes))
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    // Not on this machine, or not for us to read.
    return undefined
  }
}

/** Of the kernel that runs here; the notes are in the machine's own byte order, and x86 and arm64 are little. */
function runningBuildId(): string | undefined {
  const notes = readIfThere('/sys/kernel/notes')
  if (notes === undefined) return undefined
  for (let at = 0; at + 12 <= notes.length;) {
    const [nameSize, size, type] = [notes.readUInt32LE(at), notes.readUInt32LE(at + 4), notes.readUInt32LE(at + 8)]
    const from = at + 12 + padded(nameSize)
    const name = notes.toString('latin1', at + 12, at + 12 + nameSize)
    if (type === NT_GNU_BUILD_ID && name === 'GNU\0') return notes.toString('hex', from, from + size)
    at = from + padded(size)
  }
  return undefined
}

function padded(size: number): number {
  return (size + 3) & ~3
}
