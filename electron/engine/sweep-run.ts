/**
 * One job of a sweep, in a thread of the pool: the run with its spans into a file of its own. Raw events are not kept: a
 * sweep is about figures, and a run that is worth a look can be recorded whole by its seed. What the job was and what came
 * out stand in the file as diagnostics, so that a merged file says of each trace what it is.
 */

import { setImmediate } from 'node:timers/promises'
import { basename } from 'node:path'
import { limits } from '#shared/base/limits.ts'
import type { SweepJob, SweepResult } from '#shared/contract/sweep.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import { prepare, runSlices, type RunSpec } from '#shared/sim/run.ts'
import type { RunResult } from '#shared/sim/run-result.ts'
import { pilotOf } from '#shared/whatif/replay.ts'
import type { Pilot } from '#shared/whatif/pace.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import type { Workload } from '#shared/whatif/workload.ts'
import { explain } from '../store/database.ts'
import { Draft } from '../store/draft.ts'
import { NewFile } from '../store/new-file.ts'
import { TraceWriter } from '../store/writer.ts'
import { mistakesIn } from './mistakes.ts'
import { resolveRun } from './sim-run.ts'
import { readWorkload } from './whatif.ts'
import { modelOf } from './whatif-run.ts'

export interface SweepSpec {
  readonly job: SweepJob
  readonly path: string
  /** The path of its draft. */
  readonly part: string
}

export const SWEEP_JOB = 'sweep-job'
export const SWEEP_RESULT = 'sweep-result'

/** Gives the mistakes in its strategy's file, where it is the user's own. */
export default async function run({ job, path, part }: SweepSpec): Promise<readonly string[]> {
  const draft = new Draft(path, part)
  let file: NewFile | undefined
  try {
    // A thread that was stopped before its task was tried again leaves its own.
    draft.discard()
    draft.create()
    file = new NewFile(draft.path)
    const mistakes = await runInto(job, new TraceWriter(file))
    file.finish()
    // Two machines may have run the same job: their results are the same.
    draft.commit({ force: true })
    return mistakes
  } catch (error) {
    throw explain(error, basename(path))
  } finally {
    file?.close()
    draft.discard()
  }
}

async function runInto(job: SweepJob, writer: TraceWriter): Promise<readonly string[]> {
  const { strategy, seed, work } = job
  const builder = new TraceBuilder(writer, nameOf(job), 'simulation')
  builder.keepsEvents = false
  const recorder = new SimRecorder({ builder, phases: PHASES })
  const prepared = prepare(specOf(job), { sink: recorder, timed: true })
  const { k } = prepared.world
  recorder.attach(k)
  const slices = runSlices(prepared, { maxEvents: limits.simEvents })
  for (;;) {
    const slice = slices.next()
    if (slice.done !== true) {
      await setImmediate()
      continue
    }
    const { value } = slice
    builder.diagnose('info', SWEEP_JOB, JSON.stringify(job))
    const result = resultOf(value)
    builder.diagnose('info', SWEEP_RESULT, JSON.stringify(result))
    const scenario = work.kind === 'scenario' ? work.scenario : 'replay'
    const meta = { scenario, strategy: parseStrategy(strategy).label, seed: String(seed) }
    recorder.finish({ ...meta, cpus: prepared.machine.cpus, digest: value.digest }, k)
    return result.mistakes
  }
}

/** What tells it from the others in a merged file. */
function nameOf({ work, strategy, seed }: SweepJob): string {
  const subject = work.kind === 'scenario' ? work.scenario : basename(work.path, '.faultline')
  const set = work.kind === 'scenario' ? Object.entries(work.set).map(([name, value]) => `${name}=${value}`) : []
  return [subject, strategy, `seed ${seed}`, ...set].join(' ')
}

function specOf({ work, strategy, seed, baseline }: SweepJob): RunSpec {
  if (work.kind === 'scenario') {
    const { scenario, slots, fs, set } = work
    return resolveRun({ scenario, slots, fs, set, strategy, seed })
  }
  return modelOf({ ...materialOf(work.path, work.trace, baseline), strategy, seed, demands: 'drawn' })
}

/** Of the last trace: jobs of one plan come to a thread one after the other, mostly of the same trace. */
let last: { readonly key: string; readonly workload: Workload; readonly pilot: Pilot } | undefined

function materialOf(path: string, trace: number, baseline: string) {
  const key = [path, trace, baseline].join('\0')
  if (last?.key !== key) {
    const { workload } = readWorkload({ path, trace })
    last = { key, workload, pilot: pilotOf(workload, parseStrategy(baseline), workload.fs) }
  }
  return last
}

function resultOf(run: RunResult): SweepResult {
  const { opsPerSecond, ops, digest, deadlock, truncated, findings, findingCounts, opStats } = run
  return {
    opsPerSecond,
    ops,
    digest,
    deadlock: deadlock !== undefined,
    tried: opStats.map(({ kind, count, failed }) => ({ op: kind, count, failed })),
    truncated,
    violations: findingCounts,
    mistakes: mistakesIn(findings),
  }
}
