/**
 * Unit, property, golden, fuzz, contract, component and e2e tests in one run. Tests that need a DOM name it in their
 * first line (`// @vitest-environment happy-dom`).
 */
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'

export default defineConfig({
  plugins: [vue()],
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/setup.ts'],
    env: { TZ: 'UTC', LC_ALL: 'C' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes; on a busy machine it takes longer than the second polls are given otherwise.
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    // vitest keeps a core for itself: of two, tests would have one, and take more than 20 minutes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // What the threads of the engine do for themselves (electron/engine/spawn.ts), for threads that tests start.
    execArgv: ['--no-wasm-code-gc'],
  },
})
