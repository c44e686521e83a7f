/**
 * The frame of a trace.dat, versions 6 and 7 (trace-cmd.dat.v6(5), trace-cmd.dat.v7(5)): where the events' formats, the
 * names and every CPU's data are. Version 6 is one sequence; version 7 is sections that options point at, each of them
 * possibly compressed. Sizes and offsets are believed only inside the file, and sections only up to limits.
 */

import { limits } from '../../base/limits.ts'
import type { RandomFile } from '../random-file.ts'
import { Cursor, damage } from './cursor.ts'
import { eventFormatText, type EventFormatText } from './event-format.ts'
import { cpusIn, SECTION_HEAD, sectionAt, sectionsFrom, type CpuData } from './recover.ts'

export interface BufferData {
  /** Trace instance; '' is the top one. */
  readonly name: string
  readonly clock: string
  readonly pageSize: number
  readonly compressed: boolean
  readonly cpus: readonly CpuData[]
}

export interface TraceDat {
  readonly version: 6 | 7
  readonly little: boolean
  readonly compression: 'none' | 'zstd' | 'zlib'
  readonly headerPage: string
  readonly formats: readonly EventFormatText[]
  readonly kallsyms: Uint8Array
  readonly printk: Uint8Array
  readonly cmdlines: string
  readonly cpuCount: number | undefined
  /** Events the kernel's own statistics of its buffers count as overwritten or dropped. */
  readonly overrun: number
  readonly uname: string | undefined
  readonly clock: string
  /** How ticks of the clock become nanoseconds: times `mult`, over 2^`shift`. */
  readonly tsc: { readonly mult: bigint; readonly shift: bigint } | undefined
  readonly buffers: readonly BufferData[]
  /** Formats that could not be read. */
  readonly badFormats: number
  /** Its data had to be found without the list of them. */
  readonly cut: { readonly at: number; readonly why: string } | undefined
}

type Draft = { -readonly [K in keyof TraceDat]: TraceDat[K] }

export const MAGIC = '\x17\x08\x44tracing'
const HEAD_BYTES = 256
/** First option ids; the rest are in trace-cmd.dat.v7(5). */
const OPTION = {
  done: 0,
  cpuStat: 2,
  buffer: 3,
  clock: 4,
  uname: 5,
  cpuCount: 8,
  tsc: 14,
  header: 16,
  ftrace: 17,
  events: 18,
  kallsyms: 19,
  printk: 20,
  cmdlines: 21,
}

export function isTraceDat(head: Uint8Array): boolean {
  if (head.length < MAGIC.length) return false
  for (let i = 0; i < MAGIC.length; i++) if (head[i] !== MAGIC.charCodeAt(i)) return false
  return true
}

export function readContainer(file: RandomFile): TraceDat {
  const head = new Uint8Array(file.read(0, HEAD_BYTES))
  const probe = new Cursor(head, { little: true, base: 0 })
  probe.at = MAGIC.length
  const version = probe.string()
  if (version !== '6' && version !== '7') {
    throw damage(`it says it is of version '${version.slice(0, 20)}'; 6 and 7 are known`)
  }
  const little = probe.u8() === 0
  const cursor = new Cursor(head, { little, base: 0 })
  cursor.at = probe.at
  const longSize = cursor.u8()
  if (longSize !== 4 && longSize !== 8) throw damage(`a long of ${longSize} bytes at byte ${cursor.at - 1}`)
  const pageSize = cursor.u32()
  const draft = emptyDraft(version === '6' ? 6 : 7, little)
  if (version === '6') readVersion6(file, draft, { at: cursor.at, pageSize })
  else readVersion7(file, draft, { cursor, pageSize })
  return draft
}

function emptyDraft(version: 6 | 7, little: boolean): Draft {
  return {
    version,
    little,
    compression: 'none',
    headerPage: '',
    formats: [],
    kallsyms: new Uint8Array(0),
    printk: new Uint8Array(0),
    cmdlines: '',
    cpuCount: undefined,
    overrun: 0,
    uname: undefined,
    clock: '',
    tsc: undefined,
    buffers: [],
    badFormats: 0,
    cut: undefined,
  }
}

// ---- version 7 ----

interface Section {
  readonly compressed: boolean
  readonly base: number
  readonly bytes: Uint8Array
}

function readVersion7(
  file: RandomFile,
  draft: Draft,
  { cursor, pageSize }: { readonly cursor: Cursor; readonly pageSize: number },
): void {
  const method = cursor.string()
  cursor.string()
  if (method !== 'none' && method !== 'zstd' && method !== 'zlib') {
    throw damage(`it is compressed with '${method.slice(0, 20)}'; zstd, zlib and none are known`)
  }
  draft.compression = method
  let at = cursor.u64()
  const first = cursor.at
  const seen = new Set<number>()
  while (at !== 0) {
    if (seen.has(at) || seen.size > limits.traceDatSections)
      throw damage(`its options at byte ${at} lead back to themselves`)
    seen.add(at)
    if (draft.buffers.length === 0 && sectionAt(file, draft.little, at)?.whole !== true) {
      const why = `it ends before its options at byte ${at}, which say where every CPU's data are`
      draft.cut = { at: file.size, why }
      readSections(file, draft, { first, pageSize })
      if (draft.buffers.length === 0 || draft.headerPage === '') throw damage(why)
      return
    }
    at = readOptions(file, draft, at)
  }
}

/** One after the other, since nothing says where they are. */
function readSections(
  file: RandomFile,
  draft: Draft,
  { first, pageSize }: { readonly first: number; readonly pageSize: number },
): void {
  const described = draft.headerPage !== ''
  if (pageSize < SECTION_HEAD || pageSize > limits.traceDatChunk) throw damage(`pages of ${pageSize} bytes`)
  let sections = 0
  for (const section of sectionsFrom(file, draft.little, first)) {
    if (++sections > limits.traceDatSections) return
    const { id, at, compressed, whole } = section
    if (id === OPTION.buffer) {
      const cpus = cpusIn(file, section, { little: draft.little, pageSize, cpuCount: draft.cpuCount })
      draft.buffers = [...draft.buffers, { name: '', clock: '', pageSize, compressed, cpus }]
    } else if (!described && whole && id >= OPTION.header && id <= OPTION.cmdlines) {
      const { bytes, base } = readSection(file, draft, at)
      readDescriptive(draft, id, new Cursor(bytes, { little: draft.little, base }))
    }
  }
}

/** Returns where the next options are, 0 for none. */
function readOptions(file: RandomFile, draft: Draft, at: number): number {
  const section = readSection(file, draft, at)
  const cursor = new Cursor(section.bytes, { little: draft.little, base: section.base })
  while (cursor.left >= 6) {
    const id = cursor.u16()
    const size = cursor.u32()
    const from = cursor.at
    const option = new Cursor(cursor.bytes(size), { little: draft.little, base: section.base + from })
    if (id === OPTION.done) return option.left >= 8 ? option.u64() : 0
    readOption(file, draft, id, option)
  }
  return 0
}

function readOption(file: RandomFile, draft: Draft, id: number, option: Cursor): void {
  switch (id) {
    case OPTION.buffer:
      draft.buffers = [...draft.buffers, bufferOf(file, draft, option)]
      break
    case OPTION.clock:
      draft.clock = option.text(option.left)
      break
    case OPTION.uname:
      draft.uname = option.text(option.left).replace(/\0.*$/s, '')
      break
    case OPTION.cpuCount:
      draft.cpuCount = option.u32()
      break
    case OPTION.tsc:
      draft.tsc = tscOf(option)
      break
    case OPTION.cpuStat:
      draft.overrun += overrunIn(option.text(option.left))
      break
    default:
      if (id < OPTION.header || id > OPTION.cmdlines) return
      const { bytes, base } = readSection(file, draft, option.u64())
      readDescriptive(draft, id, new Cursor(bytes, { little: draft.little, base }))
  }
}

/** Of the clock tsc2nsec, which the kernel does not have: the counter is recorded, and what trace-cmd has measured of it. */
function tscOf(option: Cursor): TraceDat['tsc'] {
  if (option.left < 16) return undefined
  const [mult, shift] = [option.u32(), option.u32()]
  return mult === 0 || shift > 63 ? undefined : { mult: BigInt(mult), shift: BigInt(shift) }
}

/** What per_cpu/cpuN/stats said at the end (Documentation/trace/ftrace.rst). */
function overrunIn(stats: string): number {
  return Array.from(stats.matchAll(/^(?:overrun|commit overrun|dropped events): (\d{1,15})$/gm), ([, count]) =>
    Number(count),
  ).reduce((sum, count) => sum + count, 0)
}

/** A section that says what the data mean. */
function readDescriptive(draft: Draft, id: number, inside: Cursor): void {
  switch (id) {
    case OPTION.header:
      draft.headerPage = headerPage(inside)
      break
    case OPTION.ftrace:
      addFtraceFormats(draft, inside)
      break
    case OPTION.events:
      addEventFormats(draft, inside)
      break
    case OPTION.kallsyms:
      draft.kallsyms = sized(inside)
      break
    case OPTION.printk:
      draft.printk = sized(inside)
      break
    case OPTION.cmdlines:
      draft.cmdlines = inside.text(Math.min(inside.u64(), inside.left))
  }
}

/** A compressed section comes out plain; the trace data of buffers is read page by page elsewhere. */
function readSection(file: RandomFile, draft: Draft, at: number): Section {
  const head = new Cursor(new Uint8Array(file.read(at, 16)), { little: draft.little, base: at })
  head.u16()
  const compressed = (head.u16() & 1) !== 0
  head.u32()
  const size = head.u64()
  if (size > limits.traceDatSection || at + 16 + size > file.size)
    throw damage(`a section of ${size} bytes at byte ${at}`)
  const bytes = new Uint8Array(file.read(at + 16, size))
  if (!compressed || draft.compression === 'none') return { compressed, base: at + 16, bytes }
  const frame = new Cursor(bytes, { little: draft.little, base: at + 16 })
  const packed = frame.u32()
  const plain = frame.u32()
  if (plain > limits.traceDatSection) throw damage(`a section of ${plain} bytes at byte ${at}`)
  const inside = frame.bytes(packed)
  try {
    return { compressed, base: at + 16, bytes: file.inflate(draft.compression, inside, plain) }
  } catch {
    throw damage(`the section at byte ${at} does not decompress to ${plain} bytes`)
  }
}

function bufferOf(file: RandomFile, draft: Draft, option: Cursor): BufferData {
  const at = option.u64()
  const name = option.string()
  const clock = option.string()
  const pageSize = option.u32()
  const count = option.u32()
  const cpus: CpuData[] = []
  for (let i = 0; i < count && option.left >= 20; i++) {
    const cpu = option.u32()
    if (cpu > limits.cpus) throw damage(`data of CPU ${cpu}, which cannot be`)
    cpus.push({ cpu, offset: option.u64(), size: option.u64() })
  }
  const head = new Cursor(new Uint8Array(file.read(at, 16)), { little: draft.little, base: at })
  head.u16()
  const compressed = (head.u16() & 1) !== 0
  return { name, clock, pageSize, compressed, cpus: cpus.filter(({ size }) => size > 0) }
}

// ---- version 6 ----

function readVersion6(file: RandomFile, draft: Draft, { at, pageSize }: { at: number; pageSize: number }): void {
  const size = Math.min(file.size - at, limits.traceDatChunk)
  const cursor = new Cursor(new Uint8Array(file.read(at, size)), { little: draft.little, base: at })
  readDescription(draft, cursor)
  draft.cmdlines = cursor.text(cursor.u64())
  const cpuCount = cursor.u32()
  draft.cpuCount = cpuCount
  for (;;) {
    const kind = cursor.text(10)
    if (kind === 'options  \0') readOptions6(file, draft, cursor, pageSize)
    else if (kind === 'flyrecord\0') {
      const buffer = { name: '', clock: clockOf(draft.clock), pageSize, compressed: false }
      draft.buffers = [{ ...buffer, cpus: cpusAt(cursor, cpuCount) }, ...draft.buffers]
      return
    } else if (kind === 'latency  \0') {
      throw damage('it holds the text of a latency tracer: extract that with trace-cmd report and import the text')
    } else throw damage(`neither options nor data at byte ${at + cursor.at - 10}`)
  }
}

/** What trace-cmd's version 6 and the tracing data of a perf.data have in common. */
function readDescription(draft: Draft, cursor: Cursor): void {
  draft.headerPage = headerPage(cursor)
  addFtraceFormats(draft, cursor)
  addEventFormats(draft, cursor)
  draft.kallsyms = sized(cursor)
  draft.printk = sized(cursor)
}

/** The tracing data of a perf.data (tools/perf/util/trace-event-read.c): a trace.dat's description without its data. */
export function readTracingData(bytes: Uint8Array, base: number): TraceDat {
  const probe = new Cursor(bytes, { little: true, base })
  if (!isTraceDat(bytes)) throw damage(`no tracing data at byte ${base}`)
  probe.at = MAGIC.length
  probe.string()
  const draft = emptyDraft(6, probe.u8() === 0)
  const cursor = new Cursor(bytes, { little: draft.little, base })
  cursor.at = probe.at + 5
  readDescription(draft, cursor)
  return draft
}

function readOptions6(file: RandomFile, draft: Draft, cursor: Cursor, pageSize: number): void {
  for (;;) {
    const id = cursor.u16()
    if (id === OPTION.done) return
    const option = new Cursor(cursor.bytes(cursor.u32()), { little: draft.little, base: 0 })
    if (id === OPTION.buffer) draft.buffers = [...draft.buffers, instance6(file, draft, option, pageSize)]
    else if (id === OPTION.clock) draft.clock = option.text(option.left)
    else if (id === OPTION.uname) draft.uname = option.text(option.left).replace(/\0.*$/s, '')
    else if (id === OPTION.cpuCount) draft.cpuCount = option.u32()
    else if (id === OPTION.tsc) draft.tsc = tscOf(option)
    else if (id === OPTION.cpuStat) draft.overrun += overrunIn(option.text(option.left))
  }
}

/** A further trace instance: its data has a flyrecord table of its own. */
function instance6(file: RandomFile, draft: Draft, option: Cursor, pageSize: number): BufferData {
  const at = option.u64()
  const name = option.string()
  const count = draft.cpuCount ?? 0
  const length = Math.min(file.size - at, 10 + count * 16)
  const table = new Cursor(new Uint8Array(file.read(at, Math.max(0, length))), { little: draft.little, base: at })
  if (table.left >= 10 && table.text(10) !== 'flyrecord\0') throw damage(`no data of instance ${name} at byte ${at}`)
  return { name, clock: clockOf(draft.clock), pageSize, compressed: false, cpus: cpusAt(table, count) }
}

function cpusAt(cursor: Cursor, count: number): readonly CpuData[] {
  const cpus: CpuData[] = []
  for (let cpu = 0; cpu < count; cpu++) cpus.push({ cpu, offset: cursor.u64(), size: cursor.u64() })
  return cpus.filter(({ size }) => size > 0)
}

// ---- both ----

function headerPage(cursor: Cursor): string {
  if (cursor.string() !== 'header_page') throw damage('its page header is missing')
  return cursor.text(cursor.u64()) + headerEvent(cursor)
}

/** What follows the page's header; version 6 goes on behind it. */
function headerEvent(cursor: Cursor): string {
  if (cursor.string() !== 'header_event') throw damage('its event header is missing')
  cursor.bytes(cursor.u64())
  return ''
}

function addFtraceFormats(draft: Draft, cursor: Cursor): void {
  const count = cursor.u32()
  for (let i = 0; i < count; i++) addFormat(draft, cursor.bytes(cursor.u64()), 'ftrace')
}

function addEventFormats(draft: Draft, cursor: Cursor): void {
  const systems = cursor.u32()
  for (let i = 0; i < systems; i++) {
    const system = cursor.string()
    const count = cursor.u32()
    for (let k = 0; k < count; k++) addFormat(draft, cursor.bytes(cursor.u64()), system)
  }
}

function addFormat(draft: Draft, text: Uint8Array, system: string): void {
  const format = eventFormatText(text, system)
  if (format === undefined) draft.badFormats++
  else if (draft.formats.length < limits.names) (draft.formats as EventFormatText[]).push(format)
}

function sized(cursor: Cursor): Uint8Array {
  return new Uint8Array(cursor.bytes(cursor.u32()))
}

/** `local global [mono] boot` → mono */
export function clockOf(text: string): string {
  return /\[(\S+)\]/.exec(text)?.[1] ?? text.replace(/\0.*$/s, '').trim()
}
