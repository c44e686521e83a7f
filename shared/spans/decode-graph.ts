/**
 * funcgraph_entry and funcgraph_exit, as tracefs and trace-cmd print them behind the CPU: marks and length where the call's
 * end is known, then the call, indented two blanks per level.
 *
 *     |  ext4_map_blocks() {                 entered
 *     + 24.239 us   |    down_read();        entered and left (a leaf)
 *     ! 169.427 us  |  } /* f *\/            left; the name is there with funcgraph-tail or where the entry was lost
 *     func=ext4_map_blocks depth=0           trace-cmd report -R
 *
 * Layout: kernel/trace/trace_functions_graph.c (print_graph_entry_leaf, print_graph_return), trace-cmd's trace-ftrace.c.
 */

import type { Decoder } from './decoder.ts'
import { key, type EventFields } from './fields.ts'
import { DEPTH_UNKNOWN } from './graph.ts'
import type { SpanBuilder } from './span-builder.ts'

const FUNC = key('func')
const DEPTH = key('depth')
const INDENT = 2
/** 104 days: a longer call is damage. */
const LONGEST = Number.MAX_SAFE_INTEGER

export interface GraphText {
  /** '' where it does not say. */
  readonly name: string
  readonly depth: number
  /** ns; NaN where the column is empty. */
  readonly lengthNs: number
  /** How long it took in the tracer's own sign (`+` over 10 us … `$` over a second), '' none. */
  readonly mark: string
  readonly shape: 'enter' | 'leaf' | 'exit' | 'unknown'
}

const CALL = /^( *)(.*)$/s
const COLUMN = /^([+!#*@$]?) *(\d+)(?:\.(\d{1,3}))? us\s*$/

/** Takes the printed text apart; `shape` is `unknown` where it is neither a call nor an end. */
export function parseGraph(text: string): GraphText {
  const bar = barOf(text)
  const column = COLUMN.exec(text.slice(0, Math.max(0, bar)).trim())
  const printedNs = column === null ? NaN : Number(column[2]) * 1000 + Number((column[3] ?? '0').padEnd(3, '0'))
  const lengthNs = printedNs <= LONGEST ? printedNs : NaN
  const mark = column?.[1] ?? ''
  // `|  ` and then the indented call.
  const found = CALL.exec(bar === -1 ? text : text.slice(bar + 3))
  const body = found?.[2].trimEnd() ?? ''
  const depth = bar === -1 ? DEPTH_UNKNOWN : Math.floor((found?.[1].length ?? 0) / INDENT)
  const is = (shape: GraphText['shape'], name: string): GraphText => ({ name, depth, lengthNs, mark, shape })
  if (body.startsWith('}')) return is('exit', /\/\* ([\w.$:]+)/.exec(body)?.[1] ?? '')
  // Behind the braces stand remarks of newer kernels, `f(); /* = 0x0 *\/`, `f() { /* <-caller *\/`, or the depth: `f(); (0)`
  // (trace-cmd report -O fgraph:depth).
  const call = /^([\w.$:]+)(?: \[[\w-]+\])?\(.*\)( \{|;)(?:\s*\(\d+\))?(?:\s*\/\*.*)?$/.exec(body)
  if (call === null) return is('unknown', '')
  return is(call[2] === ';' ? 'leaf' : 'enter', call[1])
}

/** The bar between the length and the call: the column before it holds a length or nothing. */
function barOf(text: string): number {
  const bar = text.indexOf('|')
  return bar !== -1 && /^\s*$|us\s*$/.test(text.slice(0, bar)) ? bar : -1
}

function entry(spans: SpanBuilder, fields: EventFields): void {
  if (fields.find(FUNC) === fields.from + 5) {
    spans.graph.enter(wordAt(fields, fields.find(FUNC)), depthOf(fields))
    return
  }
  const { name, depth, lengthNs, shape } = parseGraph(fields.text())
  if (shape === 'leaf') spans.graph.leaf(name, depth, lengthNs)
  else if (shape === 'enter') spans.graph.enter(name, depth)
}

function exit(spans: SpanBuilder, fields: EventFields): void {
  if (fields.find(FUNC) === fields.from + 5) {
    spans.graph.exit(wordAt(fields, fields.find(FUNC)), depthOf(fields), NaN)
    return
  }
  const { name, depth, lengthNs, shape } = parseGraph(fields.text())
  if (shape === 'exit') spans.graph.exit(name, depth, lengthNs)
}

function depthOf(fields: EventFields): number {
  const depth = fields.number(DEPTH)
  return depth >= 0 ? depth : DEPTH_UNKNOWN
}

function wordAt(fields: EventFields, from: number): string {
  let to = from
  while (to < fields.to && fields.bytes[to] > 32) to++
  return fields.text(from, to)
}

export const graphDecoders: Readonly<Record<string, Decoder>> = { funcgraph_entry: entry, funcgraph_exit: exit }
