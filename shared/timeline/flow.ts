/**
 * Who waits for whom, from one span: a wait's holders, a hold's waiters, and the chain from the wait to its root, as
 * edges to draw, as sentences, and as stops to walk along. The chain is that of the wait-chains analysis.
 */

import { holderPhase } from '../analysis/parts/holder.ts'
import { waitedNs } from '../analysis/parts/wait-ends.ts'
import { edges, mainEdge } from '../analysis/parts/waits.ts'
import { waitChains, type WaitChain } from '../analysis/wait-chains.ts'
import type { ChainLink } from '../analysis/parts/chain.ts'
import { limits } from '../base/limits.ts'
import { EDGE_KINDS, SPAN_CONTENDED } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import type { FlowEdge, SpanRef, SpanSpot, TimelineFlow } from './answers.ts'
import { checkedSpan, edgesByHolder, spansByOp, spotOf } from './spans.ts'
import { doing, lasting } from './words.ts'

const ALWAYS = { fromNs: -Infinity, toNs: Infinity }

export interface FlowParams {
  readonly span: SpanRef
  readonly whole: boolean
}

export function flowOf(trace: Trace, { span, whole }: FlowParams): TimelineFlow {
  checkedSpan(trace, span)
  const { direct, wait } = edgesOf(trace, span)
  const { from, to } = edges(trace)
  direct.sort((a, b) => to[b] - from[b] - (to[a] - from[a]) || a - b)
  const chain = wait === -1 ? null : chainOf(trace, wait)
  const shown = direct.slice(0, limits.chainLinks).map((edge) => flowEdge(trace, edge, 1))
  const steps = chain === null ? [] : stepsOf(trace, chain)
  const further = whole && chain !== null ? chainEdges(trace, chain, direct) : []
  return {
    edges: [...shown, ...further],
    truncated: direct.length > limits.chainLinks || chain?.cut === true,
    chain,
    words: chain === null ? [] : chainWords(trace, chain),
    steps,
    at: steps.findIndex(({ family, id }) => family === span.family && id === span.id),
  }
}

/** Its direct edges, and the wait whose chain tells its story; -1 none. */
function edgesOf(trace: Trace, { family, id }: SpanRef): { readonly direct: number[]; readonly wait: number } {
  const { byWaiter } = edges(trace)
  const { flags } = trace.lockSpan.cols
  const of = ({ starts, rows }: { readonly starts: Uint32Array; readonly rows: Uint32Array }, span: number) => [
    ...rows.subarray(starts[span], starts[span + 1]),
  ]
  if (family === 'wait') return { direct: of(byWaiter, id), wait: id }
  if (family === 'hold') {
    const direct = of(edgesByHolder(trace), id)
    if (direct.length > 0) return { direct, wait: worstWaiter(trace, direct) }
    return { direct, wait: (flags[id] & SPAN_CONTENDED) === 0 ? -1 : id }
  }
  if (family !== 'op') return { direct: [], wait: -1 }
  const { starts, rows } = spansByOp(trace)
  const waits = [...rows.subarray(starts[id], starts[id + 1])].filter((span) => (flags[span] & SPAN_CONTENDED) !== 0)
  const direct = waits.flatMap((span) => of(byWaiter, span))
  return { direct, wait: longestWait(trace, waits) }
}

function worstWaiter(trace: Trace, among: readonly number[]): number {
  const { from, to } = edges(trace)
  const worst = among.reduce((best, edge) => (to[edge] - from[edge] > to[best] - from[best] ? edge : best))
  return trace.waitEdge.cols.waiter[worst]
}

function longestWait(trace: Trace, waits: readonly number[]): number {
  let best = -1
  let most = -1
  for (const wait of waits) {
    const known = waitedNs(trace, wait)
    const ns = known >= 0 ? known : 0
    if (ns <= most) continue
    most = ns
    best = wait
  }
  return best
}

function chainOf(trace: Trace, wait: number): WaitChain | null {
  // A file may say anything: an edge from a span that did not wait tells nothing.
  if ((trace.lockSpan.cols.flags[wait] & SPAN_CONTENDED) === 0) return null
  const params = waitChains.params.parse({ waitId: wait })
  return waitChains.run(trace, params).chains.at(0) ?? null
}

function flowEdge(trace: Trace, edge: number, depth: number): FlowEdge {
  const { waiter, holder, kind } = trace.waitEdge.cols
  const { from, to } = edges(trace)
  return {
    waiter: spotOf(trace, { family: 'wait', id: waiter[edge] }),
    holder: spotOf(trace, { family: 'hold', id: holder[edge] }),
    fromNs: from[edge],
    toNs: to[edge],
    kind: EDGE_KINDS[kind[edge]],
    phase: holderPhase(trace, edge),
    depth,
  }
}

/** The wait each link of a chain is about: the first is the chain's own. */
function waitsOfChain(
  trace: Trace,
  { waitId, links }: WaitChain,
): { readonly wait: number; readonly link: ChainLink }[] {
  const { waiter, holder } = trace.waitEdge.cols
  const byHolder = edgesByHolder(trace)
  const { task } = trace.lockSpan.cols
  let before = task[waitId]
  return links.map((link, at) => {
    const its = byHolder.rows.subarray(byHolder.starts[link.spanId], byHolder.starts[link.spanId + 1])
    // The link's wait is that of the task before it which this very span was in the way of.
    const edge = at === 0 ? -1 : (its.find((one) => task[waiter[one]] === before && holder[one] === link.spanId) ?? -1)
    before = task[link.spanId]
    return { wait: at === 0 ? waitId : edge === -1 ? -1 : waiter[edge], link }
  })
}

function chainEdges(trace: Trace, chain: WaitChain, direct: readonly number[]): FlowEdge[] {
  const { byWaiter } = edges(trace)
  const { holder } = trace.waitEdge.cols
  return waitsOfChain(trace, chain).flatMap(({ wait, link }, at) => {
    if (wait === -1) return []
    const its = byWaiter.rows.subarray(byWaiter.starts[wait], byWaiter.starts[wait + 1])
    const edge = its.find((one) => holder[one] === link.spanId) ?? mainEdge(trace, wait, ALWAYS)
    return edge === -1 || direct.includes(edge) ? [] : [flowEdge(trace, edge, at + 1)]
  })
}

function stepsOf(trace: Trace, chain: WaitChain): SpanSpot[] {
  const steps = waitsOfChain(trace, chain).flatMap(({ wait, link }) => [
    ...(wait === -1 ? [] : [spotOf(trace, { family: 'wait', id: wait })]),
    spotOf(trace, { family: 'hold', id: link.spanId }),
  ])
  return steps.length > 0 ? steps : [spotOf(trace, { family: 'wait', id: chain.waitId })]
}

/** The chain as people tell it. */
export function chainWords(trace: Trace, chain: WaitChain): string[] {
  const asking = chain.op === null ? '' : ` in ${chain.op}`
  const first = `${chain.task} (${chain.pid}) waited ${lasting(trace, chain.waitNs)} for ${chain.class} (${chain.mode})${asking}.`
  const links = chain.links.map((link) => {
    const did = doing(link.op, link.phase)
    const who = `${link.task} (${link.pid})`
    const how =
      link.kind === 'queued-writer'
        ? `stood before it in the queue for ${link.class} (${link.mode})`
        : `held ${link.class} (${link.mode})${link.heldNs === null ? '' : ` for ${lasting(trace, link.heldNs)}`}`
    return `${who} ${how}, ${lasting(trace, link.overlapNs)} of it in the way${did === '' ? '' : `, ${did}`}.`
  })
  const last = chain.cut
    ? ['The chain goes on; it was cut here.']
    : chain.links.length === 0
      ? ['Who held it is not in the trace.']
      : [`The root is ${chain.rootTask ?? 'not known'}${chain.rootOp === null ? '' : ` in ${chain.rootOp}`}.`]
  return [first, ...links, ...last]
}
