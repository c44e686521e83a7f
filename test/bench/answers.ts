/**
 * How fast a saved 3 M-event trace answers: opening it to the first contention table, then every question warm and in
 * time windows, on the real file.
 */
import { analyses } from '#shared/analysis/index.ts'
import { loadTrace } from '#electron/store/load.ts'
import { openFile, traceIds } from '#electron/store/open.ts'
import { benchAnalyses } from './analysis.ts'
import { printFigures, type Figure } from './measure.ts'

/** Those the pages wait for. */
const HELD_TO = new Set(['contention', 'latency', 'overview'])

export function benchAnswers(path: string): boolean {
  const began = performance.now()
  const db = openFile(path)
  const trace = loadTrace(db, traceIds(db)[0])
  const contention = analyses.get('contention')
  contention.run(trace, contention.params.parse({}))
  const figures: Figure[] = [
    {
      what: 'reopen to first contention table',
      value: performance.now() - began,
      unit: 'ms',
      bound: { kind: 'max', value: 500 },
    },
  ]
  for (const { id, params, coldMs, warmMs, windowMs } of benchAnalyses(trace)) {
    const what = `${id} ${params}`.trim()
    const bounds = HELD_TO.has(id)
    figures.push({
      what: `${what}: warm`,
      value: warmMs,
      unit: 'ms',
      ...(bounds ? { bound: { kind: 'max', value: 100 } as const } : {}),
    })
    figures.push({
      what: `${what}: any window`,
      value: windowMs,
      unit: 'ms',
      ...(bounds ? { bound: { kind: 'max', value: 50 } as const } : {}),
    })
    figures.push({ what: `${what}: cold`, value: coldMs, unit: 'ms' })
  }
  db.close()
  return printFigures(
    `answers (${trace.lockSpan.length} lock spans, ${trace.phase.length} phases, ${trace.op.length} operations)`,
    figures,
  )
}
