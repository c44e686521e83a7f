/** The report of one trace, or of a part of its time: the analyses' rows on a page that stands alone. */

import { contention } from '#shared/analysis/contention.ts'
import { holdPhases } from '#shared/analysis/hold-phases.ts'
import { latency } from '#shared/analysis/latency.ts'
import { waitChains } from '#shared/analysis/wait-chains.ts'
import { ApiError } from '#shared/base/errors.ts'
import { loadTrace } from '../store/load.ts'
import { traceIds, type Db } from '../store/open.ts'
import type { ExportOptions } from './export-tables.ts'
import type { FileOut } from './file-out.ts'

/** Rows of each table: a page is for reading. */
const ROWS = 200
const CHAINS = 25

/** Returns how many rows its tables have. */
export async function writeHtml(db: Db, { trace: asked, fromNs, toNs }: ExportOptions, file: FileOut): Promise<number> {
  const id = asked ?? traceIds(db).at(0)
  if (id === undefined) throw new ApiError('not-found', 'there is no trace in this file')
  const trace = loadTrace(db, id)
  const scope = { ...(fromNs === undefined ? {} : { fromNs }), ...(toNs === undefined ? {} : { toNs }) }
  const { traceReport } = await import('../report/trace-report.ts')
  const { chains, total } = waitChains.run(trace, waitChains.params.parse({ scope, worst: CHAINS }))
  const figures = {
    contention: contention.run(trace, contention.params.parse({ scope, top: ROWS })),
    holdPhases: holdPhases.run(trace, holdPhases.params.parse({ scope, top: ROWS })),
    latency: latency.run(trace, latency.params.parse({ scope, top: ROWS })),
    chains: { rows: chains, total },
  }
  const window = { fromNs: fromNs ?? 0, toNs: toNs ?? trace.meta.durationNs }
  file.write(Buffer.from(traceReport({ trace, window, ...figures })))
  return Object.values(figures).reduce((sum, { rows }) => sum + rows.length, 0)
}
