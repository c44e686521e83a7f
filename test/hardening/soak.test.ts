/** The short form of the soak: the same steps, twenty rounds. The long form: `npm run soak -- 2000`. */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PROJECT } from '../support/engine.ts'
import type { SoakSample } from './soak.ts'

const ROUNDS = 20
/** What the collector and caches that fill up may move. */
const SLACK_MIB = 24

test('pages that come, work, change their minds and go leave memory, threads and files as they were', async () => {
  const before = leftBehind()
  const script = join(import.meta.dirname, 'soak.ts')
  // The door `npm run soak` takes.
  const door = join(PROJECT, 'bin/run.mjs')
  const child = spawn(process.execPath, ['--expose-gc', '--no-wasm-code-gc', door, script, String(ROUNDS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const status = await new Promise((resolve) => child.once('exit', resolve))
  expect(status).toBe(0)
  const samples = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SoakSample)
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined) throw new Error('the soak said nothing')
  expect(last.round).toBe(ROUNDS)
  expect(last.done + last.refused).toBe(ROUNDS * 3)
  expect(last.heapMiB).toBeLessThanOrEqual(first.heapMiB + SLACK_MIB)
  expect(last.ports).toBe(first.ports)
  expect(last.sockets).toBe(first.sockets)
  // At most one upload per page is under way.
  expect(last.sessionFiles).toBeLessThanOrEqual(3)
  expect(leftBehind()).toEqual(before)
})

const leftBehind = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('faultline-soak-'))
