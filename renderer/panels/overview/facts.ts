/**
 * What the Overview says in words: the finding about a trace, and what the trace cannot show. Only what the numbers say;
 * where they say nothing there is no sentence.
 */

import type { TraceInfo } from '#shared/contract/files.ts'
import type { AnalysisResult } from '#shared/analysis/index.ts'
import { formatCount, formatShare, timeText, type ClockUnit } from '../../ui/format.ts'
import { mainDoing } from './lock-phases.ts'

type Overview = AnalysisResult<'overview'>

export function finding(overview: Overview, clock: ClockUnit, events: number): string {
  const { keys, locks } = overview
  const worst = locks[0]
  if (events === 0 && keys.operations === 0)
    return 'This trace has no events: nothing happened while it was recorded, or tracing was off.'
  if (keys.waitTotalNs === null) {
    return keys.locksTaken
      ? 'This trace has lock events and no contention among them: nothing waited, or lock_contended was not recorded.'
      : 'This trace has no lock events: what waited for what cannot be known.'
  }
  if (keys.waitTotalNs === 0 || !worst)
    return `No task waited for a lock in ${formatCount(keys.operations)} operations.`
  const share = keys.waitTotalNs > 0 ? worst.waitTotalNs / keys.waitTotalNs : 0
  const main = mainDoing(worst)
  const of = share >= 0.995 ? 'all of it' : `${formatShare(share)} % of it`
  const often = main && main.share >= 0.5 ? 'mostly' : 'often'
  const doing = main && main.share >= 0.15 ? `, ${often} while ${main.clause} (${formatShare(main.share)} %)` : ''
  // A sentence of its own: tasks wait between operations too.
  const spent = keys.waitShare === null ? '' : ` Operations waited ${formatShare(keys.waitShare)} % of their time.`
  return `Tasks waited ${timeText(keys.waitTotalNs, clock)}, ${of} for ${worst.class}${doing}.${neverEnded(overview, clock)}${spent}`
}

/** A hang: the longest wait is one that never ended. */
function neverEnded({ keys }: Overview, clock: ClockUnit): string {
  const worst = keys.worstWait
  if (!worst?.open) return ''
  const others = keys.openWaits > 1 ? `, like ${formatCount(keys.openWaits - 1)} more` : ''
  return ` The longest, at least ${timeText(worst.waitNs, clock)} for ${worst.class}, was not seen to end${others}.`
}

/** What the head warns of: things that make numbers on the page incomplete. */
export function limitsOf(info: TraceInfo): { readonly text: string; readonly why: string }[] {
  const out: { text: string; why: string }[] = []
  if (info.lost !== null && info.lost > 0) {
    out.push({
      text: `${formatCount(info.lost)} events lost`,
      why: 'The recorder lost events: waits and operations around the gaps are missing or too short by an unknown amount.',
    })
  }
  if (!info.shows.waits && info.lockSpans > 0) {
    out.push({
      text: 'No contention events',
      why: 'This trace has lock events and no contention among them: nothing waited, or lock_contended was not recorded.',
    })
  } else if (!info.shows.waits)
    out.push({ text: 'Lock waits not recorded', why: 'There are no lock or contention events in this trace.' })
  else if (!info.shows.holds) {
    out.push({
      text: 'Hold times not recorded',
      why: 'This trace has contention events only: who waited is known, how long locks were held is not.',
    })
  }
  if (!info.shows.ops)
    out.push({
      text: 'Operations not recorded',
      why: 'There are no system call, page fault or filesystem events in this trace.',
    })
  return out
}
