/**
 * Unit, property, golden, fuzz, contract, component and e2e tests in one run. Tests that need a DOM name it in their
 * first line (`// @vitest-environment happy-dom`).
 */
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
    pool: 'forks',
    // V8's table of write-protected code pages aborts the process now and then when worker threads come and go
    // (`Check failed: jit_page.has_value()`, nodejs/node#64500); without protection keys the table is not used.
    execArgv: ['--no-memory-protection-keys'],
  },
})
