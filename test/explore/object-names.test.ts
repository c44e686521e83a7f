/** Films name what a move looks at, things made during the run included: never a number of ours, never "something shared". */

import { expect, it } from 'vitest'
import { play, film } from '#shared/explore/replay.ts'
import { contender, isGroup, races, raceSubject } from '#shared/races/index.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'

const NAMES = [
  /^i_size$/,
  /^truncate_count$/,
  /^pins of devices$/,
  /^VMAs that map the file$/,
  /^(block map of|tree at|range tree at) page \d+$/,
  /^bytes of (the page that left the file at|page) \d+$/,
  /^(PTE of page|page table) \d+ in mm \d+$/,
  /^block \d+$/,
  /^the running transaction$/,
]

it.each(['B', 'X', 'F', 'H1', 'H2', 'G', 'K', 'Z'])('in every race under %s', (strategy) => {
  const strange = new Set<string>()
  let looks = 0
  for (const race of races.items) {
    if (isGroup(race)) continue
    const on = contender(parseStrategy(strategy))
    if (race.notApplicable(on) !== undefined) continue
    const subject = raceSubject(race, on)
    for (const { action, state } of film(subject, play(subject, []).moves).steps) {
      for (const value of Object.values(state ?? {})) if (/number \d/.test(value)) strange.add(value)
      const seen = /^(?:looks at|changes) (?:file \d+ )?(.*)$/.exec(action)?.[1]
      if (seen === undefined) continue
      looks++
      if (!NAMES.some((name) => name.test(seen))) strange.add(`${race.id}: ${seen}`)
    }
  }
  expect([...strange]).toEqual([])
  expect(looks).toBeGreaterThan(100)
})
