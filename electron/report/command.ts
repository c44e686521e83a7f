/** The command line that makes a comparison again, from the comparison itself: every parameter is named, defaults too. */

import { basename } from 'node:path'
import type { ReportInput, TraceFacts } from './input.ts'

export function commandOf({ result, traces = [] }: Pick<ReportInput, 'result' | 'traces'>): string {
  const { workload, strategies, seeds, baseline } = result
  if (workload.kind === 'traces') {
    const places = traces.length > 0 ? traces : workload.names.map((file) => ({ file, id: 1, alone: true }))
    const words = places.flatMap(({ file, id, alone }, i) => {
      const [name, which] = i === 0 ? ['--trace', '--trace-id'] : ['--against', '--against-id']
      return [name, file, ...(alone && places.every((one) => one.alone) ? [] : [which, String(id)])]
    })
    return shellLine(['faultline', 'compare', ...words])
  }
  const subject =
    workload.kind === 'trace'
      ? replayed(traces[0], workload.trace)
      : ['--scenario', workload.scenario, '--fs', workload.fs]
  const set = workload.kind === 'trace' ? [] : Object.entries(workload.params)
  return shellLine([
    'faultline',
    'compare',
    ...subject,
    // A strategy of the user's own is known by its file; what follows the mark is its text's digest.
    ...strategies.flatMap(({ id }) => ['--strategy', id.replace(/#[0-9a-f]+/, '')]),
    ...['--baseline', baseline.replace(/#[0-9a-f]+/, ''), '--seeds', String(seeds.length), '--seed', String(seeds[0])],
    ...['--explore', String(schedulesOf(strategies))],
    ...set.flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    ...('curve' in result && result.curve !== null
      ? ['--sweep', `${result.curve.param}=${result.curve.values.join(',')}`]
      : []),
  ])
}

/** What was asked for is shared evenly among the worlds that were searched; 0: nobody searched. */
function schedulesOf(strategies: ReportInput['result']['strategies']): number {
  const { searched } = strategies.find(({ verdict }) => verdict.searched.length > 0)?.verdict ?? { searched: [] }
  return searched.reduce((sum, { bound }) => sum + bound.budget, 0)
}

function replayed(trace: TraceFacts | undefined, name: string): string[] {
  if (trace === undefined) return ['--trace', `${basename(name)}.faultline`.replace(/(\.faultline)+$/, '.faultline')]
  return ['--trace', trace.file, ...(trace.alone ? [] : ['--trace-id', String(trace.id)])]
}

/** Words as one can paste them into a shell. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w./+:@%,=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
}
