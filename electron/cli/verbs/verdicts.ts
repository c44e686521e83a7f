/** `faultline verdicts`: every race against every preset, by running them. */

import type { RaceOutcome, VerdictRow } from '#shared/contract/races.ts'
import { json, many } from '../options.ts'
import { duration, note, plural, print, printable, printJson } from '../output.ts'
import { verb } from './verb.ts'

const SIGNS: Readonly<Record<RaceOutcome, string>> = { violated: 'V', held: '·', hazard: 'p', 'not-applicable': '–' }

export const verdicts = verb({
  id: 'verdicts',
  about: 'every race against every preset, by running them',
  args: [],
  options: {
    race: many('ID', 'only this race'),
    strategy: many('S', 'only this strategy, with overrides where wanted'),
    json,
  },
  async run(session, _, options) {
    const { rows, wallMs } = await session.call('verdicts.run', {
      races: [...options.race],
      strategies: [...options.strategy],
    })
    if (options.json) {
      printJson({ rows, wallMs })
      return 0
    }
    printMatrix(rows)
    print('\nV violated  · held  p hazard only  – not applicable')
    const other = rows.filter((row) => row.expected !== null && row.expected !== row.outcome)
    for (const { race, strategy, outcome, expected, why } of other) {
      print(
        `${race} under ${strategy} is ${outcome}, the literature says ${expected ?? ''}${why === null ? '' : `: ${printable(why)}`}`,
      )
    }
    const asserted = rows.filter((row) => row.expected !== null).length
    const held = rows.filter((row) => row.outcome === 'held')
    const whole = held.filter((row) => row.complete).length
    const within = held.filter((row) => !row.complete && row.within === 1).length
    print(
      `of ${held.length} that held, ${whole} were searched to the end within two preemptions and ${within} within one`,
    )
    note(
      `${plural(rows.length, 'cell')} in ${duration(wallMs * 1e6)}; ${asserted - other.length} of ${asserted} as the literature has them`,
    )
    return 0
  },
})

function printMatrix(rows: readonly VerdictRow[]): void {
  const strategies = [...new Set(rows.map((row) => row.strategy))]
  const races = [...new Set(rows.map((row) => row.race))]
  const cells = new Map(rows.map((row) => [`${row.race} ${row.strategy}`, SIGNS[row.outcome]]))
  const first = Math.max(...races.map((id) => id.length))
  const line = (head: string, of: (strategy: string) => string): string =>
    [head.padEnd(first), ...strategies.map((strategy) => of(strategy).padEnd(strategy.length))].join('  ').trimEnd()
  print(line('', (strategy) => strategy))
  for (const race of races) print(line(race, (strategy) => cells.get(`${race} ${strategy}`) ?? ''))
}
