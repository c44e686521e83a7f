/**
 * `npm run coverage [-- VITEST ARGUMENTS]`: branches of `shared/` that the tests in this process go through, per file, and the share
 * of all. Tests that only drive other processes (browser, command line, desktop) are left out: what those do is not seen here.
 * `npm run coverage -- test/unit/spans-` is a part. The page is in coverage/index.html.
 */
import { run, tool } from './install.ts'

const provider = tool('@vitest/coverage-v8/dist/index.js')
const DEFAULT = [
  'unit',
  'property',
  'golden',
  'timeline',
  'renderer',
  'export',
  'fuzz',
  'report',
  'sim',
  'races',
  'explore',
]
const HEAVY = ['strategy', 'whatif', 'sweep', 'determinism/digests']
const given = process.argv.slice(2)
const options = [
  '--coverage.enabled',
  '--coverage.provider=custom',
  `--coverage.customProviderModule=${provider}`,
  '--coverage.include=shared/**/*.ts',
  '--coverage.reporter=text-summary',
  '--coverage.reporter=json',
  '--coverage.reporter=html',
  '--coverage.reportOnFailure',
]
const tests = given.length > 0 ? given : [...DEFAULT, ...HEAVY].map((name) => `test/${name}`)

if (!run(['node_modules/vitest/vitest.mjs', 'run', ...options, ...tests])) process.exitCode = 1
