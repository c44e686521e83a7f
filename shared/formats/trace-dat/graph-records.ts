/**
 * Records of the function_graph tracer: an entry has a function and a depth, an exit those and when both happened. An entry
 * whose exit is the next record is a leaf, one event, as trace-cmd report prints it and tracefs does; the text
 * written here is theirs too, so that one decoder reads all three. An exit also names its function, which report leaves out.
 */

import type { ByteWriter } from './byte-writer.ts'
import type { EventFormat } from './event-format.ts'
import type { RecordView } from './record.ts'
import type { Symbols } from './symbols.ts'

/** With funcgraph-retaddr entries say who called (kernel 6.13). */
const ENTRIES: ReadonlySet<string> = new Set(['funcgraph_entry', 'fgraph_retaddr_entry'])
const EXIT = 'funcgraph_exit'
const BLANK = 32
const SEMICOLON = 59
/** Marks of trace_functions_graph.c, from long to short, in ns. */
const MARKS: readonly (readonly [number, string])[] = [
  [1e9, '$ '],
  [1e8, '@ '],
  [1e7, '* '],
  [1e6, '# '],
  [1e5, '! '],
  [1e4, '+ '],
]
/** Places of the length's number. */
const WIDTH = 7
const DEEPEST = 512

export type GraphShape = 'entry' | 'exit'

/** Where the fields of one of the two types lie; -1: the format has no such field. */
export interface GraphFormat {
  readonly shape: GraphShape
  readonly func: number
  readonly depth: number
  readonly depthSize: number
  readonly calltime: number
  readonly rettime: number
}

export function graphFormat(format: EventFormat): GraphFormat | undefined {
  const shape = format.name === EXIT ? 'exit' : ENTRIES.has(format.name) ? 'entry' : undefined
  if (shape === undefined || format.system !== 'ftrace') return undefined
  const field = (name: string) => format.fields.find((one) => one.name === name)
  const func = field('func')
  const depth = field('depth')
  if (func?.size !== 8 || depth === undefined) return undefined
  return {
    shape,
    func: func.offset,
    depth: depth.offset,
    depthSize: depth.size,
    calltime: field('calltime')?.offset ?? -1,
    rettime: field('rettime')?.offset ?? -1,
  }
}

/** One entry or exit, read out of its record: the record may move on to the next. */
export interface GraphRecord {
  readonly shape: GraphShape
  readonly high: number
  readonly low: number
  readonly depth: number
  /** NaN where the record does not say. */
  readonly lengthNs: number
}

export function graphRecord(record: RecordView, format: GraphFormat): GraphRecord {
  const timed = format.calltime !== -1 && format.rettime !== -1
  return {
    shape: format.shape,
    high: record.high(format.func),
    low: record.low(format.func),
    depth: Math.min(DEEPEST, Math.max(0, record.number(format.depth, format.depthSize, true))),
    lengthNs: timed ? elapsed(record, format) : NaN,
  }
}

/** Their difference is small however large the clock's readings are. */
function elapsed(record: RecordView, { calltime, rettime }: GraphFormat): number {
  const high = record.high(rettime) - record.high(calltime)
  const length = high * 4_294_967_296 + (record.low(rettime) - record.low(calltime))
  return length >= 0 && length <= Number.MAX_SAFE_INTEGER ? length : NaN
}

/** Is `exit` the end of `entry`? */
export function isLeaf(entry: GraphRecord, exit: GraphRecord): boolean {
  return exit.shape === 'exit' && exit.high === entry.high && exit.low === entry.low && exit.depth === entry.depth
}

export function writeGraph(to: ByteWriter, symbols: Symbols, what: GraphRecord, leafNs: number | undefined): void {
  const lengthNs = leafNs ?? what.lengthNs
  if (lengthNs === lengthNs && (leafNs !== undefined || what.shape === 'exit')) writeLength(to, lengthNs)
  text(to, '|  ')
  to.repeat(BLANK, 2 * what.depth)
  if (what.shape === 'exit') {
    text(to, '} /* ')
    writeName(to, symbols, what)
    text(to, ' */')
    return
  }
  writeName(to, symbols, what)
  text(to, leafNs === undefined ? '() {' : '()')
  if (leafNs !== undefined) to.byte(SEMICOLON)
}

function writeName(to: ByteWriter, symbols: Symbols, { high, low }: GraphRecord): void {
  if (!symbols.write(to, high, low, false)) text(to, symbols.place(high, low))
}

/** `+ 24.239 us  `: the number takes at least seven places. All decimals are kept, where tracefs cuts long numbers. */
function writeLength(to: ByteWriter, lengthNs: number): void {
  text(to, MARKS.find(([above]) => lengthNs > above)?.[1] ?? '')
  const shown = `${Math.floor(lengthNs / 1000)}.${String(lengthNs % 1000).padStart(3, '0')}`
  text(to, `${shown} us ${' '.repeat(Math.max(0, WIDTH - shown.length))}`)
}

function text(to: ByteWriter, ascii: string): void {
  for (let i = 0; i < ascii.length; i++) to.byte(ascii.charCodeAt(i))
}
