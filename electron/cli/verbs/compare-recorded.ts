/** `faultline compare --trace A --against B`: recordings side by side as they are, before and after a patch. */

import { ApiError } from '#shared/base/errors.ts'
import type { TracesResult } from '#shared/contract/whatif.ts'
import { findings, mainOp } from '#shared/whatif/words.ts'
import { bold, dim, plural, print, printable, printJson } from '../output.ts'
import { writeReports, type ReportOptions } from '../reports.ts'
import type { Session } from '../session.ts'
import { printDeltas, printLatency, printLocks, printSpeed } from './compare-print.ts'

interface Given extends ReportOptions {
  readonly trace: string | undefined
  readonly against: readonly string[]
  readonly scenario: string | undefined
  readonly strategy: readonly string[]
  readonly out: string | undefined
  readonly json: boolean
}

export async function compareRecorded(session: Session, given: Given): Promise<void> {
  const { trace: first, against, scenario, strategy, out } = given
  if (first === undefined) throw new ApiError('bad-request', '--against goes with --trace', 'name the first recording')
  const extra = [
    ['scenario', scenario !== undefined],
    ['strategy', strategy.length > 0],
    ['out', out !== undefined],
  ].find(([, there]) => there)?.[0]
  if (extra !== undefined) {
    throw new ApiError(
      'bad-request',
      `--${String(extra)} does not go with --against`,
      'recordings are compared as they are',
    )
  }
  const traces = []
  for (const path of [first, ...against]) {
    const { file, trace } = await session.openTrace(path, undefined)
    traces.push({ file, trace: trace.id })
  }
  const result = await session.call('whatif.traces', { traces })
  if (await writeReports(session, given, { result, trace: traces[0] })) return
  if (given.json) printJson({ ...result, strategies: result.strategies.map(({ cdf: _cdf, ...one }) => one) })
  else printRecorded(result)
}

function printRecorded(result: TracesResult): void {
  const { strategies, baseline, assumptions } = result
  print(
    bold(printable(strategies.map(({ id }) => id).join(', '))) +
      dim(` as recorded, ${plural(strategies[0].runs, 'part')} each`),
  )
  print('')
  for (const sentence of findings(result, ' ')) print(printable(sentence))
  print('')
  printSpeed(strategies, baseline)
  print('')
  printLatency(strategies, mainOp(result), baseline)
  printLocks(strategies)
  printDeltas(strategies, baseline)
  print(`\n${bold('Assumed')}`)
  for (const line of assumptions) print(printable(`  ${line}`))
}
