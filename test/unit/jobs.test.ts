/** Turns of jobs: who waits comes to it, whatever becomes of those in front. */
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createJobs } from '#electron/engine/jobs.ts'
import { limits } from '#shared/base/limits.ts'

const never = new AbortController().signal
const onProgress = () => undefined

it('a job behind others that were cancelled while they waited still comes to its turn', async () => {
  const jobs = createJobs()
  const busy = Array.from({ length: limits.jobs }, () => Promise.withResolvers<void>())
  const running = busy.map(({ promise }) => jobs.watch('long one', () => promise, { signal: never, onProgress }))
  for (let n = 0; n < limits.jobs; n++) {
    const stop = new AbortController()
    const waiting = jobs.watch('waiting one', () => Promise.resolve(), { signal: stop.signal, onProgress })
    await setTimeout(1)
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  }
  const last = jobs.watch('last', () => Promise.resolve('ran'), { signal: never, onProgress })
  await setTimeout(1)
  for (const { resolve } of busy) resolve()
  await Promise.all(running)
  expect(await Promise.race([last, setTimeout(2_000, 'waits for ever')])).toBe('ran')
  await jobs.close()
})

it('no more run at once than may, however many are asked for in one moment', async () => {
  const jobs = createJobs()
  let running = 0
  let most = 0
  const job = async () => {
    most = Math.max(most, ++running)
    await setTimeout(5)
    running--
  }
  await Promise.all(
    Array.from({ length: 3 * limits.jobs }, () => jobs.watch('job', job, { signal: never, onProgress })),
  )
  expect(most).toBe(limits.jobs)
  await jobs.close()
})

it('a job that is cancelled in the moment it gets its turn does not run', async () => {
  const jobs = createJobs()
  const stop = new AbortController()
  let ran = false
  const job = () => Promise.resolve((ran = true))
  const asked = jobs.watch('job', job, { signal: stop.signal, onProgress })
  stop.abort()
  await expect(asked).rejects.toMatchObject({ code: 'cancelled' })
  expect(ran).toBe(false)
  await jobs.close()
})

it('a job that fails before it begins gives its turn back', async () => {
  const jobs = createJobs()
  const broken = () => {
    throw new Error('cannot begin')
  }
  for (let n = 0; n < limits.jobs; n++)
    await expect(jobs.watch('job', broken, { signal: never, onProgress })).rejects.toThrow('cannot begin')
  expect(await jobs.watch('job', () => Promise.resolve('ran'), { signal: never, onProgress })).toBe('ran')
  await jobs.close()
})
