/** What a replay takes from a recording's machine and locks: turns on a CPU, downgraded holds, work after the fault lock. */
import { describe, expect, it } from 'vitest'
import { run as replay } from '#electron/engine/whatif-run.ts'
import type { Trace } from '#shared/model/trace.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { pilotOf } from '#shared/whatif/replay.ts'
import { slicesOf } from '#shared/whatif/slices.ts'
import { workloadOf } from '#shared/whatif/workload.ts'
import { at, traceOf } from '../support/import-text.ts'

const MM = 'mm=ffff888100047c00 memcg_path='
const DAX = 'dev 259:0 ino 0xc shared WRITE|USER address 0x7f0000000000 pgoff'

function turn(us: number, from: number, to: number): string {
  return at(
    us,
    from,
    `sched_switch: prev_comm=task${from} prev_pid=${from} prev_prio=120 prev_state=R ==> next_comm=task${to} next_pid=${to} next_prio=120`,
  )
}

/** Two tasks that take turns on one CPU. */
function turns(count: number, turnUs: number): Trace {
  return traceOf(...Array.from({ length: count }, (_, i) => turn(i * turnUs, 42 + (i % 2), 42 + ((i + 1) % 2))))
}

function locking(us: number, pid: number, write: boolean): string[] {
  return [
    at(us, pid, `mmap_lock_start_locking: ${MM} write=${String(write)}`),
    at(us + 1, pid, `mmap_lock_acquire_returned: ${MM} write=${String(write)} success=true`),
  ]
}

/** A write fault under mmap_lock: 40 us in its handle, and `after` from there to the release. */
function fault(us: number, pid: number, { page, after }: { readonly page: number; readonly after: number }): string[] {
  return [
    at(us, pid, 'page_fault_user: address=0x7f0000000000 ip=0x402142 error_code=0x6'),
    ...locking(us + 2, pid, false),
    at(us + 10, pid, 'jbd2_handle_start: dev 259,0 tid 3 type 2 line_no 718 requested_blocks 25'),
    at(us + 15, pid, `dax_pte_fault: ${DAX} 0x${page.toString(16)} `),
    at(us + 45, pid, `dax_pte_fault_done: ${DAX} 0x${page.toString(16)} NOPAGE`),
    at(
      us + 50,
      pid,
      'jbd2_handle_stats: dev 259,0 tid 3 type 2 line_no 718 interval 0 sync 0 requested_blocks 25 dirtied_blocks 0',
    ),
    at(us + 50 + after, pid, `mmap_lock_released: ${MM} write=false`),
    at(us + 52 + after, pid, 'sys_getpid()'),
    at(us + 53 + after, pid, 'sys_getpid -> 0x2a'),
  ]
}

describe('turns on a CPU', () => {
  it("are measured against kernel 6.1's for two that wait once one is over: 8 ms are twice the 2 ms slice, and half a tick", () => {
    expect(slicesOf(turns(40, 8_000), 1)).toMatchObject({ scale: 2 })
  })

  it('of half that length end with the tick', () => {
    expect(slicesOf(turns(40, 4_000), 1)).toMatchObject({ scale: 1 })
  })

  it('are not judged by a handful', () => {
    expect(slicesOf(turns(10, 8_000), 1)).toBeUndefined()
  })

  it('that end for a task just woken tell nothing', () => {
    const woken = Array.from({ length: 40 }, (_, i) => [
      at(i * 8_000, 42, 'sched_waking: comm=task43 pid=43 prio=120 target_cpu=000'),
      turn(i * 8_000 + 10, 42, 43),
      at(
        i * 8_000 + 100,
        43,
        'sched_switch: prev_comm=task43 prev_pid=43 prev_prio=120 prev_state=S ==> next_comm=task42 next_pid=42 next_prio=120',
      ),
    ])
    expect(slicesOf(traceOf(...woken.flat()), 1)).toBeUndefined()
  })
})

describe('a hold of mmap_lock that is downgraded', () => {
  const trace = traceOf(
    ...fault(0, 42, { page: 0, after: 3 }),
    at(1_000, 43, 'sys_munmap(addr: 7f983c000000, len: 3bff000)'),
    ...locking(1_001, 43, true),
    at(1_010, 43, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
    at(1_510, 43, `mmap_lock_released: ${MM} write=false`),
    at(1_515, 43, 'sys_munmap -> 0x0'),
    ...fault(1_600, 42, { page: 1, after: 3 }),
  )
  const workload = workloadOf(trace)

  it('is exclusive for the one part and shared for the other', () => {
    const [step] = workload.tasks.flatMap(({ steps }) => steps.filter((one) => typeof one !== 'number'))
    expect(step).toMatchObject({ name: 'munmap', mode: 'exclusive', heldNs: 8_000, sharedNs: 500_000, afterNs: 5_000 })
  })

  it('is so again in the replay, which waits for nobody', async () => {
    const pilot = pilotOf(workload, parseStrategy('K'), workload.fs)
    const { figures } = await replay({ workload, pilot, strategy: 'K', baseline: 'K', seed: 1, demands: 'exact' })
    const held = figures.locks.filter((row) => row.class.includes('mmap_lock'))
    expect(held.map(({ mode }) => mode).sort()).toEqual(['exclusive', 'shared'])
    expect(held.find(({ mode }) => mode === 'exclusive')?.holdMaxNs).toBe(8_000)
    expect(held.find(({ mode }) => mode === 'shared')?.holdMaxNs).toBe(500_000)
    expect(held.every(({ contended }) => contended === 0)).toBe(true)
  })
})

describe('work after the fault lock is let go', () => {
  const trace = traceOf(...fault(0, 42, { page: 0, after: 300 }), ...fault(1_000, 42, { page: 1, after: 300 }))
  const workload = workloadOf(trace)

  it('is what lies between the end of the last handle and that of the fault', () => {
    expect(workload.tasks[0].ops.map(({ workNs }) => workNs.at(-1))).toEqual([300_000, 300_000])
  })

  it('is under mmap_lock in the replay and under no fault lock', async () => {
    const pilot = pilotOf(workload, parseStrategy('K'), workload.fs)
    const { figures } = await replay({ workload, pilot, strategy: 'K', baseline: 'K', seed: 1, demands: 'exact' })
    const of = (name: string) => figures.locks.find((row) => row.class.includes(name))?.holdMaxNs ?? NaN
    expect(of('mmap_lock')).toBeGreaterThan(300_000)
    expect(of('invalidate_lock')).toBeLessThan(100_000)
  })
})
