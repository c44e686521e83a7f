/**
 * The job that makes one file of a sweep's results: every run a trace of its own, in the plan's order, and a table of
 * throughput by parameters and strategy. It merges what the plan names and nothing else that lies in the folder.
 */

import { basename, join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import type { MostlyFailed } from '#shared/contract/simulation.ts'
import {
  sweepJobSchema,
  sweepResultSchema,
  type SweepJob,
  type SweepMerge,
  type SweepResult,
  type SweepRow,
} from '#shared/contract/sweep.ts'
import { mostlyFailed, paired, wholePairs } from '#shared/whatif/side-by-side.ts'
import { compare, estimate, type Comparison } from '#shared/whatif/statistics.ts'
import { copyTrace } from '../store/cut.ts'
import { explain } from '../store/database.ts'
import { Draft, refuseExisting, refuseSource } from '../store/draft.ts'
import { NewFile } from '../store/new-file.ts'
import { openFile, type Db } from '../store/open.ts'
import { TraceWriter } from '../store/writer.ts'
import type { JobContext } from './job-context.ts'
import { eachOnce } from './mistakes.ts'
import { assertPlanned, describeJob, isResult, resultName } from './sweep.ts'
import { SWEEP_JOB, SWEEP_RESULT } from './sweep-run.ts'

export interface MergeOptions extends JobContext {
  readonly jobs: readonly SweepJob[]
  readonly from: string
  readonly out: string
  readonly force: boolean
  readonly partial: boolean
}

interface Done {
  readonly job: SweepJob
  readonly result: SweepResult
}

export async function mergeJob(options: MergeOptions): Promise<SweepMerge> {
  const { jobs, from, out, force, partial } = options
  const started = performance.now()
  if (!force) refuseExisting(out)
  assertPlanned(jobs)
  refuseSource(
    out,
    jobs.map((job) => join(from, resultName(job))),
  )
  const missing = jobs.filter((job) => !isResult(join(from, resultName(job))))
  const there = jobs.filter((job) => !missing.includes(job))
  if (there.length === 0 || (missing.length > 0 && !partial)) {
    const [first] = missing
    throw new ApiError(
      'not-found',
      `${missing.length} of ${jobs.length} jobs have no result in ${basename(from)}, the first is job ${first.job} (${describeJob(first)})`,
      there.length === 0 ? 'run the sweep first' : 'run the sweep again, or merge what is there with --partial',
    )
  }
  const draft = new Draft(out)
  let file: NewFile | undefined
  try {
    draft.create()
    file = new NewFile(draft.path)
    const done = await copyAll(there, file, options, started)
    file.finish()
    draft.commit({ force })
    return {
      file: out,
      traces: done.length,
      missing: missing.map(({ job }) => job),
      rows: rowsOf(done),
      wallMs: Math.round(performance.now() - started),
    }
  } catch (error) {
    throw explain(error, basename(out))
  } finally {
    file?.close()
    draft.discard()
  }
}

async function copyAll(
  jobs: readonly SweepJob[],
  file: NewFile,
  { from, signal, onProgress }: MergeOptions,
  started: number,
): Promise<Done[]> {
  const done: Done[] = []
  let rows = 0
  for (const job of jobs) {
    if (signal.aborted) throw new ApiError('cancelled', 'the merge was cancelled')
    const db = openFile(join(from, resultName(job)))
    try {
      done.push({ job, result: resultOf(db, job) })
      for (const copied of copyTrace(db, 1, new TraceWriter(file))) rows += copied
    } finally {
      db.close()
    }
    onProgress({
      stage: 'merging',
      done: done.length,
      total: jobs.length,
      unit: 'runs',
      events: rows,
      elapsedMs: Math.round(performance.now() - started),
    })
    await Promise.resolve()
  }
  return done
}

/** A file under a job's name that some other job made is no result of it. */
function resultOf(db: Db, job: SweepJob): SweepResult {
  const notes = db.prepare('SELECT code, message FROM diagnostic WHERE trace_id = 1 AND code IN (?, ?)')
  const found = new Map(
    (notes.all(SWEEP_JOB, SWEEP_RESULT) as { code: string; message: string }[]).map((row) => [row.code, row.message]),
  )
  const made = sweepJobSchema.safeParse(jsonOf(found.get(SWEEP_JOB)))
  const result = sweepResultSchema.safeParse(jsonOf(found.get(SWEEP_RESULT)))
  if (made.data?.id === job.id && result.data !== undefined) return result.data
  throw new ApiError('bad-input', `${resultName(job)} is not the result of job ${job.job}`, 'delete it and run again')
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return undefined
  }
}

/** One row per subject, parameters and strategy, in the plan's order; runs are paired by seed. */
export function rowsOf(done: readonly Done[]): SweepRow[] {
  const groups = Map.groupBy(done, ({ job }) => JSON.stringify([job.work, job.strategy]))
  return [...groups.values()].map((group): SweepRow => {
    const [{ job }] = group
    const base = groups.get(JSON.stringify([job.work, job.baseline])) ?? []
    const isBaseline = job.strategy === job.baseline
    const failing = mostlyFailed(triedIn(group), triedIn(base))
    const against = isBaseline || failing !== null ? undefined : againstBaseline(group, base)
    const { mean, ci95 } = estimate(group.map(({ result }) => result.opsPerSecond))
    return {
      subject: job.work.kind === 'trace' ? basename(job.work.path) : job.work.scenario,
      set: job.work.kind === 'trace' ? {} : job.work.set,
      strategy: job.strategy,
      baseline: isBaseline,
      runs: group.length,
      opsPerSecond: mean,
      ci95: ci95 ?? null,
      ratio: against === undefined || Number.isNaN(against.ratio) ? null : against.ratio,
      ratioCi95: against?.ci95 ?? null,
      enough: against?.enough ?? false,
      deadlocks: group.filter(({ result }) => result.deadlock).length,
      failed: triedIn(group).reduce((sum, { failed }) => sum + failed, 0),
      mostlyFailed: failing,
      violations: group.reduce(
        (sum, { result }) => sum + Object.values(result.violations).reduce((a, b) => a + b, 0),
        0,
      ),
      mistakes: eachOnce(group.map(({ result }) => result.mistakes)),
    }
  })
}

function triedIn(group: readonly Done[]): Omit<MostlyFailed, 'in'>[] {
  return group.flatMap(({ result }) => result.tried ?? [])
}

/** As a comparison does it: of pairs of one seed that both came to their end. */
function againstBaseline(group: readonly Done[], base: readonly Done[]): Comparison | undefined {
  const rates = (list: readonly Done[]) =>
    list.map(({ job, result: { opsPerSecond, deadlock } }) => ({ seed: job.seed, deadlocked: deadlock, opsPerSecond }))
  const [runs, theirs] = wholePairs(...paired(rates(group), rates(base)))
  if (runs.length === 0) return undefined
  return compare(
    runs.map(({ opsPerSecond }) => opsPerSecond),
    theirs.map(({ opsPerSecond }) => opsPerSecond),
  )
}
