/** `--html` and `--text` of verbs that compare: the comparison as one file to send, made by the engine as the window's is. */

import { resolve } from 'node:path'
import type { MethodParams } from '#shared/contract/methods.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import { shellLine } from '#electron/report/command.ts'
import { many, text } from './options.ts'
import { note, printable } from './output.ts'
import { naming, type Session } from './session.ts'

const PRINTED = '-'
/** Counterexamples shown unless some are named. */
const FILMS = 3

export const reportOptions = {
  html: text('R.html', 'write a report: one page that needs no network, fit to be mailed'),
  text: text('R.txt', 'the same as plain text of 78 columns; - prints it'),
  film: many(
    'SCHEDULE',
    'a counterexample to show in the report: fl1:…, in quotes (default: the first of each strategy that has one)',
  ),
} as const

export interface ReportOptions {
  readonly html: string | undefined
  readonly text: string | undefined
  readonly film: readonly string[]
  readonly force: boolean
}

/** The first schedule that broke each strategy, of those a search found. */
function counterexamples({ strategies }: Compared['result']): string[] {
  const first = strategies.flatMap(({ verdict }) => {
    const found = verdict.violations.find(({ schedule }) => schedule !== null)?.schedule
    return found === undefined || found === null ? [] : [found]
  })
  return first.slice(0, FILMS)
}

type Compared = Pick<MethodParams<'report.compare'>, 'result' | 'traces' | 'sensitivity' | 'scaling'>

/** Before the comparison, which takes minutes: a report that has nowhere to go. */
export async function refuseReportPlaces({ html, text: plain, force }: ReportOptions): Promise<void> {
  const places = [html, plain].filter((path) => path !== undefined).filter((path) => path !== PRINTED)
  if (places.length === 0) return
  const { refuseUnwritable } = await import('#electron/store/draft.ts')
  for (const path of places) {
    try {
      refuseUnwritable(resolve(path), { force })
    } catch (error) {
      naming(path)(error)
    }
  }
}

/** True: the report is the answer on standard output, and nothing else should be. */
export async function writeReports(session: Session, options: ReportOptions, compared: Compared): Promise<boolean> {
  const { html, text: plain, film, force } = options
  const films = film.length > 0 ? [...film] : counterexamples(compared.result)
  const make = { ...compared, films, command: shellLine(['faultline', ...process.argv.slice(2)]) }
  for (const [format, path] of [
    ['html', html],
    ['text', plain],
  ] as const) {
    if (path === undefined || path === PRINTED) continue
    await session.call('report.compare', { ...make, format, out: resolve(path), force }).catch(naming(path))
    note(`report: ${printable(path)}`)
  }
  if (plain !== PRINTED) return false
  const report = await session.call('report.compare', { ...make, format: 'text' })
  for (const piece of await exportedBytes(await session.client(), report)) process.stdout.write(piece)
  return true
}
