/**
 * `faultline sweep plan | run | merge`: many independent runs. A plan is a text of one job per line; any job may run
 * anywhere (`run --job N` is one job, one result file), so that a batch engine can take the plan instead of the pool of
 * threads here. docs/sweeps.md shows it with GNU parallel.
 */

import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { nearest } from '#shared/base/registry.ts'
import { sweepJobSchema, type SweepJob, type SweepMerge, type SweepRow } from '#shared/contract/sweep.ts'
import { namesFile } from '#shared/sim/strategies/own.ts'
import { incomparable, rateText, ratioInterval, ratioText, spreadText, undecidedText } from '#shared/whatif/words.ts'
import { flag, force, json, many, pairs, refuse, target, text, whole } from '../options.ts'
import { columnsOf, duration, note, plural, print, printable, printJson, printTable } from '../output.ts'
import { assertReadableFile, naming, quoted, type Session } from '../session.ts'
import { printMistakes } from './experiment.ts'
import { verb } from './verb.ts'

const ACTIONS = ['plan', 'run', 'merge'] as const

export const sweep = verb({
  id: 'sweep',
  about: 'many runs: plan them as independent jobs, run those that are not done, merge the results into one file',
  args: [
    {
      name: '<ACTION>',
      about: 'plan: print jobs, one per line; run JOBS --out DIR; merge JOBS DIR --out F.faultline',
      known: ['plan', 'run', 'merge'],
    },
    { name: '[JOBS]', about: 'run, merge: the plan' },
    { name: '[DIR]', about: 'merge: the folder with the results' },
  ],
  options: {
    scenario: text('ID', 'plan: which scenario'),
    trace: text('F.faultline', 'plan: a recorded trace to replay, instead of a scenario'),
    strategy: many(
      'S',
      "plan: a strategy, with overrides where wanted (default: the scenario's own); run: a strategy file of the plan that may run",
    ),
    baseline: text(
      'S',
      'plan: what the others are measured against (default: the first; of a trace, what it was made under)',
    ),
    slot: many('NAME=OPTION', 'plan: replace a slot or switch of every strategy'),
    fs: text('ID', 'plan: ext2, ext4 or xfs'),
    set: many('PARAM=V,V…', 'plan: values of a parameter or cost; several give every combination'),
    seeds: whole({ value: 'N', min: 1, max: 10_000, fallback: 8, about: 'plan: runs of each' }),
    seed: whole({ value: 'N', min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 1, about: 'plan: the first seed' }),
    job: whole({ value: 'N', min: 1, max: 1e9, fallback: undefined, about: 'run: this job (line of the plan) only' }),
    workers: whole({ value: 'N', min: 1, max: 256, fallback: undefined, about: 'run: threads (default: one per CPU)' }),
    retries: whole({ value: 'N', min: 0, max: 10, fallback: 1, about: 'run: how often a failed job is tried again' }),
    out: target('PATH', 'run: folder of the results; merge: the file'),
    partial: flag('merge: what is there although results are missing'),
    force,
    json,
  },
  async run(session, [action, jobs, folder], options, given) {
    refuseIdle(action, given)
    if (action === 'plan') await plan(session, options)
    else if (action === 'run') await run(session, jobs, options)
    else if (action === 'merge') await merge(session, { jobs, folder }, options)
    else {
      const near = nearest(action, ACTIONS)
      const hint = near.length === 0 ? `one of ${ACTIONS.join(', ')}` : `did you mean ${near.join(' or ')}?`
      throw new ApiError('bad-request', `'${action}' is nothing to do with a sweep`, hint)
    }
    return 0
  },
})

/** Options by the actions they are of; `--json` of a plan is what a plan is anyway. */
const OF: Readonly<Record<(typeof ACTIONS)[number], readonly string[]>> = {
  plan: ['scenario', 'trace', 'strategy', 'baseline', 'slot', 'fs', 'set', 'seeds', 'seed', 'json'],
  run: ['job', 'workers', 'retries', 'strategy', 'out', 'json'],
  merge: ['out', 'partial', 'force', 'json'],
}

function refuseIdle(action: string, given: ReadonlySet<string>): void {
  const of = (name: string) => ACTIONS.filter((one) => OF[one].includes(name))
  for (const name of given) {
    const actions = of(name)
    if (!ACTIONS.some((one) => one === action) || actions.some((one) => one === action)) continue
    const whose = actions.map((one) => `sweep ${one}`).join(' and ')
    refuse(given, [name], `is of ${whose}, not of sweep ${action}`)
  }
}

const TOGETHER = 'all its values go together: --set PARAM=V,V…'

interface PlanOptions {
  readonly scenario: string | undefined
  readonly trace: string | undefined
  readonly strategy: readonly string[]
  readonly baseline: string | undefined
  readonly slot: readonly string[]
  readonly fs: string | undefined
  readonly set: readonly string[]
  readonly seeds: number
  readonly seed: number
}

async function plan(session: Session, options: PlanOptions): Promise<void> {
  const { scenario, trace, strategy, baseline, seeds, seed, fs } = options
  if ((scenario === undefined) === (trace === undefined)) {
    throw new ApiError('bad-request', 'give either --scenario or --trace', '`faultline list scenarios` names them')
  }
  if (trace !== undefined && (options.set.length > 0 || options.slot.length > 0 || fs !== undefined)) {
    throw new ApiError('bad-request', '--set, --slot and --fs do not go with --trace', 'overrides go with the strategy')
  }
  const files = await ownFiles(session, [...strategy, ...(baseline === undefined ? [] : [baseline])])
  const word = (given: string) => files.get(given)?.word ?? given
  const planned = await session.call('sweep.plan', {
    subject:
      trace !== undefined
        ? { kind: 'trace', path: resolve(trace) }
        : {
            kind: 'scenario',
            scenario: scenario ?? '',
            slots: pairs(options.slot, '--slot'),
            set: Object.fromEntries(
              Object.entries(pairs(options.set, '--set', TOGETHER)).map(([k, v]) => [k, v.split(',')]),
            ),
            ...(fs === undefined ? {} : { fs }),
          },
    strategies: strategy.map(word),
    ...(baseline === undefined ? {} : { baseline: word(baseline) }),
    seeds,
    seed,
  })
  for (const job of planned) {
    // A replay runs its baseline too: what the machine's steps cost is measured under it.
    const needed = job.work.kind === 'trace' ? [job.strategy, job.baseline] : [job.strategy]
    const own = [...new Set(needed.map((one) => one.split(',')[0]))].flatMap((id) => {
      const path = [...files.values()].find((file) => file.id === id)?.path
      return path === undefined ? [] : [{ path, id }]
    })
    print(JSON.stringify(own.length === 0 ? job : { ...job, own }))
  }
  const allowed = [...new Set([...files.values()].map(({ path }) => ` --strategy ${quoted(path)}`))].join('')
  note(`${plural(planned.length, 'job')}; next: faultline sweep run JOBS --out DIR${allowed}`)
}

interface OwnFile {
  readonly path: string
  /** `mine.ts#1a2b3c4d` */
  readonly id: string
  /** With the overrides that were given: what the engine takes. */
  readonly word: string
}

/** Strategies given as files, by how they were given. Whoever types a file's name has agreed to run it. */
async function ownFiles(session: Session, words: readonly string[]): Promise<ReadonlyMap<string, OwnFile>> {
  const files = new Map<string, OwnFile>()
  for (const given of words) {
    if (!namesFile(given)) continue
    const [file, ...overrides] = given.split(',')
    const path = resolve(file.trim())
    const { id } = await session.call('strategy.load', { source: { kind: 'path', path }, agreed: true })
    files.set(given, { path, id, word: [id, ...overrides].join(',') })
  }
  return files
}

async function readJobs(path: string | undefined): Promise<SweepJob[]> {
  if (path === undefined) {
    throw new ApiError('bad-request', 'the plan is missing', '`faultline sweep plan … > jobs.ndjson` makes one')
  }
  await assertReadableFile(path)
  const lines = (await readFile(path, 'utf8')).split('\n')
  const jobs = lines.flatMap((line, i) => {
    if (line.trim() === '') return []
    const parsed = sweepJobSchema.safeParse(jsonOf(line))
    if (parsed.success) return [parsed.data]
    throw new ApiError('bad-input', `${path}: line ${i + 1} is no job of a sweep`, 'plan again')
  })
  if (jobs.length === 0) throw new ApiError('bad-input', `${path}: there is no job in it`, 'plan again')
  return jobs
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // Told with its line's number, like every line that is no job.
    return undefined
  }
}

interface RunOptions {
  readonly job: number | undefined
  readonly workers: number | undefined
  readonly retries: number
  readonly out: string | undefined
  readonly strategy: readonly string[]
  readonly json: boolean
}

async function run(session: Session, path: string | undefined, options: RunOptions): Promise<void> {
  const { job, workers, retries, out } = options
  const all = await readJobs(path)
  if (out === undefined) throw new ApiError('bad-request', '--out is missing', 'name a folder for the results')
  const jobs = job === undefined ? all : all.filter((one) => one.job === job)
  if (jobs.length === 0) {
    throw new ApiError('bad-request', `there is no job ${String(job)}`, `the plan has jobs 1 to ${all.length}`)
  }
  await loadOwn(session, jobs, options.strategy)
  const found = await session
    .call('sweep.run', { jobs, out: resolve(out), retries, ...(workers === undefined ? {} : { workers }) })
    .catch(naming(out))
  if (options.json) printJson(found)
  else {
    const { total, done, skipped, wallMs } = found
    const before = skipped === 0 ? '' : `, ${plural(skipped, 'result')} there already`
    printMistakes(found)
    print(`${done} of ${plural(total, 'job')} run in ${duration(wallMs * 1e6)}${before}`)
  }
  const [first] = found.failed
  if (first === undefined) return
  for (const { job: number, what, why, tries } of found.failed) {
    note(printable(`job ${number} failed ${tries === 1 ? 'once' : `${tries} times`}: ${what}: ${why}`))
  }
  throw new ApiError(
    'bad-input',
    `${plural(found.failed.length, 'job')} of ${found.total} failed, the first is job ${first.job}: ${first.why}`,
    'the same command again tries those that failed',
  )
}

/**
 * A plan may come from somewhere else, and a strategy file is a program: it runs when it is named again. One that changed
 * since it was planned is another strategy.
 */
async function loadOwn(session: Session, jobs: readonly SweepJob[], given: readonly string[]): Promise<void> {
  const word = given.find((one) => !namesFile(one))
  if (word !== undefined) {
    throw new ApiError('bad-request', `--strategy: ${word} is no file`, 'the plan says which strategies run')
  }
  const planned = new Map(jobs.flatMap(({ own = [] }) => own.map(({ id, path }) => [id, path] as const)))
  const allowed = [...(await ownFiles(session, given)).values()]
  for (const [id, path] of planned) {
    if (allowed.some((file) => file.id === id)) continue
    const changed = allowed.find((file) => basename(file.path) === basename(path))
    if (changed !== undefined) {
      throw new ApiError('bad-input', `${changed.path} is not the strategy this sweep was planned with`, 'plan again')
    }
    throw new ApiError(
      'permission',
      `this sweep runs the strategy file ${path}, which is a program`,
      `read it, and if you trust it add --strategy ${quoted(path)}`,
    )
  }
}

async function merge(
  session: Session,
  { jobs: path, folder }: { readonly jobs: string | undefined; readonly folder: string | undefined },
  {
    out,
    partial,
    force: replace,
    json: asJson,
  }: { readonly out: string | undefined; readonly partial: boolean; readonly force: boolean; readonly json: boolean },
): Promise<void> {
  const jobs = await readJobs(path)
  if (folder === undefined || out === undefined) {
    throw new ApiError(
      'bad-request',
      'merging needs a folder and --out',
      'faultline sweep merge JOBS DIR --out F.faultline',
    )
  }
  const merged = await session
    .call('sweep.merge', { jobs, from: resolve(folder), out: resolve(out), partial, force: replace })
    .catch(naming(out, folder))
  if (asJson) {
    printJson(merged)
    return
  }
  printMerged(merged, out)
}

function againstText(row: SweepRow): string {
  if (row.baseline) return 'baseline'
  const why = incomparable(row)
  if (why !== '' || row.ratio === null) return why || '–'
  return row.enough ? ratioText(row.ratio) : undecidedText({ ci95: row.ratioCi95 })
}

function printMerged({ traces, missing, rows, wallMs }: SweepMerge, out: string): void {
  printMistakes({ mistakes: [...new Set(rows.flatMap(({ mistakes }) => mistakes))] })
  const params = [...new Set(rows.flatMap(({ set }) => Object.keys(set)))]
  const { name, count } = columnsOf(rows)
  printTable([
    name('subject', (row) => row.subject),
    ...params.map((param) => ({
      ...name(param, (row: (typeof rows)[number]) => String(row.set[param] ?? '')),
      right: true,
    })),
    name('strategy', (row) => row.strategy),
    count('runs', (row) => row.runs),
    { ...name('operations', (row) => rateText(row.opsPerSecond, ' ')), right: true },
    { ...name('95 %', (row) => spreadText(row.opsPerSecond, row.ci95)), right: true },
    {
      ...name('against baseline', againstText),
      right: true,
    },
    {
      ...name('95 % interval', (row) =>
        row.ratio === null || incomparable(row) !== '' ? '' : ratioInterval(row.ratioCi95),
      ),
      right: true,
    },
    ...(rows.some(({ deadlocks }) => deadlocks > 0)
      ? [count('deadlocks', (row: (typeof rows)[number]) => row.deadlocks)]
      : []),
    ...(rows.some(({ failed }) => failed > 0) ? [count('failed', (row: (typeof rows)[number]) => row.failed)] : []),
    ...(rows.some(({ violations }) => violations > 0)
      ? [count('violations', (row: (typeof rows)[number]) => row.violations)]
      : []),
  ])
  print(printable(`${out}: ${plural(traces, 'trace')} in ${duration(wallMs * 1e6)}`))
  if (missing.length > 0) note(`without a result: jobs ${missing.join(', ')}`)
  note(`next: faultline info ${quoted(out)}`)
}
