/** The timeline's questions on the data thread: each is a call into shared/timeline. */

import type { ParsedParams, MethodResult } from '#shared/contract/methods.ts'
import type { Trace } from '#shared/model/trace.ts'
import { flowOf } from '#shared/timeline/flow.ts'
import { pathOf } from '#shared/timeline/path.ts'
import { rowsOf } from '#shared/timeline/rows.ts'
import { checkedSpan, detailsOf } from '#shared/timeline/spans.ts'
import { statisticsOf } from '#shared/timeline/statistics.ts'
import { stepOf } from '#shared/timeline/step.ts'
import { eventNamesFor, findHits, lookUp, needsEvents, type EventHits, type Hits } from '#shared/timeline/search.ts'
import type { TimelineSearch } from '#shared/timeline/answers.ts'
import { spanAnchor } from '#shared/timeline/anchor.ts'
import { viewOf } from '#shared/timeline/view.ts'
import type { Db } from '../store/open.ts'
import type { TraceEvents } from './timeline-events.ts'

export interface OpenTrace {
  readonly trace: Trace
  readonly traceId: number
  readonly db: Db
  readonly events: TraceEvents
}

/** Methods that are answered from one trace in memory. */
export type TimelineQuestion = 'rows' | 'view' | 'span' | 'flow' | 'path' | 'step' | 'statistics' | 'events' | 'anchor'
export type TimelineParams<Q extends TimelineQuestion> = Omit<ParsedParams<`timeline.${Q}`>, 'file' | 'trace'>

type Answers = {
  readonly [Q in TimelineQuestion]: (open: OpenTrace, params: TimelineParams<Q>) => MethodResult<`timeline.${Q}`>
}

const answers: Answers = {
  rows: ({ trace }, params) => rowsOf(trace, params),
  view: ({ trace, events }, params) => viewOf(trace, params, events.view(params)),
  span: ({ trace }, { span }) => detailsOf(trace, checkedSpan(trace, span)),
  flow: ({ trace }, params) => flowOf(trace, params),
  path: ({ trace }, { op }) => pathOf(trace, op),
  step: ({ trace }, params) => stepOf(trace, params),
  statistics: ({ trace }, params) => statisticsOf(trace, params),
  events: ({ events }, params) => events.list(params),
  anchor: ({ trace, events }, { by, name, nth }) =>
    by === 'event' ? events.anchor(name, nth) : spanAnchor(trace, { by, name, nth }),
}

export function answerTimeline<Q extends TimelineQuestion>(
  open: OpenTrace,
  name: Q,
  params: TimelineParams<Q>,
): MethodResult<`timeline.${Q}`> {
  return answers[name](open, params)
}

/** What was found for the latest questions: the next one and the previous one are asked for again and again. */
const FOUND = 4
const found = new WeakMap<Trace, Map<string, Hits>>()

export type SearchParams = Omit<ParsedParams<'timeline.search'>, 'file' | 'trace'>

/** What a search needs before it can be answered: a scan of the events, for these names and maybe in payloads. */
export interface ScanFirst {
  readonly scan: { readonly names: readonly number[]; readonly args: string | undefined }
}

export function answerSearch(
  { trace, events }: OpenTrace,
  { find, ...look }: SearchParams,
  scanned: EventHits | undefined,
): TimelineSearch | ScanFirst {
  const known = found.get(trace) ?? new Map<string, Hits>()
  found.set(trace, known)
  const key = JSON.stringify(find)
  let hits = known.get(key)
  if (hits === undefined) {
    if (scanned === undefined && needsEvents(find)) {
      const args = 'text' in find && find.kinds.includes('args') ? find.text : undefined
      const names = eventNamesFor(trace, find)
      if (names.length > 0 || args !== undefined) return { scan: { names, args } }
    }
    hits = findHits(trace, find, scanned)
  }
  known.delete(key)
  known.set(key, hits)
  for (const oldest of known.keys()) {
    if (known.size <= FOUND) break
    known.delete(oldest)
  }
  const { events: eventHits } = hits
  const event = events.hits(find)
  return lookUp(trace, hits, look, (at) => event(eventHits?.chunk[at] ?? 0, eventHits?.row[at] ?? 0))
}
