/**
 * What is said about a violation: its invariant and how bad it is, whoever has a part in it and what it is about, what had just happened,
 * and a sentence that names them all. Of every race and every scenario under every preset that shows one.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeSchedule } from '#shared/explore/schedule.ts'
import { film } from '#shared/explore/replay.ts'
import { violationsIn } from '#shared/explore/verdict.ts'
import { invariants } from '#shared/sim/invariants/invariants.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { subjectOf } from '#shared/races/subjects.ts'
import { published, verdictOf } from './support.ts'

/** Why these name no task: all others name one at least. */
const NOBODY: Readonly<Record<string, string>> = {
  V14: 'a power cut is nobody’s doing: any task may run when it comes, and what shows is what is on the medium',
  V15: 'the same; the promise that it breaks was one to everybody',
}

function stored(file: string): readonly string[] {
  const lines = readFileSync(join(import.meta.dirname, file), 'utf8')
    .trim()
    .split('\n')
  return lines.map((line) => line.split(' ').at(-1) ?? '')
}

/** Cells that are published as hazards: what their races find, if they find anything. */
function hazards(): readonly string[] {
  return Object.entries(published.rows).flatMap(([race, { cells }]) =>
    Object.entries(cells)
      .filter(([, { verdict }]) => verdict === 'hazard')
      .map(([strategy]) => verdictOf(race, strategy, 2_000).schedule ?? '')
      .filter((schedule) => schedule !== ''),
  )
}

function violationsOf(schedule: string) {
  const { subject, strategy, moves } = decodeSchedule(schedule)
  const of = subjectOf(subject, parseStrategy(strategy))
  const names = new Set<string>()
  const shown = film({ ...of, build: (sink) => noting(of.build(sink), names) }, moves)
  return { violations: violationsIn(shown), names, steps: shown.steps }
}

function noting<W extends { readonly k: { readonly tasks: readonly { readonly comm: string }[] } }>(
  world: W,
  names: Set<string>,
): W {
  for (const { comm } of world.k.tasks) names.add(comm)
  return world
}

const all = [...stored('schedules.txt'), ...stored('../explore/schedules.txt'), ...hazards()]
const told = all.flatMap((schedule) => {
  const { violations, names, steps } = violationsOf(schedule)
  return violations.map((violation) => ({ ...violation, schedule, names, steps }))
})

describe('every violation', () => {
  it('is of a known invariant, as bad as that', () => {
    expect(told.length).toBeGreaterThan(200)
    for (const { invariant, severity, schedule } of told) {
      expect([schedule, severity]).toEqual([schedule, invariants.get(invariant).severity])
    }
  })

  it('names tasks, and the sentence does', () => {
    for (const { schedule, invariant, message, tasks } of told) {
      expect([schedule, message, tasks.length > 0]).toEqual([schedule, message, !(invariant in NOBODY)])
      expect([schedule, message, tasks.filter((task) => !message.includes(task))]).toEqual([schedule, message, []])
    }
  })

  it('names no task that the sentence does not count, and only tasks there are', () => {
    for (const { schedule, message, tasks, names } of told) {
      const words = message.split(/[\s,;:']+/)
      const named = [...names].filter((name) => words.includes(name) && !OPERATIONS.has(name))
      expect([schedule, message, named.filter((name) => !tasks.includes(name))]).toEqual([schedule, message, []])
      expect([schedule, tasks.filter((task) => !names.has(task) && task !== 'verify')]).toEqual([schedule, []])
    }
  })

  it('names what it is about: blocks, pages, locks', () => {
    for (const { schedule, message, objects } of told) {
      expect([schedule, message, objects.length > 0]).toEqual([schedule, message, true])
      expect([schedule, message, objects.filter((object) => !message.includes(object))]).toEqual([
        schedule,
        message,
        [],
      ])
    }
  })

  it('says what had just happened, with its step in the film', () => {
    for (const { schedule, event, steps } of told) {
      const step = /^step (\d+): (.*)$/.exec(event)
      if (step === null) {
        expect([schedule, event]).toEqual([schedule, expect.stringMatching(/^at the end|^in move \d+: /)])
        continue
      }
      const { task, action } = steps[Number(step[1]) - 1]
      expect([schedule, step[2].startsWith(`${task} ${action}`)]).toEqual([schedule, true])
    }
  })
})

/** Tasks of races that are called like what they do: a sentence may mean the operation. */
const OPERATIONS = new Set(['store', 'write', 'read', 'punch', 'truncate', 'fault', 'device', 'fsync'])

it('the catalogue shows most invariants', () => {
  expect([...new Set(told.map(({ invariant }) => invariant))].sort()).toEqual(
    [
      'V1',
      'V2',
      'V3',
      'V4',
      'V5',
      'V6',
      'V7',
      'V8',
      'V9',
      'V11',
      'V12',
      'V13',
      'V14',
      'V15',
      'V16',
      'V17',
      'V18',
      'V20',
    ].sort(),
  )
})
