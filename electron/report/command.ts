/** The command line that makes a comparison again, from the comparison itself: every parameter is named, defaults too. */

import { basename } from 'node:path'
import type { ReportInput } from './input.ts'

export function commandOf({ result, trace }: Pick<ReportInput, 'result' | 'trace'>): string {
  const { workload, strategies, seeds, baseline } = result
  if (workload.kind === 'traces') {
    const [first = '', ...others] = workload.names
    return shellLine(['faultline', 'compare', '--trace', first, ...others.flatMap((name) => ['--against', name])])
  }
  const subject =
    workload.kind === 'trace'
      ? ['--trace', `${basename(trace?.name ?? workload.trace)}.faultline`.replace(/(\.faultline)+$/, '.faultline')]
      : ['--scenario', workload.scenario, '--fs', workload.fs]
  const set = workload.kind === 'trace' ? [] : Object.entries(workload.params)
  return shellLine([
    'faultline',
    'compare',
    ...subject,
    // A strategy of the user's own is known by its file; what follows the mark is its text's digest.
    ...strategies.flatMap(({ id }) => ['--strategy', id.replace(/#[0-9a-f]+/, '')]),
    ...['--baseline', baseline.replace(/#[0-9a-f]+/, ''), '--seeds', String(seeds.length), '--seed', String(seeds[0])],
    ...set.flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    ...('curve' in result && result.curve !== null
      ? ['--sweep', `${result.curve.param}=${result.curve.values.join(',')}`]
      : []),
  ])
}

/** Words as one can paste them into a shell. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w./+:@%,=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
}
