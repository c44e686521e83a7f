/**
 * The story of the selected span: what it is, whom it waited for up to the root, an operation's critical path, and the
 * arrows that show it. Words and arrows come from one answer, so they cannot disagree.
 */

import { computed, shallowRef, watch, type Ref } from 'vue'
import type { Client } from '#shared/contract/methods.ts'
import type {
  CriticalPath,
  SpanDetails,
  SpanRef as NamedSpan,
  SpanSpot,
  TimelineFlow,
} from '#shared/timeline/answers.ts'
import type { FlowArrow, SpanRef } from '../timeline/scene.ts'
import { useAnswer } from './timeline-ask.ts'
import type { TimelineModel } from './timeline-model.ts'

const NAMED = ['state', 'op', 'phase', 'hold', 'wait', 'run'] as const

/** How the engine names a span; several merged into one slice, events and counters have no name. */
export function namedSpan(span: SpanRef | undefined): NamedSpan | undefined {
  if (span?.id === undefined || span.count > 1) return undefined
  if (span.family === 'blocking') return { family: 'hold', id: span.id }
  const family = NAMED.find((one) => one === span.family)
  return family && { family, id: span.id }
}

/** A span the engine named, as the canvas selects it: on the row that is asked for, where it is on that. */
export function spanAt(spot: SpanSpot, row?: string): SpanRef {
  return {
    row: row !== undefined && spot.rows.includes(row) ? row : (spot.rows[0] ?? ''),
    family: spot.family,
    lane: -1,
    id: spot.id,
    startNs: spot.startNs,
    endNs: spot.untilNs,
    name: spot.name,
    count: 1,
    flags: spot.flags,
  }
}

export function useSpanStory(client: Client, model: Ref<TimelineModel | undefined>) {
  const named = computed(() => {
    const shown = model.value
    const span = namedSpan(shown?.selected.value)
    return shown && span && { file: shown.file, trace: shown.info.id, span }
  })
  const details = useAnswer(
    () => named.value,
    (asked, signal): Promise<SpanDetails> => client.call('timeline.span', asked, { signal }),
  )
  const whole = computed(() => model.value?.flows.value === 'chain')
  const flow = useAnswer(
    () => (named.value && isLock(named.value.span) ? { ...named.value, whole: whole.value } : undefined),
    (asked, signal): Promise<TimelineFlow> => client.call('timeline.flow', asked, { signal }),
  )
  const path = useAnswer(
    () => {
      const op = details.data.value?.op
      const asked = named.value
      // of a span inside an operation the operation's path is what explains it
      if (!asked || !op || !same(details.data.value, asked.span)) return undefined
      return { file: asked.file, trace: asked.trace, op: op.id }
    },
    (asked, signal): Promise<CriticalPath> => client.call('timeline.path', asked, { signal }),
  )
  const arrows = computed<readonly FlowArrow[]>(() =>
    model.value === undefined || model.value.flows.value === 'off' ? [] : (flow.data.value?.edges ?? []).map(arrow),
  )
  /** The chain that is walked: it stays while its own stops are selected, so that one can walk back. */
  const walked = shallowRef<{ readonly steps: readonly SpanSpot[]; readonly at: number }>()
  const chain = computed(() => {
    const asked = named.value?.span
    const at = walked.value?.steps.findIndex((step) => asked !== undefined && same(step, asked)) ?? -1
    if (walked.value && at >= 0) return { steps: walked.value.steps, at }
    return flow.data.value && { steps: flow.data.value.steps, at: flow.data.value.at }
  })
  watch(
    () => [flow.data.value, named.value?.span] as const,
    ([found, asked]) => {
      if (walked.value?.steps.some((step) => asked !== undefined && same(step, asked))) return
      walked.value = found && { steps: found.steps, at: found.at }
    },
  )
  return { details, flow, path, arrows, chain }
}

function isLock({ family }: NamedSpan): boolean {
  return family === 'wait' || family === 'hold'
}
function same(a: NamedSpan | undefined, b: NamedSpan): boolean {
  return a?.family === b.family && a.id === b.id
}

function arrow({ waiter, holder, fromNs, depth, kind }: TimelineFlow['edges'][number]): FlowArrow {
  return {
    fromRow: waiter.rows[0] ?? '',
    toRow: holder.rows[0] ?? '',
    fromNs: Math.max(waiter.startNs, fromNs),
    toNs: Math.max(holder.startNs, fromNs),
    depth: depth - 1,
    label: kind === 'holder' ? holder.name : `queued before: ${holder.name}`,
  }
}
