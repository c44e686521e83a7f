/**
 * Writes a trace.dat of version 6 (trace-cmd.dat.v6(5)) from what was recorded: the kernel's descriptions of its own pages
 * and events as they are, names of symbols and tasks, then every CPU's pages. trace-cmd and KernelShark read it too.
 */

import { closeSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs'
import { endianness, machine, release, type as systemName, version } from 'node:os'
import { join } from 'node:path'
import type { CpuFile } from './buffers.ts'
import type { Tracefs } from './tracefs.ts'

const OPTION = { done: 0, cpuStat: 2, clock: 4, uname: 5, cpuCount: 8 } as const
const COPY = 1 << 20
/** The file is in the order of the machine that wrote it, as the kernel's pages are. */
const LITTLE = endianness() === 'LE'

export interface DatSource {
  readonly tracefs: Tracefs
  /** Content of the instance's trace_clock. */
  readonly clock: string
  /** `system/name` */
  readonly tracepoints: readonly string[]
  /** `PID NAME` lines. */
  readonly names: string
  readonly cpus: readonly CpuFile[]
  readonly page: number
  /** Per CPU: its number and per_cpu/cpuN/stats, which say what was lost where pages cannot. */
  readonly stats: readonly string[]
}

class Writer {
  readonly #file: number
  at = 0

  constructor(path: string) {
    this.#file = openSync(path, 'wx')
  }

  bytes(bytes: Uint8Array): this {
    for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done, bytes.length - done)
    this.at += bytes.length
    return this
  }

  text(text: string): this {
    return this.bytes(Buffer.from(text))
  }

  number(value: number, size: 1 | 2 | 4 | 8): this {
    const bytes = Buffer.alloc(size)
    if (size < 8) {
      if (LITTLE) bytes.writeUIntLE(value, 0, size)
      else bytes.writeUIntBE(value, 0, size)
    } else if (LITTLE) bytes.writeBigUInt64LE(BigInt(value))
    else bytes.writeBigUInt64BE(BigInt(value))
    return this.bytes(bytes)
  }

  /** Its length in `size` bytes, then itself. */
  sized(content: Uint8Array, size: 4 | 8): this {
    return this.number(content.length, size).bytes(content)
  }

  close(): void {
    closeSync(this.#file)
  }
}

export function writeTraceDat(path: string, source: DatSource): void {
  const { tracefs, clock, names, cpus, page } = source
  const file = (...at: string[]) => readFileSync(join(tracefs.root, ...at))
  const out = new Writer(path)
  try {
    out.bytes(Buffer.of(0x17, 0x08, 0x44)).text('tracing6\0')
    // Every machine Node runs on has longs of 8 bytes.
    out
      .number(LITTLE ? 0 : 1, 1)
      .number(8, 1)
      .number(page, 4)
    out.text('header_page\0').sized(file('events', 'header_page'), 8)
    out.text('header_event\0').sized(file('events', 'header_event'), 8)
    formats(out, source)
    out.sized(readOr('/proc/kallsyms'), 4).sized(file('printk_formats'), 4).sized(Buffer.from(names), 8)
    const count = Math.max(...cpus.map(({ cpu }) => cpu)) + 1
    out.number(count, 4).text('options  \0')
    // As `uname -a` says it, but for the machine's name, which is nobody else's business.
    const uname = `${systemName()} host ${release()} ${version()} ${machine()}\0`
    for (const [id, content] of [
      [OPTION.clock, Buffer.from(`${clock}\0`)],
      [OPTION.uname, Buffer.from(uname)],
      ...source.stats.map((text) => [OPTION.cpuStat, Buffer.from(`${text}\0`)] as const),
    ] as const) {
      out.number(id, 2).sized(content, 4)
    }
    out.number(OPTION.cpuCount, 2).number(4, 4).number(count, 4).number(OPTION.done, 2)
    data(out, source, count)
  } finally {
    out.close()
  }
}

function formats(out: Writer, { tracefs, tracepoints }: DatSource): void {
  const events = join(tracefs.root, 'events')
  const format = (tracepoint: string) => readFileSync(join(events, tracepoint, 'format'))
  const inside = (system: string) =>
    readdirSync(join(events, system), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${system}/${name}`)
  const own = inside('ftrace')
  out.number(own.length, 4)
  for (const tracepoint of own) out.sized(format(tracepoint), 8)
  const systems = Map.groupBy(tracepoints, (tracepoint) => tracepoint.split('/')[0])
  out.number(systems.size, 4)
  for (const [system, list] of systems) {
    out.text(`${system}\0`).number(list.length, 4)
    for (const tracepoint of list) out.sized(format(tracepoint), 8)
  }
}

/** The table of where every CPU's pages are, the clock, then the pages, each CPU's on a page boundary. */
function data(out: Writer, { cpus, page, clock }: DatSource, count: number): void {
  out.text('flyrecord\0')
  const table = count * 16
  const clockText = Buffer.from(clock)
  let at = out.at + table + 8 + clockText.length
  const aligned = (offset: number) => Math.ceil(offset / page) * page
  const places = Array.from({ length: count }, (_, cpu) => {
    const bytes = cpus.find((one) => one.cpu === cpu)?.bytes ?? 0
    const offset = aligned(at)
    at = offset + bytes
    out.number(offset, 8).number(bytes, 8)
    return offset
  })
  out.sized(clockText, 8)
  for (const { cpu, path, bytes } of cpus) {
    out.bytes(Buffer.alloc(places[cpu] - out.at))
    copy(out, path, bytes)
  }
}

function copy(out: Writer, path: string, bytes: number): void {
  const from = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(COPY)
    for (let done = 0; done < bytes;) {
      const got = readSync(from, buffer, 0, Math.min(COPY, bytes - done), null)
      if (got === 0) throw new Error(`${path} ended early`)
      out.bytes(buffer.subarray(0, got))
      done += got
    }
  } finally {
    closeSync(from)
  }
}

function readOr(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    // Addresses stay addresses where the kernel hides its symbols.
    return Buffer.alloc(0)
  }
}
