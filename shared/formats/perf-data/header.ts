/**
 * The frame of a perf.data (tools/perf/Documentation/perf.data-file-format.txt): a header, the attributes of every recorded
 * event with the ids of its samples, the data, and behind it feature sections, of which the tracing data (formats of all
 * tracepoints), the kernel's release and the number of CPUs matter here. What was written to a pipe has another frame
 * (pipe.ts).
 */

import { ApiError } from '../../base/errors.ts'
import type { RandomFile } from '../random-file.ts'
import { readTracingData } from '../trace-dat/container.ts'
import { Cursor } from '../trace-dat/cursor.ts'
import {
  idsOf,
  kernelId,
  OF,
  perfDamage,
  readAttr,
  readNames,
  section,
  text,
  type PerfAttr,
  type Place,
} from './parts.ts'
import { PIPE_HEADER_BYTES, readPipe } from './pipe.ts'
import type { PerfHeader } from './perf-header.ts'

/** Bits of the feature bitmap (tools/perf/util/header.h). */
const TRACING_DATA = 1
const BUILD_ID = 2
const HOSTNAME = 3
const OSRELEASE = 4
const ARCH = 6
const NRCPUS = 7
const EVENT_DESC = 12
const FEATURES = 256
const WHAT: Readonly<Record<number, string>> = {
  [TRACING_DATA]: 'the description of its tracepoints',
  [OSRELEASE]: "the kernel's release",
  [ARCH]: 'the architecture',
  [NRCPUS]: 'the number of CPUs',
  [BUILD_ID]: 'the list of build ids',
  [EVENT_DESC]: 'the names of its events',
}
const HEADER_BYTES = 104
const ATTR_BYTES = 64
export function isPerfData(head: Uint8Array): boolean {
  const magic = 'PERFILE2'
  const swapped = '2ELIFREP'
  const is = (text: string) => [...text].every((c, i) => head[i] === c.charCodeAt(0))
  return head.length >= 16 && (is(magic) || is(swapped))
}

export function readPerfHeader(file: RandomFile): PerfHeader {
  const head = new Uint8Array(file.read(0, HEADER_BYTES))
  const little = head[0] === 0x50
  const cursor = new Cursor(head, { little, base: 0, of: OF })
  cursor.at = 8
  const size = cursor.u64()
  if (size === PIPE_HEADER_BYTES) return readPipe(file, little)
  if (size !== HEADER_BYTES) throw perfDamage(`a header of ${size} bytes`)
  const attrSize = cursor.u64()
  const attrs = place(cursor)
  const data = place(cursor)
  place(cursor)
  const bitmap = readBitmap(cursor)
  if (attrSize < ATTR_BYTES + 16 || attrSize > 4096) throw perfDamage(`attributes of ${attrSize} bytes`)
  const attributes = readAttrs(file, { little, attrs, attrSize })
  const at = data.offset + data.size
  const features = data.size === 0 ? NO_FEATURES : readFeatures(file, { little, bitmap, at }, attributes.attrs)
  return { little, data, ...attributes, ...features }
}

/**
 * 256 bits as 32-bit words, the first bits first. They were written as `unsigned long`s, whose halves stand the other way round in big
 * endian, if the machine had 64 bits: perf always has the host's name, which tells (tools/perf/util/header.c: perf_file_header__read).
 */
function readBitmap(cursor: Cursor): readonly number[] {
  const words = Array.from({ length: FEATURES / 32 }, () => cursor.u32())
  const swapped = words.map((_, i) => words[i ^ 1])
  return !cursor.little && isSet(swapped, HOSTNAME) ? swapped : words
}

function isSet(bitmap: readonly number[], bit: number): boolean {
  return ((bitmap[bit >>> 5] >>> (bit & 31)) & 1) === 1
}

function place(cursor: Cursor): Place {
  return { offset: cursor.u64(), size: cursor.u64() }
}

interface AttrsAt {
  readonly little: boolean
  readonly attrs: Place
  readonly attrSize: number
}

function readAttrs(file: RandomFile, { little, attrs, attrSize }: AttrsAt): Pick<PerfHeader, 'attrs' | 'attrOfId'> {
  const cursor = new Cursor(section(file, attrs), { little, base: attrs.offset, of: OF })
  const list: PerfAttr[] = []
  const attrOfId = new Map<bigint, PerfAttr>()
  while (cursor.left >= attrSize) {
    const from = cursor.at
    const attr = readAttr(cursor)
    list.push(attr)
    cursor.at = from + attrSize - 16
    const ids = place(cursor)
    idsOf(new Cursor(section(file, ids), { little, base: ids.offset, of: OF }), attr, attrOfId)
  }
  if (list.length === 0) throw perfDamage('it describes no event')
  return { attrs: list, attrOfId }
}

type Features = Pick<PerfHeader, 'tracing' | 'kernel' | 'machine' | 'cpus' | 'kernelBuildId' | 'cut'>

/** perf writes the size of the data, and what stands behind it, at its end. */
const NO_FEATURES: Features = {
  tracing: undefined,
  kernel: undefined,
  machine: undefined,
  cpus: undefined,
  kernelBuildId: undefined,
  cut: 'perf was ended before it wrote what it knew of its events',
}

interface FeaturesAt {
  readonly little: boolean
  readonly bitmap: readonly number[]
  readonly at: number
}

/** Of a file that was cut, or whose table lies, what is there. */
function readFeatures(file: RandomFile, { little, bitmap, at }: FeaturesAt, recorded: readonly PerfAttr[]): Features {
  const present = Array.from({ length: FEATURES }, (_, bit) => bit).filter((bit) => isSet(bitmap, bit))
  let cut: string | undefined
  const table = new Cursor(new Uint8Array(file.read(at, present.length * 16)), { little, base: at, of: OF })
  const places = new Map<number, Place>()
  try {
    for (const bit of present) places.set(bit, place(table))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    cut = `its table of what stands behind the data is not whole (byte ${at})`
  }
  const feature = <T>(bit: number, read: (bytes: Uint8Array, base: number) => T): T | undefined => {
    const found = places.get(bit)
    if (found === undefined) return undefined
    try {
      return read(section(file, found), found.offset)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      cut ??= `${WHAT[bit] ?? 'a section'} at byte ${found.offset} cannot be read`
      return undefined
    }
  }
  feature(EVENT_DESC, (bytes) => readNames(bytes, little, recorded))
  return {
    tracing: feature(TRACING_DATA, readTracingData),
    kernel: feature(OSRELEASE, (bytes) => text(bytes, little)),
    machine: feature(ARCH, (bytes) => text(bytes, little)),
    cpus: feature(NRCPUS, (bytes) => new Cursor(bytes, { little, base: 0, of: OF }).u32()),
    kernelBuildId: feature(BUILD_ID, (bytes) => kernelId(bytes, little)),
    cut,
  }
}
