/**
 * vitest's own coverage by V8, under a name of its own: what is called `v8` vitest's workers look for beside vitest, and it is
 * installed here (install.ts). Nothing is measured differently. vitest loads this file more than once, so the state stays in the
 * package's object.
 */
import v8 from '@vitest/coverage-v8'

export default {
  startCoverage: (options) => v8.startCoverage(options),
  takeCoverage: (options) => v8.takeCoverage(options),
  stopCoverage: (options) => v8.stopCoverage(options),
  getProvider: async () => Object.assign(await v8.getProvider(), { name: 'custom' }),
}
