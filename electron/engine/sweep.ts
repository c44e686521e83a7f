/**
 * Sweeps: from what was asked for to a list of jobs, and running those that have no result yet in a pool of threads. A
 * job's result is written beside its place and renamed, so a file under a job's name is a whole result: what was stopped
 * goes on where it was, and the same command twice does nothing the second time.
 */

import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { ApiError, toWireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { unknownId } from '#shared/base/registry.ts'
import type { ParsedParams } from '#shared/contract/methods.ts'
import type { SweepFailure, SweepJob, SweepRun } from '#shared/contract/sweep.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { workloadOf } from '#shared/whatif/workload.ts'
import { explain } from '../store/database.ts'
import { Draft } from '../store/draft.ts'
import { loadTrace } from '../store/load.ts'
import { openFile } from '../store/open.ts'
import type { JobContext } from './job-context.ts'
import { eachOnce } from './mistakes.ts'
import { startPool, type ThreadPool } from './pool.ts'
import { seedsFrom } from './seeds.ts'
import { resolveRun, scenarioStrategies } from './sim-run.ts'
import type { SweepSpec } from './sweep-run.ts'
import { madeUnder } from './whatif-baseline.ts'
import '../strategy/find.ts'

type Plan = ParsedParams<'sweep.plan'>
type Settings = Readonly<Record<string, string | number | boolean>>

export interface PlanOptions extends JobContext {
  readonly plan: Plan
  readonly version: string
}

export async function planJob({ plan, version }: PlanOptions): Promise<SweepJob[]> {
  const { subject, seeds, seed } = plan
  const given = plan.strategies.length > 0 ? plan.strategies : ownStrategies(plan)
  const baseline = plan.baseline ?? (subject.kind === 'trace' ? madeUnder(subject) : given[0])
  const strategies = subject.kind === 'trace' && !given.includes(baseline) ? [baseline, ...given] : given
  if (!strategies.includes(baseline)) throw unknownId('baseline', baseline, strategies)
  refuseTwice(strategies, (strategy) => `strategy ${strategy}`)
  if (subject.kind === 'scenario') {
    for (const [name, values] of Object.entries(subject.set)) {
      refuseTwice(values.map(String), (value) => `${name}=${value}`)
    }
  }
  for (const strategy of strategies) parseStrategy(strategy)
  const works = await worksOf(subject, strategies)
  const count = works.length * strategies.length * seeds
  if (count > limits.sweepJobs) {
    throw new ApiError('limit', `this plan has ${count} jobs; ${limits.sweepJobs} are the most`, 'take fewer values')
  }
  const jobs: SweepJob[] = []
  for (const work of works) {
    for (const one of seedsFrom(seed, seeds)) {
      for (const strategy of strategies) {
        const what = { version, work, strategy, baseline, seed: one }
        jobs.push({ job: jobs.length + 1, id: idOf(what), ...what })
      }
    }
  }
  return jobs
}

/** The same run again is no second sample. */
function refuseTwice(words: readonly string[], called: (word: string) => string): void {
  const twice = words.find((word, i) => words.indexOf(word) !== i)
  if (twice !== undefined) throw new ApiError('bad-request', `${called(twice)} is there twice`, 'leave one out')
}

/** Lines as they were planned, each run once: whatever else is in a plan, its table would not be of what it says. */
export function assertPlanned(jobs: readonly SweepJob[]): void {
  const seen = new Map<string, number>()
  for (const job of jobs) {
    if (job.id !== idOf(job)) {
      throw new ApiError('bad-request', `job ${job.job} is not what was planned: its line was changed`, 'plan again')
    }
    const before = seen.get(job.id)
    if (before !== undefined) {
      const what = before === job.job ? `job ${job.job} is there twice` : `job ${job.job} is the run of job ${before}`
      throw new ApiError('bad-request', `${what}, and the same run counts once`, 'leave one of the lines out')
    }
    seen.set(job.id, job.job)
  }
}

/** Of everything that decides the result, in a fixed order. */
function idOf({ version, work, strategy, baseline, seed }: Omit<SweepJob, 'job' | 'id'>): string {
  const text = JSON.stringify([version, sorted(work), strategy, baseline, seed])
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

function sorted(value: object): unknown {
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([name, one]) => [
    name,
    typeof one === 'object' && one !== null ? sorted(one as object) : (one as unknown),
  ])
}

function ownStrategies({ subject }: Plan): readonly string[] {
  if (subject.kind === 'scenario') return scenarioStrategies(subject.scenario)
  throw new ApiError('bad-request', 'no strategy to replay the trace under', 'name one with --strategy')
}

async function worksOf(subject: Plan['subject'], strategies: readonly string[]): Promise<SweepJob['work'][]> {
  if (subject.kind === 'trace') {
    const { path, trace } = subject
    // Whether it is a file of ours, whether the trace is in it, and whether it can be replayed.
    const db = openFile(path)
    try {
      workloadOf(loadTrace(db, trace))
    } finally {
      db.close()
    }
    return [{ kind: 'trace', path, trace, sha256: await fingerprint(path) }]
  }
  const { scenario, fs, slots } = subject
  const works = combinations(subject.set).map((set): SweepJob['work'] & { kind: 'scenario' } => ({
    ...{ kind: 'scenario', scenario, slots, set },
    ...(fs === undefined ? {} : { fs }),
  }))
  // What makes no sense is refused before anything is planned.
  for (const { kind: _, ...work } of works) {
    for (const strategy of strategies) resolveRun({ ...work, strategy, seed: 1 })
  }
  return works
}

/** Every choice of one value per name, the last name changing fastest. */
export function combinations(set: Readonly<Record<string, readonly Settings[string][]>>): Settings[] {
  let all: Settings[] = [{}]
  for (const [name, values] of Object.entries(set)) {
    if (all.length * values.length > limits.sweepJobs) {
      throw new ApiError('limit', `more than ${limits.sweepJobs} combinations of parameters`, 'take fewer values')
    }
    all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })))
  }
  return all
}

async function fingerprint(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
  } catch (error) {
    throw explain(error, path)
  }
  return hash.digest('hex').slice(0, 16)
}

/** `00017-3fa9c1d200ab.faultline` */
export function resultName({ job, id }: Pick<SweepJob, 'job' | 'id'>): string {
  return `${String(job).padStart(5, '0')}-${id}.faultline`
}

export interface SweepOptions extends JobContext {
  readonly jobs: readonly SweepJob[]
  readonly out: string
  readonly retries: number
  readonly workers: number | undefined
  readonly version: string
}

export async function sweepJob(options: SweepOptions): Promise<SweepRun> {
  const { jobs, out, signal, onProgress, version } = options
  const started = performance.now()
  const other = jobs.find((job) => job.version !== version)
  if (other !== undefined) {
    throw new ApiError(
      'bad-request',
      `job ${other.job} was planned with Faultline ${other.version}; this is ${version}, and its runs may differ`,
      'plan again with this version',
    )
  }
  assertPlanned(jobs)
  makeFolder(out)
  await assertTraces(jobs)
  const pending = jobs.filter((job) => !isResult(join(out, resultName(job))))
  const failed: SweepFailure[] = []
  const mistakes: (readonly string[])[] = []
  let done = 0
  const report = () =>
    onProgress({
      stage: 'sweeping',
      done: jobs.length - pending.length + done,
      total: jobs.length,
      unit: 'runs',
      events: null,
      elapsedMs: Math.round(performance.now() - started),
    })
  report()
  if (pending.length > 0) {
    const threads = Math.min(options.workers ?? availableParallelism(), pending.length)
    const pool = startPool({ entry: 'sweep-run', threads })
    const drafts: Draft[] = []
    try {
      await Promise.all(
        pending.map(async (job) => {
          const draft = new Draft(join(out, resultName(job)))
          drafts.push(draft)
          const ended = await runOne(pool, { job, draft }, options)
          if (ended?.failure !== undefined) failed.push(ended.failure)
          if (ended?.mistakes !== undefined) mistakes.push(ended.mistakes)
          done++
          report()
        }),
      )
    } finally {
      await pool.destroy()
      // Its threads had no time to do it themselves.
      for (const draft of drafts) draft.discard()
    }
    if (signal.aborted) throw new ApiError('cancelled', `the sweep was cancelled; ${out} has what was done`)
  }
  return {
    total: jobs.length,
    done: pending.length - failed.length,
    skipped: jobs.length - pending.length,
    failed: failed.sort((a, b) => a.job - b.job),
    mistakes: eachOnce(mistakes),
    wallMs: Math.round(performance.now() - started),
  }
}

/** Neither: it was cancelled. */
interface Ended {
  readonly failure?: SweepFailure
  readonly mistakes?: readonly string[]
}

/** Tries until it works or the tries are used up; why it did not is kept beside its place until it does. */
async function runOne(
  pool: ThreadPool,
  { job, draft }: { readonly job: SweepJob; readonly draft: Draft },
  { retries, signal }: SweepOptions,
): Promise<Ended | undefined> {
  const path = draft.target
  const note = path.replace(/\.faultline$/, '.failed.json')
  const spec: SweepSpec = { job, path, part: draft.path }
  for (let tries = 1; ; tries++) {
    if (signal.aborted) return undefined
    try {
      const mistakes = await pool.run<readonly string[]>(spec, { signal })
      rmSync(note, { force: true })
      return { mistakes }
    } catch (error) {
      if (signal.aborted) return undefined
      const { code, message } = toWireError(error)
      // What makes no sense will not make more sense the second time.
      const hopeless = code === 'bad-request' || code === 'unknown-id'
      if (tries <= retries && !hopeless) continue
      const failure = { job: job.job, what: describeJob(job), why: message, tries }
      writeFileSync(note, `${JSON.stringify({ ...failure, id: job.id })}\n`)
      return { failure }
    }
  }
}

export function describeJob({ work, strategy, seed }: SweepJob): string {
  const subject =
    work.kind === 'trace'
      ? work.path
      : [work.scenario, ...Object.entries(work.set).map(([name, value]) => `${name}=${value}`)].join(' ')
  return `${subject} under ${strategy}, seed ${seed}`
}

function makeFolder(path: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new ApiError('bad-input', `${basename(path)} is not a folder`, 'name a folder for the results')
    }
    mkdirSync(path, { recursive: true })
  } catch (error) {
    throw explain(error, path)
  }
}

/** A trace that changed since it was planned would give results of another question. */
async function assertTraces(jobs: readonly SweepJob[]): Promise<void> {
  const known = new Map<string, string>()
  for (const { job, work } of jobs) {
    if (work.kind !== 'trace') continue
    const found = known.get(work.path) ?? (await fingerprint(work.path))
    known.set(work.path, found)
    if (found === work.sha256) continue
    throw new ApiError('bad-input', `${work.path} is not the trace job ${job} was planned with`, 'plan again')
  }
}

/** Written whole and then renamed: a file of that name is the result. */
export function isResult(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
