/** The trace doctor's findings as the page lists them: one line each, worst first, what was skipped before what was odd. */

import type { DoctorFinding } from '#shared/analysis/doctor.ts'

export interface FindingLine {
  readonly text: string
  readonly count: number
  readonly firstLine: number | null
  readonly tone: 'warn' | 'bad' | 'dim'
}

/** With a capital, unless it begins with a name of the kernel's. */
function sentence(message: string): string {
  return /^[a-z]+ /.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message
}

export function findingLines(found: readonly DoctorFinding[]): readonly FindingLine[] {
  const rank = ({ severity, skipped }: DoctorFinding): number =>
    severity === 'error' ? 0 : skipped ? 1 : severity === 'warning' ? 2 : 3
  return [...found]
    .sort((a, b) => rank(a) - rank(b))
    .map(({ severity, message, count, firstLine, skipped }) => ({
      text: skipped ? `Skipped: ${message}` : sentence(message),
      count,
      firstLine,
      tone: severity === 'error' ? 'bad' : severity === 'warning' ? 'warn' : 'dim',
    }))
}
