/** `faultline backtest`: predicts trace B from trace A under B's strategy and prints the error per percentile. */

import { json, text, whole } from '../options.ts'
import { ApiError } from '#shared/base/errors.ts'
import { bold, columnsOf, dim, plural, print, printable, printJson, printTable } from '../output.ts'
import { percent, printFidelity } from './compare-trace.ts'
import { verb } from './verb.ts'

export const backtest = verb({
  id: 'backtest',
  about: 'predict one recorded trace from another and say how far off the prediction is',
  args: [],
  options: {
    from: text('A.faultline', 'the trace to predict from'),
    to: text('B.faultline', 'the same workload under the other lock'),
    strategy: text('S', "B's strategy (default: K,guardMode=exclusive)"),
    baseline: text('S', "A's strategy (default: K, today's kernels)"),
    seeds: whole({ value: 'N', min: 1, max: 100, fallback: 8, about: 'replays per strategy, all with the same seeds' }),
    json,
  },
  async run(session, _, { from, to, strategy, baseline, seeds, json: asJson }) {
    if (from === undefined || to === undefined) {
      const flag = from === undefined ? '--from' : '--to'
      throw new ApiError('bad-request', `${flag} is missing`, 'faultline backtest --from A.faultline --to B.faultline')
    }
    const a = await session.openTrace(from, undefined)
    const b = await session.openTrace(to, undefined)
    const result = await session.call('whatif.backtest', {
      from: { file: a.file, trace: a.trace.id },
      to: { file: b.file, trace: b.trace.id },
      strategy: strategy ?? 'K,guardMode=exclusive',
      seeds,
      ...(baseline === undefined ? {} : { baseline }),
    })
    if (asJson) {
      printJson(result)
      return 0
    }
    const { rows } = result
    print(bold(`${printable(result.to)} predicted from ${printable(result.from)}`) + dim(`, ${plural(seeds, 'seed')}`))
    const { name, time } = columnsOf(rows)
    printTable([
      name('op', (row) => row.op),
      name('figure', (row) => row.percentile),
      time('A', (row) => row.beforeNs),
      time('B predicted', (row) => row.predictedNs),
      time('B recorded', (row) => row.actualNs),
      { ...name('error', (row) => percent(row.error)), right: true },
      { ...name('ratio predicted', (row) => row.predictedRatio.toFixed(2)), right: true },
      name('95 %', ({ predictedCi95: ci }) => (ci === null ? '' : `${ci[0].toFixed(2)} – ${ci[1].toFixed(2)}`)),
      { ...name('ratio recorded', (row) => row.actualRatio.toFixed(2)), right: true },
    ])
    printFidelity(result.fidelity, result.baseline)
    return 0
  },
})
