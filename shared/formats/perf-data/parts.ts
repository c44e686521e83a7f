/**
 * What a perf.data and the one written to a pipe both have: attributes of events with the ids of their samples, build ids,
 * texts with a length, sections. Damage is told by place, as of a perf.data.
 */

import { limits } from '../../base/limits.ts'
import type { ApiError } from '../../base/errors.ts'
import type { RandomFile } from '../random-file.ts'
import { Cursor, damage } from '../trace-dat/cursor.ts'
import { nameOf, precisionIn } from './event-names.ts'

export const OF = 'perf.data'
/** PERF_RECORD_MISC_*: whose the file is, and whether the build id's length is told. */
const CPUMODE = 7
const KERNEL_MODE = 1
const BUILD_ID_SIZE = 1 << 15
/** perf_event_attr's flags are a bit field: sample_id_all, counted from its low end, or from the high one in big endian. */
const SAMPLE_ID_ALL = 18

export interface PerfAttr {
  readonly type: number
  /** Bytes of its description, as far as this kernel's has them. */
  readonly size: number
  readonly config: number
  readonly sampleType: number
  readonly readFormat: number
  readonly sampleIdAll: boolean
  /** What perf calls it: as the file says (HEADER_EVENT_DESC has what was written behind -e), else by type and number. */
  name: string
}

export interface Place {
  readonly offset: number
  readonly size: number
}

export function perfDamage(what: string): ApiError {
  return damage(what, OF)
}

export function section(file: RandomFile, { offset, size }: Place): Uint8Array {
  if (size > limits.traceDatSection || offset + size > file.size)
    throw perfDamage(`a section of ${size} bytes at byte ${offset}`)
  return new Uint8Array(file.read(offset, size))
}

/** A perf_event_attr up to its flags (include/uapi/linux/perf_event.h). */
export function readAttr(cursor: Cursor): PerfAttr {
  const type = cursor.u32()
  const size = cursor.u32()
  const config = Number(BigInt.asUintN(53, big(cursor)))
  big(cursor)
  const sampleType = Number(BigInt.asUintN(53, big(cursor)))
  const readFormat = Number(BigInt.asUintN(53, big(cursor)))
  const flags = cursor.u32()
  const flag = (bit: number) => ((flags >>> (cursor.little ? bit : 31 - bit)) & 1) !== 0
  const name = nameOf({ type, config, flag, precise: precisionIn(flags) })
  return { type, size, config, sampleType, readFormat, sampleIdAll: flag(SAMPLE_ID_ALL), name }
}

/** The rest of `cursor` are ids of samples of this event. */
export function idsOf(cursor: Cursor, attr: PerfAttr, attrOfId: Map<bigint, PerfAttr>): void {
  while (cursor.left >= 8) attrOfId.set(big(cursor), attr)
}

/** 64 bits that are no size: ids, masks. */
function big(cursor: Cursor): bigint {
  const bytes = cursor.bytes(8)
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
  return view.getBigUint64(0, cursor.little)
}

/** HEADER_EVENT_DESC: per event its attributes, its name and its ids, in the order of the attributes. */
export function readNames(bytes: Uint8Array, little: boolean, attrs: readonly PerfAttr[]): void {
  const cursor = new Cursor(bytes, { little, base: 0, of: OF })
  const count = cursor.u32()
  const size = cursor.u32()
  if (count !== attrs.length) return
  for (const attr of attrs) {
    cursor.bytes(size)
    const ids = cursor.u32()
    const name = cursor.text(cursor.u32()).replace(/\0.*$/s, '')
    cursor.bytes(ids * 8)
    if (name !== '') attr.name = name
  }
}

/** `perf_record_header_build_id` of tools/lib/perf/include/perf/event.h: header, pid, 20 bytes, their length where known. */
export function kernelId(bytes: Uint8Array, little: boolean): string | undefined {
  const cursor = new Cursor(bytes, { little, base: 0, of: OF })
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
export function text(bytes: Uint8Array, little: boolean): string {
  const cursor = new Cursor(bytes, { little, base: 0, of: OF })
  const length = cursor.u32()
  return cursor.text(Math.min(length, cursor.left)).replace(/\0.*$/s, '')
}
