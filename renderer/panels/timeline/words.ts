/** Spans of the timeline in words: what it is, how long, since when, and what is special about it. */

import {
  SLICE_CUT_LEFT,
  SLICE_CUT_RIGHT,
  SLICE_FAILED,
  SLICE_INFERRED,
  SLICE_IRQ,
  SLICE_OPEN,
  SLICE_SHARED,
  type TrackFamily,
} from '#shared/timeline/types.ts'
import { kindLook, taskStates } from '../../theme/kinds.ts'
import type { SpanRef } from '../../timeline/scene.ts'
import { exactMomentText, formatCount, timeText, type ClockUnit } from '../../ui/format.ts'

export interface SpanWords {
  /** `write fault`, `waits for mapping.invalidate_lock` */
  readonly what: string
  readonly long: string
  readonly at: string
  readonly more: readonly string[]
}

const MANY: Readonly<Record<TrackFamily, string>> = {
  state: 'task states',
  op: 'operations',
  phase: 'phases',
  hold: 'holds',
  blocking: 'holds that others wait for',
  wait: 'waits',
  run: 'runs',
  tick: 'events',
  counter: 'values',
}

export function spanWords(span: SpanRef, durationNs: number, clock: ClockUnit): SpanWords {
  const at = exactMomentText(span.startNs, durationNs, clock)
  // what was asked for ends inside the span: its own ends are elsewhere
  const whole = (span.flags & (SLICE_CUT_LEFT | SLICE_CUT_RIGHT)) === 0
  // how far one is drawn whose end was not recorded is not how long it was
  const measured = (span.flags & SLICE_OPEN) === 0 ? timeText(span.endNs - span.startNs, clock) : ''
  const long = whole ? measured : 'goes on outside of the view'
  if (span.count > 1) {
    return {
      what: `${formatCount(span.count)} ${MANY[span.family]}, mostly ${nameOf(span)}`,
      long,
      at,
      more: ['too short to tell apart here: zoom in, or Enter'],
    }
  }
  return { what: whatOf(span), long: span.family === 'tick' ? '' : long, at, more: moreOf(span) }
}

function nameOf({ family, name }: SpanRef): string {
  return family === 'op' ? kindLook(name).label : name
}

function whatOf(span: SpanRef): string {
  const onTask = span.row.startsWith('task:')
  switch (span.family) {
    case 'op':
      return kindLook(span.name).label
    case 'hold':
      return onTask ? `holds ${span.name}` : `held by ${span.name}`
    case 'blocking':
      return onTask ? `holds ${span.name}, others wait` : `held by ${span.name}, others wait`
    case 'wait':
      return onTask ? `waits for ${span.name}` : `${span.name} waits`
    case 'run':
      return `runs ${span.name}`
    case 'state':
      return taskStates.find(({ states }) => states.some((state) => state === span.name))?.label ?? span.name
    case 'phase':
    case 'tick':
    case 'counter':
      return span.name
  }
}

function moreOf({ flags, family }: SpanRef): string[] {
  const out: string[] = []
  const isLock = family === 'hold' || family === 'wait' || family === 'blocking'
  if (isLock) out.push((flags & SLICE_SHARED) !== 0 ? 'shared' : 'exclusive')
  if ((flags & SLICE_IRQ) !== 0) out.push('in an interrupt')
  if ((flags & SLICE_FAILED) !== 0) out.push('failed')
  if ((flags & SLICE_OPEN) !== 0) out.push('its end was not recorded')
  if ((flags & SLICE_INFERRED) !== 0) out.push('inferred: deduced, not recorded')
  return out
}

/** For screen readers, copying and the live region: one sentence. */
export function spanSentence(span: SpanRef, rowName: string, durationNs: number, clock: ClockUnit): string {
  const { what, long, at, more } = spanWords(span, durationNs, clock)
  return [`${rowName}: ${what}`, long, `at ${at}`, ...more].filter((part) => part !== '').join(', ')
}
