/** What was noticed about a trace while it was read, a line each, as `import` and `info` say it. */

import { diagnosticWords } from '#shared/model/diagnostics.ts'
import { count, plural } from './output.ts'

interface Remark {
  readonly severity: string
  readonly code: string
  readonly message: string
  readonly count: number
  readonly firstLine?: number | null | undefined
}

export function remarkLine({ severity, code, message, count: times, firstLine }: Remark): string {
  const where = firstLine === undefined || firstLine === null ? '' : `, first at line ${count(firstLine)}`
  return `  ${severity}: ${diagnosticWords({ code, message })} (${plural(times, 'time')}${where})`
}
