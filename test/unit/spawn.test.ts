/** The engine's threads, run from sources: V8 must not collect WebAssembly code while they come and go. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { PROJECT } from '../support/engine.ts'

/** Eight threads that strip types themselves, all at once: enough WebAssembly code for a collection. */
const churn = `
const { spawnThread } = await import('${pathToFileURL(join(PROJECT, 'electron/engine/spawn.ts')).href}')
const ended = (thread) => new Promise((resolve) => {
  thread.on('online', () => setTimeout(() => thread.terminate(), 1000))
  thread.on('exit', resolve)
})
await Promise.all(Array.from({ length: 8 }, () => ended(spawnThread('data-worker'))))
`

test('threads of the engine come and go without a collection of WebAssembly code', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-spawn-'))
  const script = join(folder, 'churn.mjs')
  writeFileSync(script, churn)
  // With a compile cache they would find their JavaScript there.
  const { NODE_COMPILE_CACHE: _cache, NODE_OPTIONS: _options, ...env } = process.env
  const traced = execFileSync(process.execPath, ['--trace-wasm-code-gc', script], { env, encoding: 'utf8' })
  rmSync(folder, { recursive: true, force: true })
  expect(traced).toBe('')
})
