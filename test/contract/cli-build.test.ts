/**
 * The built command line: every thread and process the engine starts is in it, its verbs answer as those from the sources
 * do, and the door takes it only while it is as new as they are.
 */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PROGRAM, programPath } from '#electron/launch/built.mjs'
import { inputs } from '#electron/launch/entries.ts'
import { workFolder } from '../golden/cli/run-cli.ts'
import { PROJECT } from '../support/engine.ts'

const work = workFolder()
const root = work.file('tree')
afterAll(() => work.remove())

beforeAll(async () => {
  const needed = ['bin', 'migrations', 'samples', 'package.json', ...globSync('electron/**/*.mjs', { cwd: PROJECT })]
  for (const name of needed) cpSync(join(PROJECT, name), join(root, name), { recursive: true })
  symlinkSync(join(PROJECT, 'node_modules'), join(root, 'node_modules'), 'junction')
  process.env['FAULTLINE_OUT'] = join(root, 'out')
  await build({ root: PROJECT, configFile: join(PROJECT, 'vite.cli.config.ts'), logLevel: 'error' })
})

describe('the built command line', () => {
  test('has every file a thread or process of the engine begins with', () => {
    const files = globSync('electron/engine/*.ts', { cwd: PROJECT })
    const texts = files.map((file) => readFileSync(join(PROJECT, file), 'utf8'))
    const named = texts.flatMap((text) => [...text.matchAll(/(?:entry: |spawnThread\(|entryUrl\()'([a-z-]+)'/g)])
    const started = [...new Set(named.map(([, name]) => name))].sort()
    expect(started.length).toBeGreaterThan(10)
    expect(Object.keys(inputs({})).sort()).toEqual(started)
    for (const name of started) expect(existsSync(join(root, dirname(PROGRAM), `${name}.js`)), name).toBe(true)
  })

  test.each([
    [['--version']],
    [['import', join(PROJECT, 'samples/dax-xfs-small.trace.txt.zst'), '--out', 't.faultline', '--force', '--json']],
    [['contention', 't.faultline', '--json']],
    [['query', 't.faultline', 'SELECT count(*) FROM event']],
    [['check', 't.faultline']],
    [['export', 't.faultline', '--format', 'csv']],
    [['simulate', '--scenario', 'SC1', '--strategy', 'G', '--out', 's.faultline', '--force', '--json']],
    [['compare', '--scenario', 'SC1', '--strategy', 'G', '--strategy', 'K', '--seeds', '2', '--explore', '200']],
    [['race', 'R05', '--strategy', join(PROJECT, 'samples/strategies/entry-guard.ts')]],
    [['contentoin', 't.faultline']],
  ])('answers as its sources do: %j', async (words) => {
    const told = async (bin: string) => {
      const { status, stdout, stderr } = await work.run(words, { bin })
      return {
        status,
        stderr,
        stdout: stdout.replace(/"wallMs":\s*\d+/, '"wallMs":0').replace(/\bin [\d ]+ ms\b.*/g, ''),
      }
    }
    const answer = await told(join(root, 'bin/faultline.mjs'))
    expect(answer).toEqual(await told(join(PROJECT, 'electron/cli/program.ts')))
  })
})

describe('the door', () => {
  test('takes what is built while nothing it was built from is newer', () => {
    expect(programPath(root)).toBe(join(root, PROGRAM))
    const source = join(root, 'shared/base/a.ts')
    mkdirSync(dirname(source), { recursive: true })
    cpSync(join(PROJECT, 'package.json'), source)
    utimesSync(source, 1, 1)
    for (const folder of ['shared', 'shared/base']) utimesSync(join(root, folder), 1, 1)
    expect(programPath(root)).toBe(join(root, PROGRAM))
    utimesSync(source, new Date('2100-01-01'), new Date('2100-01-01'))
    expect(programPath(root)).toBe(join(root, 'electron/cli/program.ts'))
    rmSync(source)
    utimesSync(dirname(source), new Date('2100-01-01'), new Date('2100-01-01'))
    expect(programPath(root), 'a file that is gone').toBe(join(root, 'electron/cli/program.ts'))
    rmSync(join(root, 'shared'), { recursive: true })
    rmSync(join(root, 'out'), { recursive: true })
    expect(programPath(root), 'nothing built').toBe(join(root, 'electron/cli/program.ts'))
  })
})
