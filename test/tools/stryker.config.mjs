/**
 * Mutation testing by Stryker of the group $FAULTLINE_MUTATE, in a copy of the tree. Messages are not mutated: a text nobody
 * compares is no mistake of the logic.
 */
import { fileURLToPath } from 'node:url'
import { chosenGroup } from './groups.ts'

export default {
  testRunner: 'vitest',
  plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner'))],
  vitest: { configFile: 'test/tools/mutation.vitest.config.ts', pool: 'forks', related: false },
  mutate: chosenGroup().mutate,
  mutator: { excludedMutations: ['StringLiteral', 'ObjectLiteral'] },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  timeoutMS: 20_000,
  timeoutFactor: 4,
  dryRunTimeoutMinutes: 30,
  disableTypeChecks: true,
  ignorePatterns: ['out', 'docs', 'coverage', 'dist', '*.log'],
  // Not below node_modules: Node strips no types there, and threads of the engine run the sources.
  tempDirName: '.stryker',
  reporters: ['clear-text', 'json'],
  jsonReporter: { fileName: `coverage/mutation-${process.env['FAULTLINE_MUTATE']}.json` },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
}
