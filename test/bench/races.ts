/**
 * Races: the whole matrix and a single race as a user starts them (processes included), and how many schedules the search behind
 * `held` saves by reduction, per race that held under K. Where the full enumeration is cut off, the factor is a lower bound.
 */
import { join } from 'node:path'
import { Search } from '#shared/explore/search.ts'
import { contender, isGroup, judgeRace, raceSubject, races, type Race } from '#shared/races/index.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { repoRoot } from '../support/corpus.ts'
import { measure, median, printFigures, type Figure } from './measure.ts'

const FAULTLINE = join(repoRoot, 'bin/faultline.mjs')
const RUNS = 5
/** Schedules after which a full enumeration is cut off. */
const ENOUGH = 20_000

export async function benchRaces(): Promise<boolean> {
  const matrix = await measure(process.execPath, [FAULTLINE, 'verdicts', '--json'])
  const { rows } = JSON.parse(matrix.stdout) as { rows: { executions: number; complete: boolean; outcome: string }[] }
  const held = rows.filter((row) => row.outcome === 'held')
  const figures: Figure[] = [
    {
      what: `verdicts, ${rows.length} cells`,
      value: matrix.wallMs / 1000,
      unit: 's',
      bound: { kind: 'max', value: 60 },
    },
    {
      what: '  schedules searched behind those that held',
      value: held.reduce((n, row) => n + row.executions, 0),
      unit: '',
    },
    {
      what: '  of those, complete within two preemptions',
      value: held.filter((row) => row.complete).length / held.length,
      unit: 'share',
    },
  ]
  for (const [race, strategy] of [
    ['R05', 'E'],
    ['R03', 'K'],
    ['R02', 'K'],
  ] as const) {
    const times: number[] = []
    for (let i = 0; i < RUNS; i++) {
      times.push(
        (await measure(process.execPath, [FAULTLINE, 'race', race, '--strategy', strategy, '--json'])).wallMs / 1000,
      )
    }
    figures.push({
      what: `race ${race} --strategy ${strategy}`,
      value: median(times),
      unit: 's',
      bound: { kind: 'max', value: 1 },
    })
  }
  const met = printFigures('races', figures)
  printFigures('reduction within two preemptions, races that held under K', races.items.flatMap(reduction))
  return met
}

function reduction(race: Race | (typeof races.items)[number]): Figure[] {
  if (isGroup(race) || (race.blocks ?? 0) > 256) return []
  const on = contender(parseStrategy('K'))
  if (judgeRace(race.id, on).outcome !== 'held') return []
  const count = (reduce: boolean): number => {
    const search = new Search(
      raceSubject(race, on),
      { prefix: [], sleepers: [] },
      { preemptions: 2, depth: 1000, reduce },
    )
    while (search.executions < ENOUGH && search.next());
    return search.executions
  }
  const [all, reduced] = [count(false), count(true)]
  if (reduced >= ENOUGH) return []
  return [
    {
      what: `${race.id}: ${reduced} of ${all >= ENOUGH ? 'more than ' : ''}${all}`,
      value: all / reduced,
      unit: 'times',
    },
  ]
}
