/**
 * Unit, property, golden, fuzz, contract, component and e2e tests in one run, in two projects: what Node runs as it is,
 * and what needs Vite to be read (Vue's files, mocked modules). Tests that need a DOM name it in their first line
 * (`// @vitest-environment happy-dom`).
 */
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'

const READ_BY_VITE = ['test/component/**/*.test.ts', 'test/renderer/**/*.test.ts', 'test/unit/desktop.test.ts']

export default defineConfig({
  plugins: [vue()],
  test: {
    setupFiles: ['test/support/setup.ts'],
    env: { TZ: 'UTC', LC_ALL: 'C' },
    // Against what hangs: how long things may take is for test/bench to say.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // What is waited for comes; on a busy machine it takes longer than the second polls are given otherwise.
    expect: { poll: { timeout: 240_000 } },
    pool: 'forks',
    // vitest keeps a core for itself: of two, tests would have one. Three at once on two cores are no faster.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // What the threads of the engine do for themselves (electron/engine/spawn.ts), for threads that tests start.
    execArgv: ['--no-wasm-code-gc'],
    projects: [
      { extends: true, test: { name: 'vite', include: READ_BY_VITE } },
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          // test/tools has modules of its own, once they are asked for, with tests in them.
          exclude: ['**/node_modules/**', ...READ_BY_VITE],
          // Through Vite's module runner every use of an import is a call: the explorer took half as long again.
          experimental: { viteModuleRunner: false },
        },
      },
    ],
  },
})
