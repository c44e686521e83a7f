/** What `simulate`, `compare` and `list` print of the simulator, for people and as JSON: every field scripts rely on. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { workFolder } from './run-cli.ts'

const folder = workFolder()
afterAll(folder.remove)

const SMALL = ['--scenario', 'SC1', '--set', 'threads=4', '--set', 'durationMs=5', '--set', 'fileMiB=16']

async function json(args: readonly string[]): Promise<Record<string, never>> {
  const { status, stdout } = await folder.run([...args, '--json'])
  expect(status).toBe(0)
  return JSON.parse(stdout) as Record<string, never>
}

/** The paths of a document's fields, arrays as their first element. */
function fields(value: unknown, prefix = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [prefix] : fields(value[0], `${prefix}[]`)
  if (typeof value !== 'object' || value === null) return [prefix]
  return Object.entries(value).flatMap(([key, inner]) => [`${prefix}.${key}`, ...fields(inner, `${prefix}.${key}`)])
}

describe('simulate', () => {
  it('says what ran, how fast, and what to do next', async () => {
    const { status, stdout, stderr } = await folder.run([
      'simulate',
      ...SMALL,
      '--strategy',
      'F',
      '--out',
      'f.faultline',
    ])
    expect(status).toBe(0)
    expect(stderr).toBe('next: faultline contention f.faultline\n')
    expect(stdout).toMatch(
      /^SC1 under F on ext4, seed 1: [\d ]+ operations in 5\.0\d ms of simulated time, 19\d k\/s$/m,
    )
    expect(stdout).toMatch(/^ {2}[\d ]+ events in .* digest [0-9a-f]{16}$/m)
    expect(stdout).toContain('nothing was violated in this run, which proves nothing about others')
    expect(stdout).toMatch(/^write_fault +[\d ]+ +0/m)
  })

  it("says each operation's percentiles, within 1 % of what the recorded run gives", async () => {
    const { opCounts } = await json(['simulate', ...SMALL, '--strategy', 'F'])
    const { rows } = await json(['latency', 'f.faultline'])
    const [told] = opCounts as { readonly p50Ns: number; readonly p99Ns: number; readonly maxNs: number }[]
    const [recorded] = rows as { readonly p50Ns: number; readonly p99Ns: number; readonly maxNs: number }[]
    for (const field of ['p50Ns', 'p99Ns', 'maxNs'] as const) {
      expect(Math.abs(told[field] / recorded[field] - 1), field).toBeLessThan(0.01)
    }
  })

  it('writes a file that the other verbs read', async () => {
    const { traces } = await json(['info', 'f.faultline'])
    expect(traces[0]).toMatchObject({ name: 'SC1 F seed 1', format: 'simulation', strategy: 'F', scenario: 'SC1' })
    const { rows } = await json(['contention', 'f.faultline'])
    expect(rows[0]).toMatchObject({ class: '&mapping->i_mmap_mutex', mode: 'exclusive' })
    expect((await folder.run(['check', 'f.faultline'])).status).toBe(0)
    const { chains } = await json(['chain', 'f.faultline', '--worst', '1'])
    expect(chains[0]).toMatchObject({ class: '&mapping->i_mmap_mutex', op: 'write_fault', rootOp: 'write_fault' })
    const columns = 'scenario, strategy, seed, digest, clock, cpus, lost_events'
    const { rows: stored } = await json(['query', 'f.faultline', `SELECT ${columns} FROM trace`])
    const run = await json(['simulate', ...SMALL, '--strategy', 'F'])
    expect(stored).toEqual([['SC1', 'F', '1', run.digest, 'sim', 8, 0]])
  })

  it('as JSON is one document with every field', async () => {
    const document = await json([
      'simulate',
      ...SMALL,
      '--strategy',
      'F',
      '--slot',
      'tx=tx-before-locks',
      '--seed',
      '7',
    ])
    expect(Object.keys(document)).toEqual(
      expect.arrayContaining('file scenario strategy seed digest events ops simulatedNs wallMs violations'.split(' ')),
    )
    expect(document).toMatchObject({
      file: null,
      strategy: 'F,tx=tx-before-locks',
      seed: 7,
      slots: { tx: 'tx-before-locks' },
    })
  })
})

describe('compare', () => {
  const COMPARE = ['compare', ...SMALL, '--strategy', 'E', '--strategy', 'F', '--seeds', '6']
  /** F loses what is not zeroed when a commit makes the block durable (R10); zeroed inside the handle it does not. */
  const DURABLE = ['--strategy', 'F,init=zero-in-alloc-tx']

  it('says who is faster and how sure that is, with bars, and what it does not know', async () => {
    const { status, stdout, stderr } = await folder.run([...COMPARE, ...DURABLE, '--sweep', 'threads=1,4'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^F: \d+ k\/s, 0\.\d\d × as fast as E \(95 % interval 0\.\d+ to 0\.\d+\)/m)
    expect(stdout).toMatch(/^E +█{24} +\d+ k\/s/m)
    expect(stdout).toMatch(/^F,init=zero-in-alloc-tx +█+[▏▎▍▌▋▊▉]? +\d+ k\/s .* held in all [\d ]+ schedules$/m)
    for (const id of ['E', 'F']) expect(stdout).toMatch(new RegExp(`^${id} +█+.* violated: V14 by search$`, 'm'))
    expect(stdout).toContain('Operations per second by threads')
    expect(stdout).toContain('"Held" means within that bound and size')
  })

  it('as JSON has every field, and verdicts from really searching', async () => {
    const document = await json([...COMPARE, ...DURABLE])
    const has = new Set(fields(document))
    const row =
      'op count failed minNs meanNs p50Ns p90Ns p99Ns p999Ns maxNs waitNs waitShare ci95.p50Ns ci95.p99Ns'.split(' ')
    const lock =
      'class mode acquisitions contended waitTotalNs waitMeanNs waitMinNs waitMaxNs waitP50Ns waitP99Ns holdTotalNs holdMeanNs holdMinNs holdMaxNs holdP50Ns holdP99Ns inferred'.split(
        ' ',
      )
    for (const field of ['workload', 'baseline', 'seeds', 'assumptions']) expect([...has]).toContain(`.${field}`)
    for (const field of ['id', 'slots', 'runs', 'opsPerSecond.mean', 'opsPerSecond.ci95', 'versusBaseline']) {
      expect([...has]).toContain(`.strategies[].${field}`)
    }
    for (const field of row) expect([...has]).toContain(`.strategies[].ops[].${field}`)
    for (const field of lock) expect([...has]).toContain(`.strategies[].locks[].${field}`)
    const { strategies } = document as unknown as { strategies: Record<string, unknown>[] }
    expect(strategies[0].verdict).toMatchObject({ safe: false, violations: [{ invariant: 'V14' }] })
    expect(strategies[1].verdict).toMatchObject({ safe: false, violations: [{ invariant: 'V14' }] })
    expect(strategies[2].verdict).toMatchObject({ safe: true, complete: true, violations: [] })
    expect((strategies[2].verdict as { executions: number }).executions).toBeGreaterThan(0)
    expect(Object.keys((strategies[1].versusBaseline as object[])[0])).toEqual([
      'metric',
      'ratio',
      'ci95',
      'p',
      'effect',
      'enough',
    ])
  })

  it('records one run per strategy and writes a report', async () => {
    const { status, stderr } = await folder.run([
      ...COMPARE,
      '--explore',
      '20',
      '--out',
      'two.faultline',
      '--html',
      'report.html',
    ])
    expect(status).toBe(0)
    expect(stderr).toBe('report: report.html\nrecorded: faultline info two.faultline\n')
    const { traces } = await json(['info', 'two.faultline'])
    expect((traces as { strategy: string }[]).map(({ strategy }) => strategy)).toEqual(['E', 'F'])
    expect(readFileSync(folder.file('report.html'), 'utf8')).toContain('<h1>SC1 Under the mutex')
    const again = await folder.run([...COMPARE, '--html', 'report.html'])
    expect(again.status).toBe(1)
    expect(again.stderr).toContain('report.html exists already; use --force')
  })

  it('that is interrupted leaves no file and says so', async () => {
    const args = ['compare', '--scenario', 'SC1', '--set', 'durationMs=60000', '--out', 'gone.faultline']
    const home = folder.file('home-of-its-own')
    const { status, signal, stderr } = await folder.run(args, {
      env: { FAULTLINE_HOME: home },
      whileRunning(child) {
        const poll = setInterval(() => {
          if (!existsSync(join(home, 'logs/engine.log'))) return
          clearInterval(poll)
          setTimeout(() => child.kill('SIGINT'), 1_000)
        }, 100)
      },
    })
    expect({ status, signal }).toEqual({ status: 130, signal: null })
    expect(stderr).toContain('the comparison was cancelled; nothing of it was kept\n')
    expect(existsSync(folder.file('gone.faultline'))).toBe(false)
  })
})

describe('list', () => {
  it.each([
    ['scenarios', 'id title question params strategies'],
    ['strategies', 'id title'],
    ['slots', 'id title'],
    ['invariants', 'id title'],
  ])('%s are there, each with %s', async (what, names) => {
    const items = (await json(['list', what]))[what] as Record<string, unknown>[]
    expect(items.length).toBeGreaterThan(5)
    for (const item of items) expect(Object.keys(item)).toEqual(expect.arrayContaining(names.split(' ')))
    const { status, stdout } = await folder.run(['list', what])
    expect(status).toBe(0)
    for (const { id } of items) expect(stdout).toContain(String(id))
  })

  it('scenarios says how to set each parameter', async () => {
    const { scenarios } = await json(['list', 'scenarios'])
    const { params } = (scenarios as { params: Record<string, unknown>[] }[])[0]
    expect(Object.keys(params[0])).toEqual(expect.arrayContaining('name type unit min max default options'.split(' ')))
    expect((await folder.run(['list', 'scenarios'])).stdout).toContain('--set threads=8')
  })
})
