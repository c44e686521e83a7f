/** `faultline compare --trace A --against B`: recordings side by side as they are, before and after a patch. */

import { ApiError } from '#shared/base/errors.ts'
import type { TracesResult } from '#shared/contract/whatif.ts'
import { bold, dim, plural, print, printable, printJson } from '../output.ts'
import { traceId } from '../options.ts'
import { writeReports, type ReportOptions } from '../reports.ts'
import type { Session } from '../session.ts'
import { printDeltas, printFigures, printLines } from './compare-print.ts'

interface Given extends ReportOptions {
  readonly trace: string | undefined
  readonly against: readonly string[]
  readonly 'trace-id': number | undefined
  /** Of each of `against`, in their order. */
  readonly 'against-id': readonly string[]
  readonly json: boolean
}

export async function compareRecorded(session: Session, given: Given): Promise<void> {
  const { trace: first, against } = given
  if (first === undefined) throw new ApiError('bad-request', '--against goes with --trace', 'name the first recording')
  const ids = [given['trace-id'], ...given['against-id'].map((text) => traceId.parse(text))]
  if (ids.length > against.length + 1) {
    throw new ApiError('bad-request', '--against-id is there more often than --against', 'give one per --against')
  }
  const traces = []
  for (const [i, path] of [first, ...against].entries()) {
    const { file, trace } = await session.openTrace(path, ids[i])
    traces.push({ file, trace: trace.id })
  }
  const result = await session.call('whatif.traces', { traces })
  if (await writeReports(session, given, { result, traces })) return
  if (given.json) printJson({ ...result, strategies: result.strategies.map(({ cdf: _cdf, ...one }) => one) })
  else printRecorded(result)
}

function printRecorded(result: TracesResult): void {
  const { strategies, assumptions } = result
  print(
    bold(printable(strategies.map(({ id }) => id).join(', '))) +
      dim(` as recorded, ${plural(strategies[0].runs, 'part')} each`),
  )
  printFigures(result)
  printDeltas(result)
  printLines('Assumed', assumptions)
}
