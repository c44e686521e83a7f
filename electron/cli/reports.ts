/** `--html` and `--text` of verbs that compare: the comparison as one file to send, made by the engine as the window's is. */

import { resolve } from 'node:path'
import type { MethodParams } from '#shared/contract/methods.ts'
import { ApiError } from '#shared/base/errors.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import { shellLine } from '#electron/report/command.ts'
import { many, target, text } from './options.ts'
import { note, printable } from './output.ts'
import { naming, type Session } from './session.ts'

const PRINTED = '-'
/** Counterexamples shown unless some are named. */
const FILMS = 3

export const reportOptions = {
  html: target('R.html', 'write a report: one page that needs no network, fit to be mailed'),
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

interface Places extends ReportOptions {
  readonly out: string | undefined
  readonly json: boolean
  /** What is compared: no report takes its place. */
  readonly trace: string | undefined
  readonly against: readonly string[]
}

/** Before the comparison, which takes minutes: a report that has nowhere to go. */
export async function refuseReportPlaces(options: Places): Promise<void> {
  const { html, text: plain, trace, against, force } = options
  refuseShared(options)
  const places = [html, plain].filter((path) => path !== undefined).filter((path) => path !== PRINTED)
  if (places.length === 0) return
  const { refuseSource, refuseUnwritable } = await import('#electron/store/draft.ts')
  const sources = [...(trace === undefined ? [] : [trace]), ...against].map((path) => resolve(path))
  for (const path of places) {
    try {
      refuseSource(resolve(path), sources)
      refuseUnwritable(resolve(path), { force })
    } catch (error) {
      naming(path)(error)
    }
  }
}

/** Two answers at one place: the one that comes later would be all there is. */
function refuseShared({ html, text: plain, out, json }: Places): void {
  if (plain === PRINTED && json) {
    throw new ApiError('bad-request', '--text - and --json exclude each other', 'name a file for the report')
  }
  const files = Object.entries({ html, text: plain, out }).flatMap(([name, path]) =>
    path === undefined || path === PRINTED ? [] : [{ name, path: resolve(path) }],
  )
  files.forEach(({ name, path }, i) => {
    const same = files.slice(i + 1).find((other) => other.path === path)
    if (same === undefined) return
    throw new ApiError('bad-request', `--${name} and --${same.name} name the same file`, 'give each its own')
  })
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
