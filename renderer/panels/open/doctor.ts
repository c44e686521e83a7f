/**
 * The trace doctor's findings as the page lists them: one line each, worst first, what was skipped before what was odd. And
 * what to record next time, each command with what it is for.
 */

import type { DoctorFinding, DoctorResult } from '#shared/analysis/doctor.ts'
import { diagnosticWords } from '#shared/model/diagnostics.ts'
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
    .map(({ severity, code, message, count, firstLine, skipped }) => ({
      text: skipped ? `Skipped: ${message}` : capital(diagnosticWords({ code, message })),
      count,
      firstLine,
      tone: severity === 'error' ? 'bad' : severity === 'warning' ? 'warn' : 'dim',
    }))
}

/** As text for a shell, what each command is for as a comment above it; empty: nothing would tell more. */
export function recordText({ answers, findings, recordings }: DoctorResult): string {
  const lacking = answers.filter(({ record }) => record !== null)
  const needed = recordings.map(({ command, events, needs }, i) => {
    const questions = lacking.filter((answer) => answer.events.some((event) => events.includes(event)))
    // One event that a kernel does not have, and trace-cmd records none: these stand apart.
    const part = i === 0 ? command : events.map((event) => `-e ${event}`).join(' ')
    const on = needs === null ? [] : [`on ${needs}${i === 0 ? '' : ' add'}`]
    return [...on, ...questions.map(questionText)].map(comment).concat(folded(part))
  })
  const alone = lacking.flatMap((answer) =>
    answer.record === null || answer.events.length > 0 ? [] : [[comment(questionText(answer)), folded(answer.record)]],
  )
  const commands = new Map<string, string[]>()
  for (const { message, record } of findings) {
    if (record !== undefined) commands.set(record, [...(commands.get(record) ?? []), comment(message)])
  }
  const nextTime = [...commands].map(([record, why]) => [...why, folded(record)])
  return [...needed, ...alone, ...nextTime].map((lines) => lines.join('\n')).join('\n\n')
}

function questionText({ question, maybeRecorded }: DoctorResult['answers'][number]): string {
  return maybeRecorded ? `${question}, if it was not recorded` : question
}

const comment = (text: string): string => `# ${text}`

/** A line per option. */
function folded(command: string): string {
  return command.replaceAll(' -', ' \\\n  -')
}
