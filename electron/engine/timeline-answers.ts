/** The timeline's questions on the data thread: each is a call into shared/timeline. */

import type { ParsedParams, MethodResult } from '#shared/contract/methods.ts'
import type { Trace } from '#shared/model/trace.ts'
import { flowOf } from '#shared/timeline/flow.ts'
import { pathOf } from '#shared/timeline/path.ts'
import { rowsOf } from '#shared/timeline/rows.ts'
import { checkedSpan, detailsOf } from '#shared/timeline/spans.ts'
import { statisticsOf } from '#shared/timeline/statistics.ts'
import { stepOf } from '#shared/timeline/step.ts'
import { viewOf } from '#shared/timeline/view.ts'
import type { Db } from '../store/open.ts'

export interface OpenTrace {
  readonly trace: Trace
  readonly traceId: number
  readonly db: Db
}

/** Methods that are answered from one trace in memory. */
export type TimelineQuestion = 'rows' | 'view' | 'span' | 'flow' | 'path' | 'step' | 'statistics'
export type TimelineParams<Q extends TimelineQuestion> = Omit<ParsedParams<`timeline.${Q}`>, 'file' | 'trace'>

type Answers = {
  readonly [Q in TimelineQuestion]: (open: OpenTrace, params: TimelineParams<Q>) => MethodResult<`timeline.${Q}`>
}

const answers: Answers = {
  rows: ({ trace }, params) => rowsOf(trace, params),
  view: ({ trace }, params) => viewOf(trace, params),
  span: ({ trace }, { span }) => detailsOf(trace, checkedSpan(trace, span)),
  flow: ({ trace }, params) => flowOf(trace, params),
  path: ({ trace }, { op }) => pathOf(trace, op),
  step: ({ trace }, params) => stepOf(trace, params),
  statistics: ({ trace }, params) => statisticsOf(trace, params),
}

export function answerTimeline<Q extends TimelineQuestion>(
  open: OpenTrace,
  name: Q,
  params: TimelineParams<Q>,
): MethodResult<`timeline.${Q}`> {
  return answers[name](open, params)
}
