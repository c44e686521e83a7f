/** The trace doctor's findings as the page lists them: one line each, worst first, what was skipped before what was odd. */

import type { DoctorFinding } from '#shared/analysis/doctor.ts'
import { capital } from '../../ui/format.ts'

export interface FindingLine {
  readonly text: string
  readonly count: number
  readonly firstLine: number | null
  readonly tone: 'warn' | 'bad' | 'dim'
}

export function findingLines(found: readonly DoctorFinding[]): readonly FindingLine[] {
  const rank = ({ severity, skipped }: DoctorFinding): number =>
    severity === 'error' ? 0 : skipped ? 1 : severity === 'warning' ? 2 : 3
  return [...found]
    .sort((a, b) => rank(a) - rank(b))
    .map(({ severity, message, count, firstLine, skipped }) => ({
      text: skipped ? `Skipped: ${message}` : capital(message),
      count,
      firstLine,
      tone: severity === 'error' ? 'bad' : severity === 'warning' ? 'warn' : 'dim',
    }))
}
