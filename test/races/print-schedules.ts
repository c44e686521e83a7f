/**
 * Every schedule that shows a race under a preset, one line each: race, preset, invariants, schedule. A change of the model that
 * changes them renews the file (`node bin/run.mjs test/races/print-schedules.ts > test/races/schedules.txt`) and says why.
 */
import { contender, isGroup, judgeRace, races } from '#shared/races/index.ts'
import { parseStrategy, strategies } from '#shared/sim/strategies/index.ts'

for (const race of races.items) {
  if (isGroup(race)) continue
  for (const id of strategies.ids) {
    const { outcome, invariants, schedule } = judgeRace(race.id, contender(parseStrategy(id)))
    if (outcome === 'violated') process.stdout.write(`${[race.id, id, invariants.join(','), schedule].join(' ')}\n`)
  }
}
