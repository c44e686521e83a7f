/** A SQL process whose starter is gone ends by itself, also when that one died before the process was looking. */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { entryUrl } from '#electron/engine/spawn.ts'

/** Far above any /proc/sys/kernel/pid_max in use. */
const NOBODY = 2 ** 30

it('ends when the process that started it is not the one that has it', async () => {
  const child = fork(fileURLToPath(entryUrl('sql-process')), [String(NOBODY)], { stdio: 'ignore' })
  const ended = await new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`))
  })
  expect(ended).toBe('SIGKILL')
})

it('stays while its starter is there', async () => {
  const child = fork(fileURLToPath(entryUrl('sql-process')), [String(process.pid)], { stdio: 'ignore' })
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`))
  })
  const waited = new Promise<string>((resolve) => setTimeout(() => resolve('still there'), 2500))
  expect(await Promise.race([ended, waited])).toBe('still there')
  child.kill('SIGKILL')
  await ended
})
