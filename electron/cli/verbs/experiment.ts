/** What `sensitivity` and `scaling` have in common: a scenario or a recorded trace as their subject. */

import { ApiError } from '#shared/base/errors.ts'
import type { MethodParams } from '#shared/contract/methods.ts'
import { text, traceId, whole } from '../options.ts'
import { print, printable } from '../output.ts'
import type { Session } from '../session.ts'
import { workloadOf, workloadOptions } from './simulate.ts'

export const experimentOptions = {
  ...workloadOptions,
  trace: text('F', 'a recorded trace (.faultline) instead of a scenario'),
  'trace-id': traceId,
  baseline: text('S', 'with --trace: the strategy it was made under (default: what it says; recorded: K, today)'),
} as const

/** Of a strategy's own file, with their lines. */
export function printMistakes({ mistakes }: { readonly mistakes: readonly string[] }): void {
  for (const mistake of mistakes) print(printable(`Mistake in the strategy (S1): ${mistake}`))
}

export const seedsOption = (fallback: number) =>
  whole({ value: 'N', min: 1, max: 100, fallback, about: 'runs of each case, all with the same seeds' })

export function noSubject(): ApiError {
  const why = 'neither --scenario nor --trace is there'
  return new ApiError('bad-request', why, '`faultline list scenarios` names scenarios')
}

interface Given {
  readonly scenario: string | undefined
  readonly trace: string | undefined
  readonly 'trace-id': number | undefined
  readonly baseline: string | undefined
  readonly slot: readonly string[]
  readonly fs: string | undefined
  readonly set: readonly string[]
}

type Subject = MethodParams<'whatif.sensitivity'>['subject']

export async function subjectOf(session: Session, given: Given): Promise<Subject> {
  const { trace: path, baseline } = given
  if (path === undefined) {
    const extra = baseline === undefined ? (given['trace-id'] === undefined ? undefined : 'trace-id') : 'baseline'
    if (extra !== undefined) throw new ApiError('bad-request', `--${extra} goes with --trace`, 'leave it out')
    if (given.scenario === undefined) throw noSubject()
    return { kind: 'scenario', ...workloadOf(given) }
  }
  const { scenario, fs, slot, set } = given
  const extra = [
    ['scenario', scenario !== undefined],
    ['fs', fs !== undefined],
    ['slot', slot.length > 0],
    ['set', set.length > 0],
  ].find(([, there]) => there)
  if (extra !== undefined) {
    throw new ApiError(
      'bad-request',
      `--${String(extra[0])} does not go with --trace`,
      'give overrides with the strategy',
    )
  }
  const { file, trace } = await session.openTrace(path, given['trace-id'])
  return { kind: 'trace', file, trace: trace.id, ...(baseline === undefined ? {} : { baseline }) }
}
