/** `faultline race`: one catalogued race against one strategy, run now, with the schedule that shows it and its film. */

import { ApiError } from '#shared/base/errors.ts'
import type { RaceOutcome, RaceResult } from '#shared/contract/races.ts'
import { flag, json, many, pairs, text } from '../options.ts'
import { bold, note, plural, print, printable, printJson } from '../output.ts'
import { printStep, printTurns } from '../turns.ts'
import { verb } from './verb.ts'

const OUTCOMES: Readonly<Record<RaceOutcome, string>> = {
  violated: 'violated',
  held: 'held',
  hazard: 'a hazard, no violation',
  'not-applicable': 'not applicable',
}

export const race = verb({
  id: 'race',
  about: 'run one catalogued race against one strategy (`faultline list races`)',
  args: [{ name: '<RACE>', about: 'R01 … R33, or a variant such as R18c' }],
  options: {
    strategy: text('S', 'which strategy, with overrides where wanted: F,tx=tx-before-locks'),
    slot: many('NAME=OPTION', 'replace a slot or switch of the strategy (`faultline list slots`)'),
    film: flag('print every step with what it changed, not only the turns'),
    json,
  },
  async run(session, [id], options) {
    if (options.strategy === undefined) {
      throw new ApiError('bad-request', '--strategy is missing', '`faultline list strategies` names them')
    }
    const result = await session.call('race.run', {
      race: id,
      strategy: options.strategy,
      slots: pairs(options.slot, '--slot'),
    })
    if (options.json) {
      printJson(result)
      return 0
    }
    describe(result)
    if (options.film) result.steps.forEach(printStep)
    else printTurns(result.steps)
    if (result.schedule !== null) note(`again: faultline replay '${result.schedule}'`)
    return 0
  },
})

function describe(result: RaceResult): void {
  const { outcome, expected, invariants, why } = result
  const which = invariants.length === 0 ? '' : ` (${invariants.join(', ')})`
  print(
    `${bold(result.race)} ${result.title}, under ${result.strategy} on ${result.fs}: ${bold(OUTCOMES[outcome])}${which}`,
  )
  if (why !== null) print(`  ${printable(why)}`)
  if (outcome === 'held') {
    const fewer = result.within === 1 ? ', all there are within one' : ''
    const all = result.complete ? 'all there are within two preemptions' : `of those within two preemptions${fewer}`
    print(`  its scripts, and ${plural(result.executions, 'more schedule')}, ${all}, broke nothing`)
  }
  if (expected !== null && expected !== outcome) print(`  the literature says: ${OUTCOMES[expected]}`)
}
