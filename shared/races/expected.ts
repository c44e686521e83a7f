/**
 * What the literature says comes out (the verdict matrix), to be shown beside what was computed and compared
 * with it in a test. Nothing is decided by it. V violated, · held, p hazard only, – not applicable, ? not certain. Only presets
 * as they are have a verdict; overrides and strategies of the user's own have none.
 */

import type { ResolvedStrategy } from '../sim/strategies/strategy.ts'
import type { RaceOutcome } from './judge.ts'

const COLUMNS = ['A', 'C', 'D', 'B', 'X', 'E', 'F', 'I', 'H1', 'H2', 'J', 'G', 'G2', 'G3', 'K']

const MATRIX: Readonly<Record<string, string>> = {
  R01: '· · · · V V · V · V · · · · ·',
  R01b: '– – – – · V · · · · · · · · ·',
  R02: '· · · · V · · · · · · · · · ·',
  R03: 'V V V V V V V V · V · · · · ·',
  R04: 'V V V V – V V V · V V V V V ·',
  R05: '· · · · · V · · · · · · · · ·',
  R06: '· · · · V V ? V · · V · V · ·',
  R07: '· · · · V V V V · V ? ? V · ·',
  R08: '– – – – · V V V · V V · · · ·',
  R09: '– – – – · V V · · · · · · · ·',
  R09b: '– – – – – V V V ? V · · · · ·',
  R10: '– – – · · V V · · · · · · · ·',
  R11: '– – – · – V V · · · · · · · ·',
  R12: '· · · · – · V · · · · · · · ·',
  R13: '· · · · · · · V · · · · · · ·',
  R14: '· · · · · · p V · V · p · · ·',
  R15: '· · · · · · · · · · · · · · ·',
  R16: 'V · V · – – – – · – · · · · ·',
  R17: 'V V V · – – – – – – – – – – –',
  R18: '– – – – – – – – – – – V V V ·',
  R19: '– – – – – – – – – – – – V · ·',
  R20: '· · · · V V V V V V V V V V ·',
  R21: '– – – · V V V V – V V · · · ·',
  R22: '· · · · – – – – – – ? · · · ·',
  R22b: '· · · · V V V V V V · · · · ·',
  R23: '– – – V – V V V · V · · · · ·',
  R24: '– – – – – – – – V · – – – – –',
  R26: '· · · · ? V V V V V V V · · ·',
  R27: 'p p p p – p p p · p · · · · ·',
  R28: '– – – – – p p p · · p p p p p',
  R30: '– V – – – – – – – – – – – – –',
  R31: '– – p – – – – – – – – – – – –',
  R32: '– – – · V · · · · · · · · · ·',
  R33: '– – – – – – – – – – – – – · ·',
}

const MEANS: Readonly<Record<string, RaceOutcome | undefined>> = {
  V: 'violated',
  '·': 'held',
  p: 'hazard',
  '–': 'not-applicable',
}

/** undefined: nobody says. */
export function expectedOf(race: string, strategy: ResolvedStrategy): RaceOutcome | undefined {
  if (strategy.label !== strategy.id) return undefined
  // The one race that has a column of its own.
  if (race === 'R25' && strategy.id === 'Z') return 'violated'
  const column = COLUMNS.indexOf(strategy.id)
  const row = MATRIX[race]
  return column === -1 || row === undefined ? undefined : MEANS[row.split(' ')[column]]
}
