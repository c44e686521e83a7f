/** Power cuts, in a thread of the pool of races: all of them, or all places of one schedule. */

import { toWireError, type WireError } from '#shared/base/errors.ts'
import { unknownId } from '#shared/base/registry.ts'
import type { CrashPointsResult, CrashRunResult } from '#shared/contract/crash.ts'
import type { ParsedParams } from '#shared/contract/methods.ts'
import { crashOf, crashPoints, exploreCrashes, notThere, replayCrash } from '#shared/explore/crash.ts'
import { decodeSchedule } from '#shared/explore/schedule.ts'
import { parseSubjectId, scenarioOf, type Subject } from '#shared/explore/subject.ts'
import { raceOf, races } from '#shared/races/index.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { parseStrategy, type ResolvedStrategy } from '#shared/sim/strategies/index.ts'
import '../strategy/find.ts'

/** Errors cross between threads as plain data. */
export type Answer<T> = { readonly value: T } | { readonly wire: WireError }

function answered<P, T>(run: (params: P) => T): (params: P) => Answer<T> {
  return (params) => {
    try {
      return { value: run(params) }
    } catch (thrown) {
      return { wire: toWireError(thrown) }
    }
  }
}

export const crashes = answered(explore)
export const places = answered(cutOne)

function explore(params: ParsedParams<'crash.run'>): CrashRunResult {
  const started = performance.now()
  const { subject: text, strategy: word, slots, ...options } = params
  const strategy = parseStrategy(
    word,
    Object.entries(slots).map(([name, option]) => `${name}=${option}`),
  )
  const subject = named(text, strategy)
  const result = exploreCrashes(subject, options)
  const wallMs = Math.round(performance.now() - started)
  return { subject: subject.id, strategy: strategy.label, ...result, wallMs }
}

function cutOne({ schedule, ...options }: ParsedParams<'crash.points'>): CrashPointsResult {
  const { subject: text, strategy: word, moves } = decodeSchedule(schedule)
  const strategy = parseStrategy(word)
  const cut = crashOf(text)
  const subject = named(cut?.subject ?? text, strategy)
  const replay = cut === undefined ? undefined : replayCrash(subject, moves, cut)
  if (cut !== undefined && replay === undefined) throw notThere(subject, cut)
  return {
    subject: subject.id,
    strategy: strategy.label,
    points: crashPoints(subject, moves, options),
    replay: replay === undefined || cut === undefined ? null : { ...replay, point: cut.point, lines: cut.lines },
  }
}

function named(text: string, strategy: ResolvedStrategy): Subject {
  const found = scenarioOf(text, strategy) ?? raceOf(text, strategy)
  if (found === undefined) throw unknownId('scenario', parseSubjectId(text).id, [...scenarios.ids, ...races.ids])
  return found
}
