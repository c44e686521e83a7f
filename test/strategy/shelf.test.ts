/** What a killed process left of the strategies it had loaded is gone when another one loads a strategy; nobody else's is. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'faultline-shelf-'))
afterAll(() => rmSync(folder, { recursive: true }))

const left = (of: number | string): string => {
  const name = `faultline-strategies-${of}-${'0'.repeat(32)}`
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'mine.ts-00000000.json'), '{}')
  return name
}

it('strategies of a killed process go with the next that loads one', () => {
  const { pid: dead } = spawnSync(process.execPath, ['--version'])
  left(dead)
  const others = [left(process.pid), left('of-somebody')]
  execFileSync(
    process.execPath,
    [resolve('bin/faultline.mjs'), 'race', 'R03', '--strategy', resolve('samples/strategies/entry-guard.ts')],
    { env: { ...process.env, TMPDIR: folder, FAULTLINE_HOME: join(folder, 'home') }, stdio: 'ignore' },
  )
  const names = readdirSync(folder).filter((name) => name.startsWith('faultline-strategies-'))
  expect(names.sort()).toEqual(others.sort())
})
