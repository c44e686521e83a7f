/** How recorded tasks begin: a barrier is told by who slept until the last one came, and by nothing else. */
import { expect, it } from 'vitest'
import { barriersOf } from '#shared/whatif/start.ts'
import type { WorkloadOp, WorkloadTask } from '#shared/whatif/workload.ts'

/** Came at `came`, and was ready for its first operation at `ready`, ms. */
function task(came: number, ready: number): WorkloadTask {
  const op: WorkloadOp = {
    kind: 'write_fault',
    file: 0,
    page: 0,
    pages: 1,
    placed: true,
    thinkCpuNs: 0,
    thinkSleepNs: (ready - came) * 1e6,
    readyNs: ready * 1e6,
    cpu: 0,
    startNs: ready * 1e6,
    durationNs: 1_000,
    commits: false,
    workNs: [1_000, 0, 0, 0, 0, 0],
    sleepNs: 0,
  }
  return { comm: 'w', mm: 1, arrival: 'closed', evidence: '', barrierNs: undefined, ops: [op], steps: [0] }
}

it('is at a barrier where all sleep until the last one comes', () => {
  expect(barriersOf([task(1, 9.01), task(4, 9.02), task(9, 9)])).toEqual(
    [10_000, 20_000, 0].map((ns) => expect.closeTo(ns, 0)),
  )
})

it('is no barrier where one begins before the last one comes', () => {
  expect(barriersOf([task(1, 5), task(4, 9.02), task(9, 9)])).toEqual([undefined, undefined, undefined])
})

it('is no barrier where nobody slept', () => {
  expect(barriersOf([task(1, 1), task(4, 4), task(9, 9)])).toEqual([undefined, undefined, undefined])
})

it('is no barrier where each pauses as long as the others before it begins', () => {
  expect(barriersOf([task(0, 10), task(1, 11), task(2, 12)])).toEqual([undefined, undefined, undefined])
})
