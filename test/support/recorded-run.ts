/** A run of SC1 on the model as a trace, for what is asked of recordings. */
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { Trace } from '#shared/model/trace.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import { prepare, runSlices } from '#shared/sim/run.ts'
import type { RunResult } from '#shared/sim/run-result.ts'

interface Recorded {
  readonly strategy: string
  readonly params: Record<string, unknown>
  readonly seed: number
}

export function recordedRun({ strategy, params, seed }: Recorded): { trace: Trace; result: RunResult } {
  const collector = new TraceCollector()
  const recorder = new SimRecorder({ builder: new TraceBuilder(collector, 'SC1', 'simulation'), phases: PHASES })
  const prepared = prepare({ scenario: 'SC1', params, strategy, seed, checks: false }, { sink: recorder, timed: true })
  recorder.attach(prepared.world.k)
  for (const slices = runSlices(prepared); ;) {
    const { done, value } = slices.next()
    if (done !== true) continue
    const meta = { scenario: 'SC1', strategy, seed: String(seed), cpus: prepared.machine.cpus, digest: value.digest }
    recorder.finish(meta, prepared.world.k)
    return { trace: collector.trace(), result: value }
  }
}
