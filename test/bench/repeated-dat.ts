/**
 * Large trace.dat files for benchmarks: a recorded one whose pages come again and again, each time later, compressed chunk by
 * chunk as trace-cmd does it. Real events, real mixes, real page layouts; only the repetition is made up. The file's own list
 * of its data is made to point at the new data behind its end, so nothing else of it changes.
 */

import { closeSync, copyFileSync, openSync, readFileSync, writeSync } from 'node:fs'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { readContainer } from '#shared/formats/trace-dat/container.ts'
import type { CpuData } from '#shared/formats/trace-dat/recover.ts'
import { randomFile } from '../support/trace-dat.ts'

const PAGE = 4096
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** Writes the version 7 file `from` with its pages `copies` times to `to`; `periodNs` is how much later each copy is. */
export function repeatDat(from: string, to: string, { copies, periodNs }: { copies: number; periodNs: bigint }): void {
  const bytes = readFileSync(from)
  const { buffers } = readContainer(randomFile(bytes))
  copyFileSync(from, to)
  const file = openSync(to, 'r+')
  let end = bytes.length
  const append = (part: Uint8Array): void => void (end += writeSync(file, part, 0, part.length, end))
  for (const data of buffers.flatMap(({ cpus }) => cpus)) {
    const chunks = chunksOf(bytes, data)
    const place = bytes.indexOf(entry(data))
    if (place === -1) throw new Error(`${from} has no list of the data of CPU ${data.cpu}`)
    const offset = end
    append(number(chunks.length * copies))
    for (let copy = 0; copy < copies; copy++) {
      for (const chunk of chunks) {
        const plain = later(zstdDecompressSync(chunk), periodNs * BigInt(copy))
        const packed = zstdCompressSync(plain, FAST)
        append(number(packed.length))
        append(number(plain.length))
        append(packed)
      }
    }
    const moved = entry({ cpu: data.cpu, offset, size: end - offset - 4 })
    writeSync(file, moved, 0, moved.length, place)
  }
  closeSync(file)
}

/** Compressed, without their sizes. */
function chunksOf(bytes: Buffer, { offset }: CpuData): readonly Buffer[] {
  const count = bytes.readUInt32LE(offset)
  let at = offset + 4
  return Array.from({ length: count }, () => {
    const chunk = bytes.subarray(at + 8, at + 8 + bytes.readUInt32LE(at))
    at += 8 + chunk.length
    return chunk
  })
}

/** A page begins with the time of its first event; all others are differences. */
function later(pages: Buffer, by: bigint): Buffer {
  for (let at = 0; at < pages.length; at += PAGE) pages.writeBigUInt64LE(pages.readBigUInt64LE(at) + by, at)
  return pages
}

function entry({ cpu, offset, size }: CpuData): Buffer {
  const bytes = Buffer.alloc(20)
  bytes.writeUInt32LE(cpu)
  bytes.writeBigUInt64LE(BigInt(offset), 4)
  bytes.writeBigUInt64LE(BigInt(size), 12)
  return bytes
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
