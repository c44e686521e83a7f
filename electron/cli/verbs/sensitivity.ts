/**
 * `faultline sensitivity`: which lock and which phase under it is worth shrinking, by simulating each hold shorter and
 * longer. Steepest first, which is often not the lock that is waited for most.
 */

import type { SensitivityResult, SensitivityRow } from '#shared/contract/whatif.ts'
import { decimalText, ratioText } from '#shared/whatif/words.ts'
import { json, text, whole } from '../options.ts'
import { bold, columnsOf, dim, plural, print, printable, printJson, printTable } from '../output.ts'
import { printLines } from './compare-print.ts'
import { experimentOptions, printMistakes, seedsOption, subjectOf } from './experiment.ts'
import { verb } from './verb.ts'

const WORDS = 5

export const sensitivity = verb({
  id: 'sensitivity',
  about: 'what shrinking or growing each hold would change, by lock and phase, hold time -100 % to +100 %',
  args: [],
  options: {
    ...experimentOptions,
    strategy: text('S', "under which strategy (default: the scenario's first, or what the trace was recorded under)"),
    seeds: seedsOption(6),
    top: whole({ value: 'N', min: 1, max: 100, fallback: 12, about: 'most pairs of lock and phase to vary' }),
    json,
  },
  async run(session, _, options) {
    const { strategy, seeds, seed, top } = options
    const subject = await subjectOf(session, options)
    const result = await session.call('whatif.sensitivity', {
      subject,
      seeds,
      seed,
      top,
      ...(strategy === undefined ? {} : { strategy }),
    })
    if (options.json) printJson(result)
    else printSensitivity(result)
    return 0
  },
})

function printSensitivity(result: SensitivityResult): void {
  const { rows, locks, words, seeds, assumptions } = result
  print(
    bold(`${printable(result.subject)} under ${result.strategy}`) +
      dim(` ${plural(result.runs, 'run')}, ${plural(seeds.length, 'seed')}`),
  )
  printMistakes(result)
  if (result.deadlocks > 0) {
    print(`${result.deadlocks} of ${plural(result.runs, 'run')} ended in a deadlock; nothing is concluded from them.`)
  }
  if (rows.length === 0) {
    print('No work was done under any lock.')
    return
  }
  print('')
  for (const sentence of words.slice(0, WORDS)) print(printable(sentence))
  print(`\n${bold('Throughput against the run as it is, by change of the work under the lock')}`)
  const { name } = columnsOf(rows)
  const changes = rows[0].curve.map(({ change }) => change).filter((change) => change !== 0)
  printTable([
    name('lock class', (row) => row.class),
    name('mode', (row) => row.mode),
    name('phase', (row) => row.phase),
    { ...name('slope', slopeText), right: true },
    ...changes.map((change) => ({
      ...name(`${change > 0 ? '+' : ''}${change * 100} %`, (row: SensitivityRow) =>
        ratioText(row.curve.find((point) => point.change === change)?.ratio ?? null),
      ),
      right: true,
      ...(Math.abs(change) === 1 || change === -0.5 ? {} : { dispensable: 1 }),
    })),
  ])
  print(`\n${bold('Locks by slope')}`)
  const ranked = columnsOf(locks)
  printTable([
    ranked.name('lock class', (lock) => lock.class),
    ranked.name('mode', (lock) => lock.mode),
    { ...ranked.name('slope', slopeText), right: true },
    ranked.time('waited for', (lock) => lock.waitTotalNs),
    { ...ranked.name('place by waiting', ({ waitRank }) => (waitRank === null ? '' : String(waitRank))), right: true },
  ])
  printLines('Assumed', assumptions)
}

function slopeText({ slope, enough }: Pick<SensitivityRow, 'slope' | 'enough'>): string {
  return enough && slope !== null ? decimalText(slope, 3) : 'not enough to say'
}
