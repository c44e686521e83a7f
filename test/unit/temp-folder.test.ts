/** What a killed process left in the place for temporary files is gone when another one of its kind comes; nobody else's is. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HOST } from '#electron/store/temp-folder.ts'

const SAMPLE = 'samples/dax-xfs-small.trace.txt.zst'
const folder = mkdtempSync(join(tmpdir(), 'faultline-shelf-'))
afterAll(() => rmSync(folder, { recursive: true }))

const left = (kind: string, of: number | string, host = HOST): string => {
  const name = `faultline-${kind}-${host}-${of}-${'0'.repeat(32)}`
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'left'), '{}')
  return name
}

const TRACE = join(folder, 'sample.faultline')
const env = { ...process.env, TMPDIR: folder, FAULTLINE_HOME: join(folder, 'home') }
const run = (args: readonly string[]): void => {
  execFileSync(process.execPath, [resolve('bin/faultline.mjs'), ...args], { env, stdio: 'ignore' })
}

beforeAll(() => run(['import', resolve(SAMPLE), '--out', TRACE]))

it.each([
  { kind: 'strategies', args: ['race', 'R03', '--strategy', resolve('samples/strategies/entry-guard.ts')] },
  { kind: 'export', args: ['export', TRACE, '--format', 'csv'] },
])('$kind of a killed process go with the next', ({ kind, args }) => {
  const { pid: dead } = spawnSync(process.execPath, ['--version'])
  left(kind, dead)
  const others = [left(kind, process.pid), left(kind, 'of-somebody'), left(kind, dead, '01234567')]
  run(args)
  const names = readdirSync(folder).filter((name) => name.startsWith(`faultline-${kind}-`))
  expect(names.sort()).toEqual(others.sort())
})
