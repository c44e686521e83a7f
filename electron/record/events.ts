/** From sets and names to the tracepoints of this kernel, and what is missing, said by question. */

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { unknownId } from '#shared/base/registry.ts'
import { EVENT_SETS, type EventSet, type RecordAbility } from '#shared/contract/record.ts'
import type { Tracefs } from './tracefs.ts'

/** `system/name` of every tracepoint, by system. */
export type Tracepoints = ReadonlyMap<string, readonly string[]>

export function tracepointsOf({ root }: Tracefs): Tracepoints {
  const events = join(root, 'events')
  const systems = readdirSync(events, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return new Map(
    systems.map(({ name }) => {
      const inside = readdirSync(join(events, name), { withFileTypes: true })
      return [name, inside.filter((entry) => entry.isDirectory()).map((entry) => entry.name)]
    }),
  )
}

/** `jbd2:*,xfs:xfs_log_*` → what of it there is. */
export function matching(known: Tracepoints, patterns: string): string[] {
  return patterns.split(',').flatMap((pattern) => {
    const [system, name = '*'] = pattern.split(':')
    const shape = new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`)
    return (known.get(system) ?? []).filter((one) => shape.test(one)).map((one) => `${system}/${one}`)
  })
}

export interface Chosen {
  readonly sets: readonly string[]
  readonly tracepoints: readonly string[]
}

/** Every set and event asked for, or why one cannot be recorded here. */
export function chooseEvents(known: Tracepoints, wanted: readonly string[]): Chosen {
  const chosen = new Set<string>()
  const sets: string[] = []
  for (const word of wanted) {
    const set = EVENT_SETS.find(({ id }) => id === word)
    if (set === undefined && !word.includes(':')) {
      throw unknownId(
        'set of events',
        word,
        EVENT_SETS.map(({ id }) => id),
      )
    }
    const lack = set === undefined ? undefined : lacks(known, set)
    if (lack !== undefined)
      throw new ApiError('unsupported', `this kernel cannot record ${word}: ${lack}`, hintFor(known))
    const found = (set?.events ?? [word]).flatMap((pattern) => matching(known, pattern))
    if (found.length === 0) {
      throw new ApiError('unsupported', `this kernel has no event ${word}`, 'available_events in tracefs lists them')
    }
    sets.push(word)
    for (const one of found) chosen.add(one)
  }
  return { sets, tracepoints: [...chosen].sort() }
}

function lacks(known: Tracepoints, { needs }: EventSet): string | undefined {
  return needs.find(({ events }) => matching(known, events).length === 0)?.why
}

function hintFor(known: Tracepoints): string {
  const can = EVENT_SETS.filter((set) => lacks(known, set) === undefined).map(({ id }) => id)
  return `here go: ${can.join(', ')}`
}

export function setsHere(known: Tracepoints): RecordAbility['sets'] {
  return EVENT_SETS.map((set) => {
    const { id, title, about, events } = set
    const found = new Set(events.flatMap((pattern) => matching(known, pattern)))
    return { id, title, about, events: found.size, lacks: lacks(known, set) ?? null }
  })
}

/** A tracepoint's folder is there as long as its module is. */
export function isThere({ root }: Tracefs, tracepoint: string): boolean {
  return statSync(join(root, 'events', tracepoint), { throwIfNoEntry: false })?.isDirectory() === true
}
