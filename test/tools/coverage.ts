/**
 * `npm run coverage [-- PART… | PATH… | total]`: which branches of `shared/` tests go through, in their own process, in the engine's
 * threads and in processes they start, per folder, with one total at the end. Each part below runs by itself, one process at a time,
 * and leaves its figures in coverage/parts; with parts (or paths of tests) named only those run again and the total takes the
 * others as they were left; `total` only adds up. Branches no test takes are listed in coverage/missed.txt. Tests that drive a
 * browser are left out: what runs there is not seen here. So is the fuzzer: going through a branch is not looking at what it does.
 */
import { existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, tool } from './install.ts'
import { branchesOf, percent, type Branches, type Report } from './branches.ts'

/** Tests of each part: what looks at `shared/`, without a browser and without components. */
const parts: Readonly<Record<string, readonly string[]>> = {
  property: ['test/property'],
  text: [
    'test/unit',
    '--exclude=test/unit/{sim-,simulate,store,doctor,import-}*',
    // Of the window, the hosts and the command line.
    '--exclude=test/unit/{charts-,compare-charts,contrast,desktop,engine,sql-watch,record,spawn,start,web}*',
    '--exclude=test/unit/cli/**',
  ],
  model: ['test/sim', 'test/unit/sim-', '--exclude=test/unit/sim-scenarios.test.ts'],
  scenarios: ['test/unit/sim-scenarios.test.ts', 'test/determinism/digests.test.ts'],
  store: ['test/unit/store', 'test/unit/simulate.test.ts', 'test/unit/doctor', 'test/unit/import-'],
  golden: ['test/golden', '--exclude=test/golden/cli/**'],
  timeline: ['test/timeline', 'test/renderer/timeline-core.test.ts'],
  export: ['test/export'],
  contract: [
    'test/contract',
    'test/report',
    '--exclude=test/report/*{browser,window}*',
    '--exclude=test/contract/desktop*',
  ],
  explore: ['test/explore'],
  races: ['test/races'],
  strategy: ['test/strategy', 'test/sweep'],
  whatif: ['test/whatif'],
}

tool('@vitest/coverage-v8/dist/index.js')
const folder = join(root, 'coverage/parts')
const placeOf = (part: string) => join(folder, part.replaceAll('/', '-'))
const REPORT = 'coverage-final.json'

function measure(part: string): void {
  const tests = parts[part] ?? (part.startsWith('test/') ? [part] : undefined)
  if (tests === undefined) throw new Error(`no part '${part}': there are ${Object.keys(parts).join(', ')}, or a path`)
  rmSync(placeOf(part), { recursive: true, force: true })
  const done = run([
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config=test/tools/one-project.vitest.config.ts',
    ...tests,
    '--maxWorkers=1',
    '--testTimeout=600000',
    // As the engine's threads load them: a branch is known by its place, which vite's own loading shifts a little.
    '--experimental.viteModuleRunner=false',
    '--coverage.enabled=true',
    '--coverage.autoAttachSubprocess=true',
    '--coverage.provider=custom',
    `--coverage.customProviderModule=${join(import.meta.dirname, 'coverage-provider.mjs')}`,
    '--coverage.include=shared/**/*.ts',
    '--coverage.reporter=json',
    `--coverage.reportsDirectory=${placeOf(part)}`,
    '--coverage.reportOnFailure=true',
  ])
  if (!done) process.exitCode = 1
}

function readAll(): Branches {
  const reports = globSync(`*/${REPORT}`, { cwd: folder }).map((name) => join(folder, name))
  const age = (path: string) => statSync(path).mtimeMs
  reports.sort((a, b) => age(a) - age(b))
  const missing = Object.keys(parts).filter((part) => !existsSync(join(placeOf(part), REPORT)))
  if (missing.length > 0) process.stdout.write(`not measured yet, or not as a whole: ${missing.join(', ')}\n`)
  return branchesOf(reports.map((path) => JSON.parse(readFileSync(path, 'utf8')) as Report))
}

const given = process.argv.slice(2)
if (given.length === 0) rmSync(folder, { recursive: true, force: true })
if (given[0] !== 'total') for (const part of given.length > 0 ? given : Object.keys(parts)) measure(part)

const all = readAll()
const byFolder = new Map<string, { taken: number; of: number }>()
const missed: string[] = []
for (const file of globSync('shared/**/*.ts', { cwd: root }).sort()) {
  const branches = all.get(join(root, file)) ?? new Map<string, number>()
  const name = file.split('/').slice(0, 2).join('/')
  const sum = byFolder.get(name) ?? { taken: 0, of: 0 }
  byFolder.set(name, sum)
  for (const [place, times] of branches) {
    sum.of++
    if (times > 0) sum.taken++
    else missed.push(`${file}:${place}`)
  }
}
writeFileSync(join(root, 'coverage/missed.txt'), `${missed.join('\n')}\n`)
let taken = 0
let of = 0
for (const [name, sum] of byFolder) {
  if (sum.of > 0) process.stdout.write(`${name.padEnd(18)} ${percent(sum)}\n`)
  taken += sum.taken
  of += sum.of
}
process.stdout.write(`${'shared, branches'.padEnd(18)} ${percent({ taken, of })}\n`)
