/**
 * What lies at an address of a perf.data: the file says where the kernel, its modules, code made at run time (KSYMBOL) and
 * the files of each process are mapped; names of kernel functions come from a kallsyms the host has or was given. A kernel
 * that was loaded elsewhere than in that kallsyms (KASLR, another boot) is moved by the difference of the symbol perf names
 * its mapping by; modules are loaded one by one, so then they stay `[module]+0x12`. User space is `file+0x12`: its symbols
 * are in files that need not be on this machine, and no lock is taken there.
 */

import { decodeUtf8 } from '../../base/bytes.ts'
import { limits } from '../../base/limits.ts'
import type { RecordView } from '../trace-dat/record.ts'
import type { Symbols } from '../trace-dat/symbols.ts'

/** PERF_RECORD_MISC_* of include/uapi/linux/perf_event.h */
const CPUMODE = 7
const KERNEL_MODE = 1
const COMM_EXEC = 1 << 13
const TWO32 = 4_294_967_296

interface Mapping {
  readonly from: number
  readonly to: number
  /** What is added to an address to get the place in the file. */
  readonly move: number
  readonly name: string
}

interface Process {
  /** The newest last: it hides what it lies over. */
  maps: Mapping[]
  /** A child's too until either changes it. */
  shared: boolean
  /** Frames found so far. */
  readonly known: Map<number, string>
}

export class Addresses {
  readonly #symbols: Symbols
  readonly #processes = new Map<number, Process>()
  readonly #modules: Mapping[] = []
  readonly #made: Mapping[] = []
  readonly #known = new Map<number, string>()
  #kept = 0
  /** The kallsyms has not the symbol the kernel's mapping is named by: it is of another kernel. */
  foreign = false
  /** Frames in the kernel for which there was no function. */
  unnamed = 0

  constructor(symbols: Symbols) {
    this.#symbols = symbols
  }

  /** MMAP, or MMAP2 with its inode or build id and protection in between. */
  mapped(record: RecordView, two: boolean): void {
    const pid = record.word(8)
    const [from, length, offset] = [signed(record, 16), signed(record, 24), signed(record, 32)]
    const name = text(record, two ? 72 : 40)
    const mapping = { from, to: from + length, move: offset - from, name: baseName(name) }
    const kernel = (record.number(4, 2, false) & CPUMODE) === KERNEL_MODE
    if (!kernel) this.#add(pid, mapping)
    else if (name.startsWith('[kernel.kallsyms]')) this.#place(name.slice('[kernel.kallsyms]'.length), offset)
    else if (this.#room(1)) this.#modules.push({ ...mapping, move: -from, name: moduleName(mapping.name) })
  }

  /** A program that was loaded, a trampoline that was made. */
  made(record: RecordView): void {
    const from = signed(record, 8)
    const removed = (record.number(22, 2, false) & 1) !== 0
    this.#known.clear()
    if (removed) {
      const at = this.#made.findIndex((one) => one.from === from)
      if (at !== -1) this.#made.splice(at, 1)
    } else if (this.#room(1)) {
      this.#made.push({ from, to: from + record.word(16), move: -from, name: text(record, 24) })
    }
  }

  /** A process begins as its parent; a thread is part of its process. */
  forked(record: RecordView): void {
    const [pid, parent] = [record.word(8), record.word(12)]
    const of = this.#processes.get(parent)
    if (pid === parent || of === undefined || !this.#room(1)) return
    of.shared = true
    this.#processes.set(pid, { maps: of.maps, shared: true, known: new Map() })
  }

  /** A task got a name; by exec, a new address space with it. */
  named(record: RecordView): void {
    if ((record.number(4, 2, false) & COMM_EXEC) !== 0) this.#processes.delete(record.word(8))
  }

  /** One frame of a call chain. */
  frame(pid: number, high: number, low: number): string {
    const address = (high | 0) * TWO32 + low
    const known = address < 0 ? this.#known : this.#processes.get(pid)?.known
    const text = known?.get(address) ?? (address < 0 ? this.#kernel(address, high, low) : this.#user(pid, address))
    if (known !== undefined && known.size < limits.entities) known.set(address, text)
    return text
  }

  #kernel(address: number, high: number, low: number): string {
    const made = placeIn(this.#made, address)
    if (made !== undefined) return made
    const module = placeIn(this.#modules, address)
    if (module !== undefined && this.#symbols.moved !== 0) return module
    const found = this.#symbols.place(high, low)
    if (found.includes('+')) return found
    this.unnamed++
    return module ?? found
  }

  #user(pid: number, address: number): string {
    return placeIn(this.#processes.get(pid)?.maps ?? [], address) ?? address.toString(16)
  }

  /** The kernel's mapping: `_text` or `_stext` lies at this address. */
  #place(symbol: string, address: number): void {
    if (symbol === '' || address >= 0 || !this.#symbols.known) return
    const there = this.#symbols.addressOf(symbol)
    this.foreign = there === undefined
    if (there !== undefined) this.#symbols.move(address - there)
  }

  #add(pid: number, mapping: Mapping): void {
    const process = this.#processes.get(pid) ?? { maps: [], shared: false, known: new Map<number, string>() }
    if (!this.#room(process.shared ? process.maps.length + 1 : 1)) return
    if (process.shared) process.maps = [...process.maps]
    process.shared = false
    process.maps.push(mapping)
    process.known.clear()
    this.#processes.set(pid, process)
  }

  #room(mappings: number): boolean {
    this.#kept += mappings
    return this.#kept <= limits.perfMappings
  }
}

/** Kernel addresses lie in the top 128 TiB: as signed numbers they are exact doubles. */
function signed(record: RecordView, at: number): number {
  return (record.high(at) | 0) * TWO32 + record.low(at)
}

function text(record: RecordView, at: number): string {
  let end = record.at + at
  while (end < record.end && record.bytes[end] !== 0) end++
  return decodeUtf8(record.bytes, record.at + at, end)
}

function placeIn(maps: readonly Mapping[], address: number): string | undefined {
  const found = maps.findLast(({ from, to }) => address >= from && address < to)
  return found && `${found.name}+0x${(address + found.move).toString(16)}`
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** `ext4.ko.xz` and `[ext4]` are the module ext4. */
function moduleName(file: string): string {
  return file.startsWith('[') ? file : `[${file.replace(/\.ko(\.\w+)?$/, '')}]`
}
