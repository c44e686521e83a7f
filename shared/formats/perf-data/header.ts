/**
 * The frame of a perf.data (tools/perf/Documentation/perf.data-file-format.txt): a header, the attributes of every recorded
 * event with the ids of its samples, the data, and behind it feature sections, of which the tracing data (formats of all
 * tracepoints), the kernel's release and the number of CPUs matter here. Pipe mode (`perf record -o -`) has another frame
 * and is refused with the way out.
 */

import { ApiError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { RandomFile } from '../random-file.ts'
import { readTracingData, type TraceDat } from '../trace-dat/container.ts'
import { Cursor } from '../trace-dat/cursor.ts'

export interface PerfAttr {
  readonly type: number
  readonly config: number
  readonly sampleType: number
  readonly readFormat: number
  readonly sampleIdAll: boolean
}

export interface PerfHeader {
  readonly little: boolean
  readonly attrs: readonly PerfAttr[]
  readonly attrOfId: ReadonlyMap<bigint, PerfAttr>
  readonly data: Place
  readonly tracing: TraceDat | undefined
  readonly kernel: string | undefined
  readonly cpus: number | undefined
  /** Hex digits. */
  readonly kernelBuildId: string | undefined
}

export interface Place {
  readonly offset: number
  readonly size: number
}

/** Bits of the feature bitmap (tools/perf/util/header.h). */
const TRACING_DATA = 1
const BUILD_ID = 2
const OSRELEASE = 4
const NRCPUS = 7
const FEATURES = 256
const HEADER_BYTES = 104
const ATTR_BYTES = 64
/** PERF_RECORD_MISC_*: whose the file is, and whether the build id's length is told. */
const CPUMODE = 7
const KERNEL_MODE = 1
const BUILD_ID_SIZE = 1 << 15
/** perf_event_attr's flags: sample_id_all. */
const SAMPLE_ID_ALL = 1 << 18

export function isPerfData(head: Uint8Array): boolean {
  const magic = 'PERFILE2'
  const swapped = '2ELIFREP'
  const is = (text: string) => [...text].every((c, i) => head[i] === c.charCodeAt(0))
  return head.length >= 16 && (is(magic) || is(swapped))
}

export function perfDamage(what: string): ApiError {
  return new ApiError('bad-input', `this perf.data is damaged: ${what}`, 'copy it again, or record anew')
}

export function readPerfHeader(file: RandomFile): PerfHeader {
  const head = new Uint8Array(file.read(0, HEADER_BYTES))
  const little = head[0] === 0x50
  const cursor = new Cursor(head, { little, base: 0 })
  cursor.at = 8
  const size = cursor.u64()
  if (size === 16) {
    throw new ApiError(
      'bad-input',
      'this perf.data was written to a pipe, which has another layout',
      'write it to a file: perf record -o FILE, or print it: perf script -i FILE > FILE.txt',
    )
  }
  if (size !== HEADER_BYTES) throw perfDamage(`a header of ${size} bytes`)
  const attrSize = cursor.u64()
  const attrs = place(cursor)
  const data = place(cursor)
  place(cursor)
  const bitmap = Array.from({ length: 4 }, () => [cursor.u32(), cursor.u32()]).flat()
  if (attrSize < ATTR_BYTES + 16 || attrSize > 4096) throw perfDamage(`attributes of ${attrSize} bytes`)
  const attributes = readAttrs(file, { little, attrs, attrSize })
  const features = readFeatures(file, { little, bitmap, at: data.offset + data.size })
  return { little, data, ...attributes, ...features }
}

function place(cursor: Cursor): Place {
  return { offset: cursor.u64(), size: cursor.u64() }
}

function section(file: RandomFile, { offset, size }: Place): Uint8Array {
  if (size > limits.traceDatSection || offset + size > file.size)
    throw perfDamage(`a section of ${size} bytes at byte ${offset}`)
  return new Uint8Array(file.read(offset, size))
}

interface AttrsAt {
  readonly little: boolean
  readonly attrs: Place
  readonly attrSize: number
}

function readAttrs(file: RandomFile, { little, attrs, attrSize }: AttrsAt): Pick<PerfHeader, 'attrs' | 'attrOfId'> {
  const cursor = new Cursor(section(file, attrs), { little, base: attrs.offset })
  const list: PerfAttr[] = []
  const attrOfId = new Map<bigint, PerfAttr>()
  while (cursor.left >= attrSize) {
    const from = cursor.at
    const type = cursor.u32()
    cursor.u32()
    const config = Number(BigInt.asUintN(53, big(cursor)))
    big(cursor)
    const sampleType = Number(BigInt.asUintN(53, big(cursor)))
    const readFormat = Number(BigInt.asUintN(53, big(cursor)))
    const flags = cursor.u32()
    const attr = { type, config, sampleType, readFormat, sampleIdAll: (flags & SAMPLE_ID_ALL) !== 0 }
    list.push(attr)
    cursor.at = from + attrSize - 16
    const ids = place(cursor)
    const at = new Cursor(section(file, ids), { little, base: ids.offset })
    while (at.left >= 8) attrOfId.set(big(at), attr)
  }
  if (list.length === 0) throw perfDamage('it describes no event')
  return { attrs: list, attrOfId }
}

/** 64 bits that are no size: ids, masks. */
function big(cursor: Cursor): bigint {
  const bytes = cursor.bytes(8)
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
  return view.getBigUint64(0, cursor.little)
}

interface FeaturesAt {
  readonly little: boolean
  readonly bitmap: readonly number[]
  readonly at: number
}

function readFeatures(
  file: RandomFile,
  { little, bitmap, at }: FeaturesAt,
): Pick<PerfHeader, 'tracing' | 'kernel' | 'cpus' | 'kernelBuildId'> {
  const present = Array.from({ length: FEATURES }, (_, bit) => bit).filter(
    (bit) => ((bitmap[bit >>> 5] >>> (bit & 31)) & 1) === 1,
  )
  const places = new Map<number, Place>()
  const table = new Cursor(new Uint8Array(file.read(at, present.length * 16)), { little, base: at })
  for (const bit of present) if (table.left >= 16) places.set(bit, place(table))
  const feature = (bit: number): Uint8Array | undefined => {
    const found = places.get(bit)
    return found === undefined ? undefined : section(file, found)
  }
  const tracing = feature(TRACING_DATA)
  const release = feature(OSRELEASE)
  const cpus = feature(NRCPUS)
  const buildIds = feature(BUILD_ID)
  return {
    tracing: tracing === undefined ? undefined : readTracingData(tracing, places.get(TRACING_DATA)?.offset ?? 0),
    kernel: release === undefined || release.length < 4 ? undefined : text(release, little),
    cpus: cpus === undefined || cpus.length < 8 ? undefined : new Cursor(cpus, { little, base: 0 }).u32(),
    kernelBuildId: buildIds === undefined ? undefined : kernelId(buildIds, little),
  }
}

/** `perf_record_header_build_id` of tools/lib/perf/include/perf/event.h: header, pid, 20 bytes, their length where known. */
function kernelId(bytes: Uint8Array, little: boolean): string | undefined {
  const cursor = new Cursor(bytes, { little, base: 0 })
  while (cursor.left >= 36) {
    const from = cursor.at
    cursor.u32()
    const misc = cursor.u16()
    const size = cursor.u16()
    cursor.u32()
    const id = cursor.bytes(20)
    const length = cursor.u8()
    cursor.at = from + 36
    if (size < 36 || from + size > bytes.length) return undefined
    const name = cursor.text(size - 36).replace(/\0.*$/s, '')
    const known = (misc & BUILD_ID_SIZE) !== 0 ? Math.min(length, id.length) : id.length
    if ((misc & CPUMODE) === KERNEL_MODE && name.startsWith('[kernel.kallsyms]')) return hex(id.subarray(0, known))
    cursor.at = from + size
  }
  return undefined
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A length and a text that is filled up with NULs. */
function text(bytes: Uint8Array, little: boolean): string {
  const cursor = new Cursor(bytes, { little, base: 0 })
  const length = cursor.u32()
  return cursor.text(Math.min(length, cursor.left)).replace(/\0.*$/s, '')
}
