/**
 * A strategy file as what a trace was recorded under, over the command line: every verb that replays takes it where it takes
 * a preset, and says which strategy that was.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ScalingResult, SensitivityResult } from '#shared/contract/whatif.ts'
import { repoRoot } from '../support/corpus.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-own-baseline-'))
afterAll(() => rmSync(folder, { recursive: true }))
const env = { ...process.env, FAULTLINE_HOME: join(folder, 'home') }

function faultline<T>(...args: readonly string[]): T {
  const command = [join(repoRoot, 'bin', 'faultline.mjs'), ...args, '--json']
  return JSON.parse(execFileSync(process.execPath, command, { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' })) as T
}

beforeAll(() => {
  copyFileSync(join(repoRoot, 'samples', 'strategies', 'entry-guard.ts'), join(folder, 'mine.ts'))
  faultline('import', join(repoRoot, 'samples', 'nl-dax-ext4-small.trace.txt.zst'), '--out', 'r.faultline')
})

const about = ['--trace', 'r.faultline', '--baseline', './mine.ts', '--seeds', '2']

it('sensitivity varies the holds of the file it was recorded under, its own lock among them', () => {
  const { strategy, rows, fidelity } = faultline<SensitivityResult>('sensitivity', ...about, '--top', '12')
  expect(strategy).toMatch(/^mine\.ts#[0-9a-f]{8}$/)
  expect(rows.map((row) => row.class)).toContain('&inode->layout_lock')
  expect(fidelity?.rows.length).toBeGreaterThan(0)
})

it('scaling grows it beside a preset', () => {
  const { strategies } = faultline<ScalingResult>('scaling', ...about, '--strategy', 'K', '--cpus', '1,2,4')
  expect(strategies.map(({ id, points }) => [id, points.length])).toEqual([['K', 3]])
})

it('scaling without a strategy named is about the file', () => {
  const { strategies } = faultline<ScalingResult>('scaling', ...about, '--cpus', '1,2,4')
  expect(strategies.map(({ id }) => id)).toEqual([expect.stringMatching(/^mine\.ts#/)])
})

it('a comparison has it as the baseline, and its replay is held against the trace', () => {
  const of = ['--trace', 'r.faultline', '--baseline', './mine.ts', '--strategy', 'K', '--seeds', '2', '--explore', '0']
  const { baseline, strategies } = faultline<{ baseline: string; strategies: { id: string }[] }>('compare', ...of)
  expect(strategies.map(({ id }) => id)).toEqual([baseline, 'K'])
})
