/**
 * Reports, sweeps and recordings over all three transports: the same bytes, the same jobs, and rights that are checked
 * before anything is done. What they make is tested in test/report, test/sweep and test/record.
 */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import { startHost, TRANSPORTS, type TestHost } from '../support/engine.ts'

const QUICK = {
  scenario: 'SC1',
  set: { threads: 2, durationMs: 2, fileMiB: 8 },
  strategies: ['E', 'F'],
  seeds: 2,
  explore: 0,
}

async function failure(done: Promise<unknown>): Promise<string> {
  const thrown = await done.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(ApiError)
  return (thrown as ApiError).code
}

let report: string | undefined

describe.each(TRANSPORTS)('%s', (transport) => {
  let host: TestHost
  beforeAll(async () => {
    host = await startHost(transport)
  })
  afterAll(() => host.close())

  it('hands back a comparison’s own columns and gets the same report everywhere', async () => {
    const result = await host.client.call('sim.compare', QUICK)
    const made = await host.client.call('report.compare', { format: 'html', result, beside: [result] })
    const text = Buffer.concat(await exportedBytes(host.client, made)).toString()
    expect(text.match(/<article>/g)).toHaveLength(2)
    expect(text).toContain('faultline compare --scenario SC1')
    expect(text).toBe((report ??= text))
    expect(made).toMatchObject({ name: 'faultline-report.html', path: null })
  })

  it('refuses what is no comparison, and a place it may not write to', async () => {
    expect(await failure(host.client.call('report.compare', { format: 'html', result: {} as never }))).toBe(
      'bad-request',
    )
    if (host.writes) return
    const result = await host.client.call('sim.compare', QUICK)
    const out = join(host.root, 'report.html')
    expect(await failure(host.client.call('report.compare', { format: 'text', result, out }))).toBe('permission')
    expect(existsSync(out)).toBe(false)
  })

  it('plans, runs and merges a sweep for whoever may write, and plans only for others', async () => {
    const set = { threads: ['1', '2'], durationMs: ['2'] }
    const subject = { kind: 'scenario' as const, scenario: 'SC1', set }
    const jobs = [...(await host.client.call('sweep.plan', { subject, strategies: ['E'], seeds: 1 }))]
    expect(jobs.map(({ job, seed }) => [job, seed])).toEqual([
      [1, 1],
      [2, 1],
    ])
    const folder = join(host.root, 'sweep')
    const out = join(host.root, 'sweep.faultline')
    if (!host.writes) {
      expect(await failure(host.client.call('sweep.run', { jobs, out: folder }))).toBe('permission')
      expect(await failure(host.client.call('sweep.merge', { jobs, from: folder, out }))).toBe('permission')
      expect(existsSync(folder)).toBe(false)
      return
    }
    const seen: number[] = []
    const ran = await host.client.call(
      'sweep.run',
      { jobs, out: folder },
      { onProgress: ({ done }) => void seen.push(done) },
    )
    expect(ran).toMatchObject({ total: 2, done: 2, skipped: 0, failed: [] })
    expect(seen.at(0)).toBe(0)
    expect(await host.client.call('sweep.merge', { jobs, from: folder, out })).toMatchObject({ traces: 2, missing: [] })
    rmSync(folder, { recursive: true })
  })

  it('says what can be recorded, and who may have a command run', async () => {
    const { problem, commands, sets } = await host.client.call('record.ability', {})
    if (problem === null) expect(sets.map(({ id }) => id)).toContain('contention')
    else expect(problem.message).not.toBe('')
    if (!commands) expect(await failure(host.client.call('record.run', { command: ['true'] }))).toBe('permission')
    expect(await failure(host.client.call('record.run', {}))).toBe('bad-request')
    expect(await host.client.call('record.stop', {})).toEqual({ stopped: 0 })
  })
})
