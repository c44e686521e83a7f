/** Sweeps over the command line: planned, run in pieces, killed, failed, changed, merged, and with GNU parallel. */
import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { SweepJob, SweepMerge, SweepRun } from '#shared/contract/sweep.ts'
import { combinations } from '#electron/engine/sweep.ts'
import { connect } from '#electron/store/database.ts'
import { repoRoot } from '../support/corpus.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-sweep-'))
afterAll(() => rmSync(folder, { recursive: true }))
const env = { ...process.env, FAULTLINE_HOME: join(folder, 'home') }
const CLI = join(repoRoot, 'bin', 'faultline.mjs')

interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
}

function faultline(...args: readonly string[]): Ran {
  try {
    const out = execFileSync(process.execPath, [CLI, ...args], { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' })
    return { status: 0, out, err: '' }
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string }
    return { status, out: stdout, err: stderr }
  }
}
const json = <T>(ran: Ran): T => JSON.parse(ran.out) as T

/** Two strategies, two sizes, two seeds: eight small jobs. */
function plan(name: string): { path: string; jobs: SweepJob[] } {
  const args = [
    '--scenario',
    'SC1',
    '--strategy',
    'E',
    '--strategy',
    'F',
    '--set',
    'threads=1,2',
    '--set',
    'durationMs=2',
  ]
  const { out, status } = faultline('sweep', 'plan', ...args, '--seeds', '2')
  expect(status).toBe(0)
  const path = join(folder, name)
  writeFileSync(path, out)
  return {
    path,
    jobs: out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as SweepJob),
  }
}
const results = (out: string) =>
  readdirSync(join(folder, out))
    .filter((name) => name.endsWith('.faultline'))
    .sort()
const bytes = (out: string) => results(out).map((name) => readFileSync(join(folder, out, name)).toString('base64'))

describe('a plan', () => {
  it('has a line per combination, strategy and seed, each with an id of its own', () => {
    const { jobs } = plan('a.ndjson')
    expect(jobs.map(({ job }) => job)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(8)
    expect(jobs[4]).toMatchObject({
      strategy: 'E',
      baseline: 'E',
      seed: 1,
      work: { set: { threads: '2', durationMs: '2' } },
    })
  })

  it('is the same text every time', () => {
    expect(plan('b.ndjson').jobs).toEqual(plan('c.ndjson').jobs)
  })

  it('takes every combination, the last name changing fastest', () => {
    expect(combinations({ a: [1, 2], b: ['x', 'y'] })).toEqual([
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ])
  })

  it('refuses an unknown parameter, a wrong value and too many jobs before anything runs', () => {
    const base = ['sweep', 'plan', '--scenario', 'SC1', '--strategy', 'E']
    expect(faultline(...base, '--set', 'thraeds=1')).toMatchObject({
      status: 2,
      err: expect.stringContaining('threads'),
    })
    expect(faultline(...base, '--set', 'threads=0')).toMatchObject({
      status: 2,
      err: expect.stringContaining('threads=0'),
    })
    expect(faultline(...base, '--set', 'threads=1,2,3,4', '--seeds', '10000', '--set', 'commitMs=1,2,3')).toMatchObject(
      {
        status: 1,
        err: expect.stringContaining('120000 jobs'),
      },
    )
  })
})

describe('the same run twice', () => {
  it('is refused where it is planned, run and merged: it is no second sample', () => {
    const base = ['sweep', 'plan', '--scenario', 'SC1', '--strategy', 'E']
    const said = (err: string) => ({ status: 2, out: '', err: expect.stringContaining(err) as string })
    expect(faultline(...base, '--strategy', 'E')).toMatchObject(said('strategy E is there twice'))
    expect(faultline(...base, '--set', 'threads=2,1,2')).toMatchObject(said('threads=2 is there twice'))
    expect(faultline(...base, '--set', 'threads=2', '--set', 'threads=4')).toMatchObject(
      said('--set threads is there twice; all its values go together: --set PARAM=V,V…'),
    )
    expect(faultline(...base, '--slot', 'tx=tx-in-getblock', '--slot', 'tx=tx-before-locks')).toMatchObject(
      said('--slot tx is there twice'),
    )
    const { jobs } = plan('twice.ndjson')
    const path = join(folder, 'twice.ndjson')
    const twice = (second: SweepJob) =>
      writeFileSync(path, [jobs[0], second].map((job) => JSON.stringify(job)).join('\n'))
    twice(jobs[0])
    expect(faultline('sweep', 'run', path, '--out', 'twice')).toMatchObject(said('job 1 is there twice'))
    expect(faultline('sweep', 'merge', path, 'twice', '--out', 'twice.faultline')).toMatchObject(
      said('job 1 is there twice'),
    )
    twice({ ...jobs[0], job: 7 })
    expect(faultline('sweep', 'run', path, '--out', 'twice')).toMatchObject(said('job 7 is the run of job 1'))
  })
})

describe('running a plan', () => {
  it('says that a file is no folder for results', () => {
    const { path } = plan('file.ndjson')
    const refused = faultline('sweep', 'run', path, '--out', path)
    expect(refused).toMatchObject({ status: 1, out: '', err: expect.stringContaining('file.ndjson is not a folder') })
  })

  it('makes a result per job, the second time nothing, and job by job the same bytes', () => {
    const { path, jobs } = plan('d.ndjson')
    expect(json<SweepRun>(faultline('sweep', 'run', path, '--out', 'd', '--json'))).toMatchObject({
      done: 8,
      skipped: 0,
    })
    expect(results('d')).toEqual(jobs.map(({ job, id }) => `0000${job}-${id}.faultline`))
    expect(json<SweepRun>(faultline('sweep', 'run', path, '--out', 'd', '--json'))).toMatchObject({
      done: 0,
      skipped: 8,
    })
    for (const job of [3, 1]) faultline('sweep', 'run', path, '--out', 'single', '--job', String(job))
    expect(bytes('single')).toEqual([bytes('d')[0], bytes('d')[2]])
  })

  it('goes on after it was killed, and leaves no half result', async () => {
    const { path } = plan('e.ndjson')
    const child = spawn(process.execPath, [CLI, 'sweep', 'run', path, '--out', 'e', '--workers', '1'], {
      cwd: folder,
      env,
    })
    while (!existsSync(join(folder, 'e')) || results('e').length < 2) await new Promise((next) => setTimeout(next, 10))
    child.kill('SIGKILL')
    await new Promise((next) => child.once('exit', next))
    const before = results('e').length
    expect(before).toBeLessThan(8)
    const again = json<SweepRun>(faultline('sweep', 'run', path, '--out', 'e', '--json'))
    expect(again).toMatchObject({ skipped: before, done: 8 - before, failed: [] })
    expect(readdirSync(join(folder, 'e')).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('leaves no half result when it is stopped', async () => {
    const args = ['--scenario', 'SC1', '--strategy', 'F', '--set', 'durationMs=400', '--seeds', '2']
    writeFileSync(join(folder, 'stop.ndjson'), faultline('sweep', 'plan', ...args).out)
    const child = spawn(process.execPath, [CLI, 'sweep', 'run', 'stop.ndjson', '--out', 'stop'], { cwd: folder, env })
    const out = join(folder, 'stop')
    while (!existsSync(out) || !readdirSync(out).some((name) => name.endsWith('.part'))) {
      await new Promise((next) => setTimeout(next, 10))
    }
    child.kill('SIGINT')
    await new Promise((next) => child.once('exit', next))
    expect(results('stop')).toEqual([])
    expect(readdirSync(out).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('names a job that failed, after trying again, finishes the others, and runs it the next time', () => {
    const { path, jobs } = plan('f.ndjson')
    const inTheWay = join(folder, 'f', `00002-${jobs[1].id}.faultline`)
    mkdirSync(inTheWay, { recursive: true })
    const ran = faultline('sweep', 'run', path, '--out', 'f', '--json')
    expect(ran.status).toBe(1)
    expect(json<SweepRun>(ran)).toMatchObject({ done: 7, failed: [{ job: 2, tries: 2 }] })
    expect(ran.err).toContain('SC1 threads=1 durationMs=2 under F, seed 1')
    const note = inTheWay.replace('.faultline', '.failed.json')
    expect(JSON.parse(readFileSync(note, 'utf8'))).toMatchObject({ job: 2, id: jobs[1].id })
    rmdirSync(inTheWay)
    expect(json<SweepRun>(faultline('sweep', 'run', path, '--out', 'f', '--json'))).toMatchObject({
      done: 1,
      skipped: 7,
    })
    expect(existsSync(note)).toBe(false)
  })

  it('refuses a line that was edited, another version, and a number that is not there', () => {
    const { path, jobs } = plan('g.ndjson')
    const edited = join(folder, 'edited.ndjson')
    writeFileSync(edited, JSON.stringify({ ...jobs[0], seed: 99 }))
    expect(faultline('sweep', 'run', edited, '--out', 'g').err).toContain('its line was changed')
    writeFileSync(edited, JSON.stringify({ ...jobs[0], version: '9.9.9' }))
    expect(faultline('sweep', 'run', edited, '--out', 'g').err).toContain('planned with Faultline 9.9.9')
    writeFileSync(edited, `${JSON.stringify(jobs[0])}\nnot a job\n`)
    expect(faultline('sweep', 'run', edited, '--out', 'g').err).toContain('line 2 is no job')
    expect(faultline('sweep', 'run', path, '--out', 'g', '--job', '9')).toMatchObject({ status: 2 })
    expect(existsSync(join(folder, 'g'))).toBe(false)
  })
})

describe('merging', () => {
  it('makes one whole file of one trace per job, with a row per parameters and strategy', () => {
    const { path } = plan('h.ndjson')
    faultline('sweep', 'run', path, '--out', 'h')
    const merged = json<SweepMerge>(faultline('sweep', 'merge', path, 'h', '--out', 'h.faultline', '--json'))
    expect(merged).toMatchObject({ traces: 8, missing: [] })
    expect(merged.rows.map(({ set, strategy, runs, ratio }) => [set.threads, strategy, runs, ratio === null])).toEqual([
      ['1', 'E', 2, true],
      ['1', 'F', 2, false],
      ['2', 'E', 2, true],
      ['2', 'F', 2, false],
    ])
    expect(faultline('check', 'h.faultline').status).toBe(0)
    const info = json<{ traces: { name: string; ops: number; strategy: string }[] }>(
      faultline('info', 'h.faultline', '--json'),
    )
    expect(info.traces).toHaveLength(8)
    expect(info.traces[5]).toMatchObject({ name: 'SC1 F seed 1 threads=2 durationMs=2', strategy: 'F' })
    // What the run counted itself is what the stored operations add up to.
    const sql = `SELECT abs((result.message ->> '$.ops') - (SELECT count(*) FROM op WHERE op.trace_id = result.trace_id AND duration_ns IS NOT NULL))
      FROM diagnostic result WHERE code = 'sweep-result'`
    const { rows } = json<{ rows: number[][] }>(faultline('query', 'h.faultline', sql, '--json'))
    expect(rows).toHaveLength(8)
    for (const [difference] of rows) expect(difference).toBeLessThanOrEqual(2)
  })

  it('names what is missing, and merges the rest only when told to', () => {
    const { path } = plan('i.ndjson')
    for (const job of ['1', '2', '5']) faultline('sweep', 'run', path, '--out', 'i', '--job', job)
    const refused = faultline('sweep', 'merge', path, 'i', '--out', 'i.faultline')
    expect(refused).toMatchObject({ status: 1, err: expect.stringContaining('5 of 8 jobs have no result') })
    expect(refused.err).toContain('the first is job 3')
    expect(existsSync(join(folder, 'i.faultline'))).toBe(false)
    const merged = json<SweepMerge>(
      faultline('sweep', 'merge', path, 'i', '--out', 'i.faultline', '--partial', '--json'),
    )
    expect(merged).toMatchObject({ traces: 3, missing: [3, 4, 6, 7, 8] })
  })

  it('refuses a file that is the result of something else', () => {
    const { path, jobs } = plan('j.ndjson')
    faultline('sweep', 'run', path, '--out', 'j')
    const name = (at: number) => join(folder, 'j', `0000${at + 1}-${jobs[at].id}.faultline`)
    writeFileSync(name(0), readFileSync(name(1)))
    expect(faultline('sweep', 'merge', path, 'j', '--out', 'j.faultline').err).toContain('is not the result of job 1')
    // The id is that of job 3, the line another's: the table would put its figures under a wrong name.
    writeFileSync(join(folder, 'edited.ndjson'), JSON.stringify({ ...jobs[2], strategy: 'F' }))
    expect(faultline('sweep', 'merge', 'edited.ndjson', 'j', '--out', 'j.faultline').err).toContain(
      'its line was changed',
    )
    const onto = faultline('sweep', 'merge', path, 'j', '--out', name(2), '--force')
    expect(onto.err).toContain('is the file that is read')
  })

  it.each([
    ['no JSON', "'junk'"],
    ['not what a run gives', "'{}'"],
    ['a rate that is none', "json_set(message, '$.opsPerSecond', 'fast')"],
    ['a count that is none', "json_set(message, '$.tried', json('[{}]'))"],
  ])('refuses a result that is %s', (_, message) => {
    const { jobs } = plan('k.ndjson')
    const path = join(folder, 'k1.ndjson')
    writeFileSync(path, JSON.stringify(jobs[0]))
    faultline('sweep', 'run', path, '--out', 'k')
    const db = connect(join(folder, 'k', `00001-${jobs[0].id}.faultline`), { readonly: false, mustExist: true })
    db.exec(`UPDATE diagnostic SET message = ${message} WHERE code = 'sweep-result'`)
    db.close()
    const refused = faultline('sweep', 'merge', path, 'k', '--out', 'k.faultline')
    rmSync(join(folder, 'k'), { recursive: true })
    expect(refused).toMatchObject({ status: 1, out: '', err: expect.stringContaining('is not the result of job 1') })
  })
})

describe('a sweep of replays', () => {
  it('replays a recorded trace, and refuses it when it has changed', () => {
    faultline('import', join(repoRoot, 'samples', 'nl-dax-ext4-small.trace.txt.zst'), '--out', 'r.faultline')
    const planned = faultline('sweep', 'plan', '--trace', 'r.faultline', '--strategy', 'G', '--seeds', '2')
    expect(planned.status).toBe(0)
    writeFileSync(join(folder, 'r.ndjson'), planned.out)
    const ran = json<SweepRun>(faultline('sweep', 'run', 'r.ndjson', '--out', 'r', '--json'))
    expect(ran).toMatchObject({ done: 4, failed: [] })
    const merged = json<SweepMerge>(faultline('sweep', 'merge', 'r.ndjson', 'r', '--out', 'rm.faultline', '--json'))
    expect(merged.rows.map(({ strategy, ratio }) => [strategy, ratio === null])).toEqual([
      ['K', true],
      ['G', false],
    ])
    writeFileSync(join(folder, 'r.faultline'), Buffer.concat([readFileSync(join(folder, 'r.faultline')), Buffer.of(0)]))
    expect(faultline('sweep', 'run', 'r.ndjson', '--out', 'r2').err).toContain(
      'is not the trace job 1 was planned with',
    )
  })
})

describe('a sweep with a strategy file', () => {
  const mine = join(folder, 'mine.ts')
  const text = readFileSync(join(repoRoot, 'samples', 'strategies', 'entry-guard.ts'), 'utf8')
  const small = ['--scenario', 'SC1', '--set', 'threads=2', '--set', 'durationMs=2', '--seeds', '1']

  it('runs it when it is named again, and only then: a plan may come from somebody else', () => {
    writeFileSync(mine, text)
    const planned = faultline(
      'sweep',
      'plan',
      ...small,
      '--strategy',
      'F',
      '--strategy',
      './mine.ts,tx=tx-before-locks',
    )
    expect(planned.status).toBe(0)
    const [first, second] = planned.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as SweepJob)
    expect(first.own).toBeUndefined()
    expect(second.own).toEqual([{ path: mine, id: second.strategy.split(',')[0] }])
    writeFileSync(join(folder, 'own.ndjson'), planned.out)

    const unasked = faultline('sweep', 'run', 'own.ndjson', '--out', 'own')
    expect(unasked).toMatchObject({ status: 1, err: expect.stringContaining('is a program') })
    expect(unasked.err).toContain(`--strategy ${mine}`)
    expect(existsSync(join(folder, 'own'))).toBe(false)
    // The job of a preset needs nobody's word.
    expect(faultline('sweep', 'run', 'own.ndjson', '--out', 'own', '--job', '1').status).toBe(0)

    const allowed = ['sweep', 'run', 'own.ndjson', '--out', 'own', '--strategy', './mine.ts', '--json']
    expect(json<SweepRun>(faultline(...allowed))).toMatchObject({ done: 1, skipped: 1, failed: [] })
    const merged = json<SweepMerge>(
      faultline('sweep', 'merge', 'own.ndjson', 'own', '--out', 'own.faultline', '--json'),
    )
    expect(merged.rows.map(({ strategy }) => strategy)).toEqual(['F', second.strategy])
  })

  it('is refused when the file is no longer what was planned', () => {
    writeFileSync(mine, text)
    const planned = faultline('sweep', 'plan', ...small, '--strategy', './mine.ts')
    writeFileSync(join(folder, 'changed.ndjson'), planned.out)
    writeFileSync(mine, text.replace('A layout lock per file', 'Another'))
    const ran = faultline('sweep', 'run', 'changed.ndjson', '--out', 'changed', '--strategy', './mine.ts')
    expect(ran).toMatchObject({
      status: 1,
      err: expect.stringContaining('not the strategy this sweep was planned with'),
    })
  })

  it('may be what a trace was recorded under, and is then needed by every replay', () => {
    writeFileSync(mine, text)
    faultline('import', join(repoRoot, 'samples', 'nl-dax-ext4-small.trace.txt.zst'), '--out', 'o.faultline')
    const of = ['--trace', 'o.faultline', '--strategy', 'K', '--baseline', './mine.ts', '--seeds', '1']
    const planned = faultline('sweep', 'plan', ...of)
    const jobs = planned.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as SweepJob)
    expect(jobs.map(({ strategy, baseline, own }) => [strategy === baseline, own?.length])).toEqual([
      [true, 1],
      [false, 1],
    ])
    writeFileSync(join(folder, 'o.ndjson'), planned.out)
    expect(faultline('sweep', 'run', 'o.ndjson', '--out', 'o', '--job', '2').err).toContain('is a program')
    const allowed = ['sweep', 'run', 'o.ndjson', '--out', 'o', '--strategy', './mine.ts', '--json']
    expect(json<SweepRun>(faultline(...allowed))).toMatchObject({ done: 2, failed: [] })
  })
})

const parallel = (() => {
  try {
    return execFileSync('parallel', ['--version'], { encoding: 'utf8' }).startsWith('GNU parallel')
  } catch {
    process.stderr.write(
      'sweeps with GNU parallel are not tested: it is not installed (Debian: apt-get install parallel)\n',
    )
    return false
  }
})()

describe.skipIf(!parallel)('GNU parallel', () => {
  it('runs the jobs of a plan one command each, to the same results', () => {
    const { path } = plan('p.ndjson')
    const command = `seq "$(wc -l < '${path}')" | parallel -j2 --retries 2 '${process.execPath}' '${CLI}' sweep run '${path}' --out p --job {}`
    execFileSync('sh', ['-c', command], { cwd: folder, env, stdio: 'pipe' })
    faultline('sweep', 'run', path, '--out', 'threads')
    expect(results('p')).toEqual(results('threads'))
    expect(bytes('p')).toEqual(bytes('threads'))
    expect(json<SweepMerge>(faultline('sweep', 'merge', path, 'p', '--out', 'p.faultline', '--json')).traces).toBe(8)
  })
})
