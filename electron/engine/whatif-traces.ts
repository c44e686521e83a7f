/** The job that lays recordings side by side. Nothing is replayed or written. */

import type { TracesResult } from '#shared/contract/whatif.ts'
import { RECORDED_ASSUMPTIONS, recordedSideBySide, type Recorded } from '#shared/whatif/recorded.ts'
import { noTime } from '#shared/whatif/workload.ts'
import type { Db } from '../store/database.ts'
import { loadTrace } from '../store/load.ts'
import { openFile } from '../store/open.ts'
import type { JobContext } from './job-context.ts'

export interface TracesOptions extends JobContext {
  /** `name`: the file's. */
  readonly traces: readonly { readonly path: string; readonly trace: number; readonly name: string }[]
}

export async function tracesJob({ traces, onProgress }: TracesOptions): Promise<TracesResult> {
  const started = performance.now()
  // Columns are read when they are first looked at, so the files stay open until all is computed.
  const open: Db[] = []
  try {
    const recordings = traces.map(({ path, trace, name }, i) => {
      const elapsedMs = Math.round(performance.now() - started)
      onProgress({ stage: 'reading traces', done: i, total: traces.length, unit: 'runs', events: null, elapsedMs })
      const db = openFile(path)
      open.push(db)
      return { name, trace: loadTrace(db, trace) }
    })
    const named = toldApart(recordings)
    for (const one of named) checkTime(one)
    const strategies = recordedSideBySide(named)
    return await Promise.resolve({
      workload: { kind: 'traces', names: named.map(({ name }) => name) },
      baseline: named[0].name,
      seeds: [],
      strategies,
      assumptions: RECORDED_ASSUMPTIONS,
      wallMs: Math.round(performance.now() - started),
    })
  } finally {
    for (const db of open) db.close()
  }
}

function checkTime({ name, trace: { meta } }: Recorded): void {
  if (meta.clockUnit === 'ns') return
  const instead =
    'record it again with trace-cmd record -C mono; faultline contention and faultline latency answer in ticks'
  throw noTime({ name, clock: meta.clock, cannot: 'be laid beside others', instead })
}

/** Traces of one file go by their own names; what is still alike, by its place in the list. */
function toldApart(recordings: readonly Recorded[]): readonly Recorded[] {
  const oneFile = recordings.every(({ name }) => name === recordings[0].name)
  const alike = (list: readonly Recorded[], name: string) => list.filter((one) => one.name === name).length > 1
  const withNames = recordings.map(({ name, trace }) => ({
    trace,
    name: oneFile ? trace.meta.name : alike(recordings, name) ? `${name}: ${trace.meta.name}` : name,
  }))
  return withNames.map(({ name, trace }, i) => ({ trace, name: alike(withNames, name) ? `${name} (${i + 1})` : name }))
}
