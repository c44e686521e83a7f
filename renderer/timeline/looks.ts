/**
 * Which look a slice has: operations and phases by name, locks green, amber and red, task states as on every page. A view's
 * words are looked up once per word, not once per slice.
 */

import { TASK_STATES } from '#shared/model/kinds.ts'
import type { TimelineView, TrackFamily } from '#shared/timeline/types.ts'
import { kindLook, lockStates, phaseLook, taskStates } from '../theme/kinds.ts'
import type { Look, Palette } from './palette.ts'

const HELD: Look = { fill: lockStates.held.fill, ink: 'text' }
const BLOCKING: Look = { fill: lockStates.contended.fill, ink: 'text' }
const WAITING: Look = { fill: lockStates.waiting.fill, ink: 'text' }
const TICK: Look = { fill: { color: 'text-3' }, ink: 'text' }
const RUN: Look = { fill: { color: 'ph-1' }, ink: 'ph-1-on' }
const IDLE: Look = { fill: { color: 'ph-other' }, ink: 'text-3' }
const COUNTER: Look = { fill: { color: 'seq-3' }, ink: 'text' }

/** CPUs run tasks of any name: a few quiet fills tell neighbours apart, the name tells who. */
const RUNNERS: readonly Look[] = (['ph-pte', 'ph-2', 'ph-1', 'ph-unmap', 'ph-getblock', 'ph-zero'] as const).map(
  (color) => ({ fill: { color }, ink: `${color}-on` }),
)

export function lookOfWord(family: TrackFamily, word: string): Look {
  switch (family) {
    case 'op': {
      const { color, ink } = kindLook(word)
      return { fill: { color }, ink }
    }
    case 'phase': {
      const { color, ink } = phaseLook(word)
      return { fill: { color }, ink }
    }
    case 'state': {
      const state = TASK_STATES.find((known) => known === word)
      const drawn = taskStates.find(({ states }) => state !== undefined && states.includes(state))
      return { fill: drawn?.fill ?? { color: 'task-sleep' }, ink: 'text' }
    }
    case 'hold':
      return HELD
    case 'blocking':
      return BLOCKING
    case 'wait':
      return WAITING
    case 'run':
      return runnerLook(word)
    case 'tick':
      return TICK
    case 'counter':
      return COUNTER
  }
}

function runnerLook(comm: string): Look {
  if (comm === '' || comm.startsWith('swapper') || comm === '<idle>') return IDLE
  let hash = 0
  for (let i = 0; i < comm.length; i++) hash = (hash * 31 + comm.charCodeAt(i)) >>> 0
  return RUNNERS[hash % RUNNERS.length] ?? RUN
}

/** The label inside a slice, if it has one; what it is comes first, how long it took after it. */
export function labelOfWord(family: TrackFamily, word: string): string {
  return family === 'op' ? kindLook(word).label : word
}

/** Palette numbers of a view's words, per family; -1: not looked up yet. */
export function lookTable(palette: Palette): (view: TimelineView, family: TrackFamily) => Int16Array {
  const tables = new WeakMap<TimelineView, Map<TrackFamily, Int16Array>>()
  return (view, family) => {
    let families = tables.get(view)
    if (families === undefined) tables.set(view, (families = new Map<TrackFamily, Int16Array>()))
    let table = families.get(family)
    if (table === undefined) {
      table = Int16Array.from(view.words, (word) => palette.number(lookOfWord(family, word)))
      families.set(family, table)
    }
    return table
  }
}
