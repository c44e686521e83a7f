/** Simulated runs through the engine: into the store, side by side, cancelled, refused; and the same run in every host. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { ContentionResult } from '#shared/analysis/contention.ts'
import { analyses } from '#shared/analysis/index.ts'
import type { LatencyResult } from '#shared/analysis/latency.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { MethodParams, Progress } from '#shared/contract/methods.ts'
import type { OpenedFile } from '#shared/contract/files.ts'
import { run } from '#shared/sim/run.ts'
import { PROJECT } from '../support/engine.ts'
import { useEngine } from '../support/use-engine.ts'

const { client, folder } = useEngine('desktop')
const at = (name: string) => join(folder, name)
const QUICK = { scenario: 'SC1', strategy: 'F', set: { threads: 4, durationMs: 10, fileMiB: 64 } } as const
/** A nearly full device and a strategy that gives up at once: it fails although space is about to come back (V17). */
const FAILING = { scenario: 'SC13', strategy: 'K,enospc=fail', set: { durationMs: 2 } } as const

async function refused(promise: Promise<unknown>): Promise<ApiError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(ApiError)
  return thrown as ApiError
}

async function analyse(opened: OpenedFile, trace: number, id: string, params: unknown): Promise<unknown> {
  return client.call('analysis.run', { file: opened.file, trace, id, params })
}

describe('one run', () => {
  const model = run({ scenario: 'SC1', strategy: 'F', params: QUICK.set, seed: 3 })

  it('has one digest in this thread, in a job, recorded, and in processes of other places and compilers', async () => {
    const job = await client.call('sim.run', { ...QUICK, seed: 3 })
    const recorded = await client.call('sim.run', { ...QUICK, seed: 3, out: at('digest.faultline') })
    const args = ['simulate', '--scenario', 'SC1', '--strategy', 'F', '--seed', '3', '--json']
    const set = Object.entries(QUICK.set).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    const places = [
      { flags: [], env: { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' } },
      { flags: ['--no-opt'], env: { TZ: 'America/St_Johns', LANG: 'C', LC_ALL: 'C' } },
    ]
    const elsewhere = await Promise.all(
      places.map(({ flags, env }) =>
        promisify(execFile)(process.execPath, [...flags, join(PROJECT, 'bin/faultline.mjs'), ...args, ...set], {
          cwd: folder,
          env: { ...process.env, FAULTLINE_HOME: at('home'), ...env },
        }),
      ),
    )
    const processes = elsewhere.map(({ stdout }) => JSON.parse(stdout) as { digest: string; events: number })
    for (const { digest } of [job, recorded, ...processes]) expect(digest).toBe(model.digest)
    for (const { events } of [recorded, ...processes]) expect(events).toBe(job.events)
    expect((await client.call('sim.run', { ...QUICK, seed: 4 })).digest).not.toBe(model.digest)
  })

  it('tells what it did', async () => {
    const result = await client.call('sim.run', { ...QUICK, seed: 3 })
    expect(result).toMatchObject({ file: null, opened: null, scenario: 'SC1', strategy: 'F', fs: 'ext4', seed: 3 })
    expect(result.params).toMatchObject({ threads: 4, durationMs: 10, blocks: 'holes' })
    expect(result.ops).toBe(model.ops)
    expect(result.opCounts).toMatchObject([{ op: 'write_fault', count: model.ops, failed: 0 }])
    expect(result.simulatedNs).toBeGreaterThanOrEqual(10_000_000)
  })

  it('tells of its operations what its trace tells', async () => {
    const spec = { scenario: 'SC4', strategy: 'K', set: { durationMs: 20 } }
    const { opened, opCounts } = await client.call('sim.run', { ...spec, keep: true })
    if (opened === null) throw new Error('it was to be opened')
    const { rows } = (await analyse(opened, opened.traces[0].id, 'latency', {})) as LatencyResult
    expect(opCounts.length).toBeGreaterThan(3)
    for (const { op, ...counted } of opCounts) expect(rows.find((row) => row.op === op)).toMatchObject(counted)
  })

  it('kept for the window is a file like any import: whole, described, analysed', async () => {
    const { opened, file, events } = await client.call('sim.run', { ...QUICK, keep: true })
    expect(opened?.traces).toHaveLength(1)
    const [trace] = opened?.traces ?? []
    expect(trace).toMatchObject({
      name: 'SC1 F seed 1',
      format: 'simulation',
      clock: 'sim',
      strategy: 'F',
      scenario: 'SC1',
      events,
      lost: 0,
    })
    expect(trace.shows).toEqual({ holds: true, waits: true, states: true, ops: true })
    expect(await client.call('files.check', { source: { kind: 'path', path: file ?? '' } })).toEqual({
      ok: true,
      findings: [],
    })
    for (const { id } of analyses.items) {
      if (opened !== null) expect(await analyse(opened, trace.id, id, {}), id).toBeTypeOf('object')
    }
    const worst = (await analyse(opened as OpenedFile, trace.id, 'contention', {
      contendedOnly: true,
    })) as ContentionResult
    expect(worst.rows[0]).toMatchObject({ class: '&mapping->i_mmap_mutex', mode: 'exclusive', inferred: false })
  })

  it('with a violation has it as a diagnostic, as an event and on the time axis', async () => {
    const { violations } = await client.call('sim.run', { ...FAILING, out: at('failing.faultline') })
    expect(violations.length).toBeGreaterThan(0)
    const [{ invariant, count, atNs, message }] = violations
    const { opened } = await client.call('files.open', { source: { kind: 'path', path: at('failing.faultline') } })
    expect(opened.traces[0].diagnostics).toContainEqual({
      severity: 'error',
      code: invariant,
      message: expect.stringContaining(message) as string,
      count,
    })
    const query = (sql: string) => client.call('query.run', { file: opened.file, sql })
    const marks = await query(`SELECT start_ns, text FROM annotation WHERE kind = 'violation' ORDER BY id`)
    expect(marks.rows[0]).toEqual([expect.any(Number), expect.stringContaining(': ')])
    expect(marks.rows.map(([ns]) => ns)).toContain(atNs)
    const events = await query(
      `SELECT ts_ns FROM event WHERE name = 'invariant_violated' AND args LIKE '%${invariant}%'`,
    )
    expect(events.rows).toHaveLength(count)
    expect(events.rows[0][0]).toBe(atNs)
  })
})

describe('a file of runs', () => {
  it('is not replaced without force, and is with it', async () => {
    writeFileSync(at('taken.faultline'), 'precious')
    const error = await refused(client.call('sim.run', { ...QUICK, out: at('taken.faultline') }))
    expect(error.code).toBe('exists')
    const { file } = await client.call('sim.run', { ...QUICK, out: at('taken.faultline'), force: true })
    expect(file).toBe(at('taken.faultline'))
  })

  it('that is cancelled leaves nothing behind', async () => {
    const stop = new AbortController()
    const seen: Progress[] = []
    const long = { ...QUICK, set: { durationMs: 60_000 }, out: at('cancelled.faultline') }
    const onProgress = (progress: Progress) => {
      seen.push(progress)
      if ((progress.events ?? 0) > 100_000) stop.abort()
    }
    const error = await refused(client.call('sim.run', long, { signal: stop.signal, onProgress }))
    expect(error.code).toBe('cancelled')
    expect(seen[0]).toMatchObject({ stage: 'simulating', total: 60_000_000_000, unit: 'ns' })
    expect(existsSync(at('cancelled.faultline'))).toBe(false)
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('in a folder that is not there says so', async () => {
    const error = await refused(client.call('sim.run', { ...QUICK, out: at('no/such/x.faultline') }))
    expect(error.message).toContain('x.faultline')
  })
})

const COMPARED: MethodParams<'sim.compare'> = {
  scenario: 'SC1',
  strategies: ['E', 'F', 'F,init=zero-in-alloc-tx'],
  set: QUICK.set,
  seeds: 6,
}

describe('a comparison', () => {
  it('refuses a place that is taken or cannot be written to before anything runs', async () => {
    writeFileSync(at('there.faultline'), '')
    const seen: Progress[] = []
    const refused = (out: string) =>
      client
        .call('sim.compare', { ...COMPARED, out }, { onProgress: (one) => void seen.push(one) })
        .catch((error: Error) => error)
    expect(await refused(at('there.faultline'))).toMatchObject({ code: 'exists' })
    expect(await refused(at('no/such/folder/x.faultline'))).toMatchObject({ code: 'not-found' })
    expect(seen).toEqual([])
  })

  it('cuts power in few schedules where few are searched, and says that some were left out', async () => {
    const crashOf = async (explore: number) => {
      const { strategies } = await client.call('sim.compare', { scenario: 'SC4', strategies: ['K'], seeds: 1, explore })
      return strategies[0].verdict.searched[0].crash
    }
    const [few, more] = [await crashOf(2), await crashOf(20)]
    expect([few.complete, more.complete]).toEqual([false, false])
    expect(few.points).toBeGreaterThan(0)
    expect(few.points).toBeLessThan(more.points / 2)
  })

  it('gives every strategy the same seeds, and figures that are those of its recorded runs', async () => {
    const seen: Progress[] = []
    const onProgress = (progress: Progress) => void seen.push(progress)
    const sweep = { param: 'threads', values: [1, 4], seeds: 2 }
    const result = await client.call(
      'sim.compare',
      { ...COMPARED, sweep, out: at('compared.faultline') },
      { onProgress },
    )
    expect(result).toMatchObject({ baseline: 'E', seeds: [1, 2, 3, 4, 5, 6], file: at('compared.faultline') })
    expect(result.workload).toMatchObject({ scenario: 'SC1', fs: 'ext4', params: { threads: 4 } })
    const [e, f, durable] = result.strategies
    expect(f.versusBaseline.find(({ metric }) => metric === 'opsPerSecond')).toMatchObject({
      p: 2 / 2 ** 6,
      enough: true,
    })
    expect(f.opsPerSecond.mean).toBeLessThan(e.opsPerSecond.mean)
    expect(f.digest).toBe(run({ scenario: 'SC1', strategy: 'F', params: QUICK.set, seed: 1 }).digest)
    // Verdicts come from searching the scenario in its small size, power cuts included.
    // A commit between allocation and zeroing shows what the block held (R10): no lock helps, only zeroing inside the handle.
    for (const { verdict } of [e, f]) expect(verdict).toMatchObject({ safe: false, violations: [{ invariant: 'V14' }] })
    expect(durable.verdict).toMatchObject({ safe: true, complete: true, violations: [] })
    expect(durable.verdict.executions).toBeGreaterThan(0)
    expect(result.curve).toMatchObject({ param: 'threads', values: [1, 4], strategies: [{ id: 'E' }, { id: 'F' }, {}] })
    expect(seen.some(({ strategies }) => typeof strategies?.[0].opsPerSecond?.mean === 'number')).toBe(true)
    expect(seen.at(0)).toMatchObject({ stage: 'comparing', total: 3 * 6 + 3 * 2 * 2, unit: 'runs' })

    const { opened } = await client.call('files.open', { source: { kind: 'path', path: at('compared.faultline') } })
    expect(opened.traces.map(({ name }) => name)).toEqual(COMPARED.strategies?.map((id) => `SC1 ${id} seed 1`))
    expect(result.strategies.map(({ trace }) => trace)).toEqual(opened.traces.map(({ id }) => id))
    const { rows } = (await analyse(opened, opened.traces[1].id, 'latency', {})) as LatencyResult
    const same = await client.call('sim.compare', { ...COMPARED, strategies: ['F'], seeds: 1 })
    expect(same.strategies[0].ops[0]).toMatchObject({
      count: rows[0].count,
      p50Ns: rows[0].p50Ns,
      maxNs: rows[0].maxNs,
    })
  })

  it('takes the strategies its scenario is about where none is named', async () => {
    const { strategies } = await client.call('sim.compare', {
      scenario: 'SC2',
      set: { durationMs: 1 },
      seeds: 1,
      explore: 20,
    })
    const catalog = await client.call('sim.catalog', {})
    expect(strategies.map(({ id }) => id)).toEqual(catalog.scenarios.find(({ id }) => id === 'SC2')?.strategies)
    expect(strategies[0].opsPerSecond.ci95).toBeNull()
  })

  it('can be cancelled', async () => {
    const stop = new AbortController()
    const long = { ...COMPARED, set: { durationMs: 60_000 }, out: at('never.faultline') }
    setTimeout(() => stop.abort(), 700)
    const error = await refused(client.call('sim.compare', long, { signal: stop.signal }))
    expect(error).toMatchObject({ code: 'cancelled' })
    expect(readdirSync(folder).filter((name) => name.includes('never'))).toEqual([])
  })
})

const THIRTY_TWO = Array.from({ length: 32 }, (_, i) => i + 1)

describe('what makes no sense is refused before anything runs', () => {
  const cases: readonly (readonly [what: object, code: string, ...says: string[]])[] = [
    [{ scenario: 'SC77' }, 'unknown-id', "unknown scenario 'SC77'", 'SC1'],
    [{ strategy: 'FF' }, 'unknown-id', "unknown strategy 'FF'", 'did you mean F'],
    [{ strategy: 'F,tx=tx-befor-locks' }, 'unknown-id', 'did you mean tx-before-locks'],
    [{ slots: { gaurd: 'inval' } }, 'unknown-id', 'did you mean guard'],
    [{ slots: { guard: 'invall' } }, 'unknown-id', 'did you mean inval'],
    [{ slots: { cow: 'return-entry-locked' } }, 'bad-request', 'takes none', 'choose'],
    [{ fs: 'ext5' }, 'unknown-id', 'did you mean ext'],
    [{ set: { thread: 4 } }, 'unknown-id', "unknown parameter of SC1 'thread'", 'did you mean threads'],
    [{ set: { threads: 0 } }, 'bad-request', 'threads=0 is not a whole number from 1 to'],
    [{ set: { threads: 'many' } }, 'bad-request', 'threads=many is not a number'],
    [{ set: { blocks: 'hole' } }, 'unknown-id', 'did you mean holes'],
    [{ set: { alloc: -1 } }, 'bad-request', 'alloc=-1'],
    [{ set: { cpus: 0 } }, 'bad-request', 'cpus=0'],
    [{ set: { alloc: 6_001 } }, 'bad-request', 'alloc=6001 is not a whole number from 800 to 6000 ns'],
    [{ set: { sharedCacheLine: 1_000 } }, 'bad-request', 'sharedCacheLine=1000 is not a whole number from 0 to 150 ns'],
    [{ set: { quantum: 0 } }, 'bad-request', 'quantum=0 is not a whole number from 1000000 to 10000000 ns'],
    [{ set: { wake: '100000000000000000' } }, 'bad-request', 'is not a whole number from 1500 to 50000 ns'],
    [{ set: { coldMetadata: 2 } }, 'bad-request', 'coldMetadata=2 is not a whole number from 0 to 1'],
    [{ set: { journalBlocks: 5 } }, 'bad-request', 'a journal of 5 blocks is too small'],
    [{ strategy: 'F,tx=tx-before-locks,tx=tx-in-getblock' }, 'bad-request', 'tx cannot be both', 'once'],
    [{ strategy: 'F,tx=tx-before-locks', slots: { tx: 'tx-in-getblock' } }, 'bad-request', 'tx cannot be both'],
  ]

  it.each(cases.map(([what, code, ...says]) => ({ what, code, says })))('$what', async ({ what, code, says }) => {
    const error = await refused(client.call('sim.run', { ...QUICK, ...what }))
    expect(error.code).toBe(code)
    for (const text of says) expect(`${error.message}; ${error.hint}`).toContain(text)
    expect(error.message).not.toContain('\n')
  })

  it.each([
    [{ baseline: 'K' }, 'unknown-id', "unknown baseline 'K'"],
    [{ strategies: ['E', 'E'] }, 'bad-request', 'E is there twice'],
    [{ sweep: { param: 'thread', values: [1] } }, 'unknown-id', 'did you mean threads'],
    [{ sweep: { param: 'threads', values: [0] } }, 'bad-request', 'threads=0'],
    [{ seeds: 100, sweep: { param: 'threads', values: THIRTY_TWO, seeds: 20 } }, 'limit', 'needs 2220 runs'],
  ] as readonly (readonly [what: object, code: string, says: string])[])('comparing %j', async (what, code, says) => {
    const error = await refused(client.call('sim.compare', { ...COMPARED, ...what }))
    expect(error.code).toBe(code)
    expect(`${error.message}; ${error.hint}`).toContain(says)
  })
})

describe('the catalogue', () => {
  it('has what forms and pickers need', async () => {
    const { scenarios, strategies, slots, costs, filesystems, invariants, assumptions } = await client.call(
      'sim.catalog',
      {},
    )
    expect(scenarios[0]).toMatchObject({ id: 'SC1', threadParam: 'threads', filesystems: ['ext2', 'ext4', 'xfs'] })
    expect(scenarios[0].params.find(({ name }) => name === 'durationMs')).toEqual({
      name: 'durationMs',
      title: 'Simulated time',
      type: 'number',
      unit: 'ms',
      min: 1,
      max: 60_000,
      default: 200,
      options: null,
      about: 'Simulated time',
    })
    expect(scenarios[0].params.find(({ name }) => name === 'blocks')).toMatchObject({
      type: 'choice',
      options: ['holes', 'mapped'],
    })
    for (const { about, history, protects, costs: price, sources } of strategies) {
      for (const text of [about, history, protects, price, ...sources]) expect(text).not.toBe('')
    }
    expect(slots.filter(({ slot }) => slot !== null).map(({ id, slot }) => `${slot} ${id}`)).toEqual([
      'P1 guard',
      'P2 pairing',
      'P3 init',
      'P4 cow',
      'P5 tx',
      'P6 enospc',
      'P7 wake',
    ])
    expect(
      costs.every(
        ({ min, max, default: usual }) => min !== null && max !== null && Number(usual) >= min && Number(usual) <= max,
      ),
    ).toBe(true)
    expect([filesystems.length, invariants.length > 15, assumptions.length > 3]).toEqual([3, true, true])
  })
})
