/**
 * Search in a trace: everything whose name contains a text, or all spans like a given one, in order of time, so that the
 * next one, the previous one and the result ticks of any window are a look-up. Hits of raw events are found by a scan
 * elsewhere (they are not in memory) and merged in here.
 *
 * What a hit is: of `task` the operations of tasks whose name or pid match, of `lock` the waits and holds of matching
 * locks, of `op` and `phase` the spans of a matching kind. Case does not matter.
 */

import { lowerBound } from '../base/search.ts'
import { limits } from '../base/limits.ts'
import type { Trace } from '../model/trace.ts'
import { lockName } from './lock-name.ts'
import type { SearchHit, SearchKind, SpanRef, TimelineSearch } from './answers.ts'
import { familyRows, type SpanFamily } from './families.ts'
import { orderRows } from './order.ts'
import { rowId } from './row-ids.ts'
import { labelOf } from './rows.ts'
import { checkedSpan, spotOf } from './spans.ts'

export type Find = { readonly text: string; readonly kinds: readonly SearchKind[] } | { readonly like: SpanRef }

/** Raw events found by a scan, in any order. */
export interface EventHits {
  readonly ns: Float64Array
  readonly chunk: Uint32Array
  readonly row: Uint32Array
  readonly capped: boolean
}

/** Hits in order of time. */
export interface Hits {
  readonly ns: Float64Array
  /** Index into FAMILIES; EVENT is a raw event. */
  readonly family: Uint8Array
  /** Of a span its row, of an event its place in `events`. */
  readonly ref: Uint32Array
  readonly events: EventHits | undefined
  readonly capped: boolean
  readonly rows: TimelineSearch['rows']
}

const FAMILIES = ['op', 'phase', 'hold', 'wait', 'state', 'run'] as const
const EVENT = FAMILIES.length

/** Must events be scanned for it? */
export function needsEvents(find: Find): boolean {
  return 'text' in find && find.kinds.some((kind) => kind === 'event' || kind === 'args')
}

/** Names of events that match; what is in arguments only a scan can tell. */
export function eventNamesFor(trace: Trace, find: Find): number[] {
  if (!('text' in find) || !find.kinds.includes('event')) return []
  const wanted = find.text.toLowerCase()
  return trace.eventNames.flatMap((name, id) => (name.toLowerCase().includes(wanted) ? [id] : []))
}

interface Source {
  readonly family: (typeof FAMILIES)[number]
  readonly spans: Uint32Array
  readonly ns: (span: number) => number
}

export function findHits(trace: Trace, find: Find, events: EventHits | undefined): Hits {
  const sources = 'like' in find ? [likeSource(trace, checkedSpan(trace, find.like))] : textSources(trace, find)
  const all = sources.reduce((sum, { spans }) => sum + spans.length, events?.ns.length ?? 0)
  const ns = new Float64Array(all)
  const family = new Uint8Array(all)
  const ref = new Uint32Array(all)
  let length = 0
  for (const source of sources) {
    for (const span of source.spans) {
      ns[length] = source.ns(span)
      family[length] = FAMILIES.indexOf(source.family)
      ref[length++] = span
    }
  }
  events?.ns.forEach((at, i) => {
    ns[length] = at
    family[length] = EVENT
    ref[length++] = i
  })
  const order = Uint32Array.from({ length: all }, (_, i) => i)
  orderRows(order, (a, b) => (ns[a] === ns[b] ? a < b : ns[a] < ns[b]))
  const kept = order.subarray(0, limits.searchHits)
  return {
    ns: Float64Array.from(kept, (i) => ns[i]),
    family: Uint8Array.from(kept, (i) => family[i]),
    ref: Uint32Array.from(kept, (i) => ref[i]),
    events,
    capped: all > limits.searchHits || events?.capped === true,
    rows: 'like' in find ? [] : matchingRows(trace, find.text.toLowerCase(), find.kinds),
  }
}

function textSources(
  trace: Trace,
  { text, kinds }: { readonly text: string; readonly kinds: readonly SearchKind[] },
): Source[] {
  const wanted = text.toLowerCase()
  const has = (name: string) => name.toLowerCase().includes(wanted)
  const sources: Source[] = []
  const { kind, task, startNs } = trace.op.cols
  const kindHas = trace.opKinds.map((name) => kinds.includes('op') && has(name))
  const taskHas = trace.tasks.map(({ comm, pid }) => kinds.includes('task') && (has(comm) || String(pid) === text))
  const ops = spansWhere(trace.op.length, (op) => kindHas[kind[op]] || taskHas[task[op]])
  sources.push({ family: 'op', spans: ops, ns: (op) => startNs[op] })
  if (kinds.includes('phase')) {
    const { name, startNs: begins } = trace.phase.cols
    const nameHas = trace.phaseNames.map(has)
    const spans = spansWhere(trace.phase.length, (phase) => nameHas[name[phase]])
    sources.push({ family: 'phase', spans, ns: (phase) => begins[phase] })
  }
  if (kinds.includes('lock')) {
    const lockHas = trace.locks.map((_, lock) => lockMatches(trace, lock, wanted))
    for (const family of ['hold', 'wait'] as const)
      sources.push(among(trace, family, (span) => lockHas[trace.lockSpan.cols.lock[span]]))
  }
  return sources
}

function lockMatches(trace: Trace, lock: number, wanted: string): boolean {
  const { address, lockClass } = trace.locks[lock]
  return [lockName(trace, lock), trace.lockClasses[lockClass].name, address ?? ''].some((name) =>
    name.toLowerCase().includes(wanted),
  )
}

/** Spans of a family as they are drawn on task rows, in table order. */
function among(trace: Trace, family: SpanFamily, test: (span: number) => boolean): Source {
  const { source, rows } = familyRows(trace, 'task', family)
  return { family, spans: rows.filter(test).sort(), ns: (span) => source.start[span] }
}

function likeSource(trace: Trace, { family, id }: SpanRef): Source {
  const { lock, mode } = trace.lockSpan.cols
  const { state, task, startNs } = trace.taskState.cols
  const classOf = (span: number) => trace.locks[lock[span]].lockClass
  switch (family) {
    case 'op': {
      const { kind, startNs: begins } = trace.op.cols
      return { family, spans: spansWhere(trace.op.length, (op) => kind[op] === kind[id]), ns: (op) => begins[op] }
    }
    case 'phase': {
      const { name, startNs: begins } = trace.phase.cols
      const spans = spansWhere(trace.phase.length, (phase) => name[phase] === name[id])
      return { family, spans, ns: (phase) => begins[phase] }
    }
    case 'hold':
    case 'wait':
      return among(trace, family, (span) => classOf(span) === classOf(id) && mode[span] === mode[id])
    case 'state':
    case 'run': {
      const alike = (span: number) => state[span] === state[id] && (family === 'state' || task[span] === task[id])
      return { family, spans: spansWhere(trace.taskState.length, alike), ns: (span) => startNs[span] }
    }
  }
}

function spansWhere(length: number, test: (span: number) => boolean): Uint32Array {
  const spans = new Uint32Array(length)
  let count = 0
  for (let span = 0; span < length; span++) if (test(span)) spans[count++] = span
  return spans.slice(0, count)
}

function matchingRows(trace: Trace, wanted: string, kinds: readonly SearchKind[]): TimelineSearch['rows'] {
  const rows: { id: string; label: string }[] = []
  const add = (section: 'task' | 'lock', count: number, test: (id: number) => boolean) => {
    for (let id = 0; id < count && rows.length < limits.plainTableRows; id++) {
      if (test(id)) rows.push({ id: rowId(section, id), label: labelOf(trace, section, id) })
    }
  }
  if (kinds.includes('task')) {
    const matches = (id: number) => `${trace.tasks[id].comm} ${trace.tasks[id].pid}`.toLowerCase().includes(wanted)
    add('task', trace.tasks.length, matches)
  }
  if (kinds.includes('lock')) add('lock', trace.locks.length, (id) => lockMatches(trace, id, wanted))
  return rows
}

export interface LookUp {
  readonly fromNs: number
  readonly toNs: number
  readonly pixels: number
  readonly atNs: number
  /** A hit's place among all: its neighbour is asked for, wherever `atNs` is. */
  readonly hit?: number | undefined
  readonly direction: 'next' | 'previous'
  readonly list: number
}

/** What is asked of hits again and again: the nearest one, ticks of a window, a page of them. */
export function lookUp(
  trace: Trace,
  hits: Hits,
  { fromNs, toNs, pixels, atNs, hit, direction, list }: LookUp,
  event: (at: number) => Pick<SearchHit, 'text' | 'rows' | 'kind'>,
): TimelineSearch {
  const total = hits.ns.length
  const here = hit === undefined ? lowerBound(hits.ns, atNs) : direction === 'next' ? hit + 1 : hit
  const at = direction === 'next' ? here : here - 1
  const describe = (i: number) => describeHit(trace, hits, i, event)
  const found = at >= 0 && at < total
  const first = Math.max(0, Math.min(at, total))
  return {
    total,
    capped: hits.capped,
    ticks: ticksIn(hits.ns, { fromNs, toNs, pixels }),
    hit: found ? describe(at) : null,
    at: found ? at : -1,
    hits: Array.from({ length: Math.min(list, total - first) }, (_, i) => describe(first + i)),
    rows: hits.rows,
  }
}

function ticksIn(
  ns: Float64Array,
  { fromNs, toNs, pixels }: { fromNs: number; toNs: number; pixels: number },
): Uint32Array {
  const ticks = new Uint32Array(pixels)
  const width = (toNs - fromNs) / pixels
  for (let i = lowerBound(ns, fromNs); i < ns.length && ns[i] < toNs;) {
    const pixel = Math.min(pixels - 1, Math.floor((ns[i] - fromNs) / width))
    const next = Math.max(i + 1, lowerBound(ns, fromNs + (pixel + 1) * width, i))
    ticks[pixel] += Math.min(next, ns.length) - i
    i = next
  }
  return ticks
}

function describeHit(
  trace: Trace,
  { ns, family, ref }: Hits,
  at: number,
  event: (at: number) => Pick<SearchHit, 'text' | 'rows' | 'kind'>,
): SearchHit {
  if (family[at] === EVENT) return { ...event(ref[at]), ns: ns[at], endNs: null, span: null }
  const span: SpanRef = { family: FAMILIES[family[at]], id: ref[at] }
  const { name, endNs, rows } = spotOf(trace, span)
  return { kind: KIND_OF[span.family], ns: ns[at], endNs, text: name, rows, span }
}

const KIND_OF = { op: 'op', phase: 'phase', hold: 'lock', wait: 'lock', state: 'task', run: 'task' } as const
