/**
 * `npm test`: every test, then one plain line `N passed, N failed, N skipped` that scripts can read. Arguments go to
 * vitest (`npm test -- test/unit`). Exits with vitest's own verdict: a run that executed no test has failed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numFailedTestSuites: number
  readonly success: boolean
}

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'faultline-test-'))
const report = join(folder, 'report.json')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')

const run = spawnSync(
  process.execPath,
  [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } },
)

let failed = 1
if (existsSync(report)) {
  const result = JSON.parse(readFileSync(report, 'utf8')) as VitestReport
  const broken = result.numFailedTests === 0 && !result.success ? Math.max(1, result.numFailedTestSuites) : 0
  failed = result.numFailedTests + broken
  if (result.numPassedTests + failed === 0) failed = 1
  process.stdout.write(`${result.numPassedTests} passed, ${failed} failed, ${result.numPendingTests} skipped\n`)
} else {
  process.stdout.write('0 passed, 1 failed\n')
}
rmSync(folder, { recursive: true, force: true })
process.exitCode = run.status === 0 && failed === 0 ? 0 : 1
