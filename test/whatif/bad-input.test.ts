/** What a trace lacks for a replay is said with the command that would bring it, and the rest is answered. */
import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import type { Trace } from '#shared/model/trace.ts'
import { run as replay } from '#electron/engine/whatif-run.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { pilotOf } from '#shared/whatif/replay.ts'
import { workloadOf } from '#shared/whatif/workload.ts'
import { at, traceOf } from '../support/import-text.ts'

const DAX = 'dev 259:0 ino 0xc shared WRITE|USER address 0x7f0000000000 pgoff'

/** One write fault of a page; `done` false: its end is lost. */
function fault(us: number, pid: number, page: number, done = true): string[] {
  const lines = [
    at(us, pid, 'page_fault_user: address=0x7f0000000000 ip=0x402142 error_code=0x6'),
    at(us + 2, pid, `dax_pte_fault: ${DAX} 0x${page.toString(16)} `),
  ]
  return done ? [...lines, at(us + 40, pid, `dax_pte_fault_done: ${DAX} 0x${page.toString(16)} NOPAGE`)] : lines
}

function faults(count: number, options: { readonly lostAt?: number } = {}): string[] {
  return Array.from({ length: count }, (_, i) => fault(i * 100, 42, i, i !== options.lostAt)).flat()
}

function refusal(trace: Trace): ApiError {
  try {
    workloadOf(trace)
  } catch (error) {
    if (error instanceof ApiError) return error
  }
  throw new Error('it was not refused')
}

describe('a trace that cannot be replayed as it is', () => {
  it('without operations says so, and how to record them', () => {
    const error = refusal(traceOf(at(0, 42, 'sched_waking: comm=task43 pid=43 prio=120 target_cpu=000')))
    expect(error.message).toMatch(/it has no operations/)
    expect(error.hint).toMatch(/trace-cmd record .*-e fs_dax/)
  })

  it('with waits only says so, and what can answer who waited', () => {
    const error = refusal(
      traceOf(
        at(0, 42, 'contention_begin: 00000000bc512a5b (flags=WRITE)'),
        at(90, 42, 'contention_end: 00000000bc512a5b (ret=0)'),
      ),
    )
    expect(error.message).toMatch(/waits for locks and no operations/)
    expect(error.hint).toMatch(/faultline contention, where .* was waited for longest, 90.* µs in 1 wait$/)
  })

  it('with a clock that counts ticks says so, and answers waits in ticks', () => {
    const whole = traceOf(
      ...fault(0, 42, 1),
      at(0, 43, 'contention_begin: 00000000bc512a5b (flags=WRITE)'),
      at(90, 43, 'contention_end: 00000000bc512a5b (ret=0)'),
    )
    const error = refusal({ ...whole, meta: { ...whole.meta, clock: 'x86-tsc', clockUnit: 'tick' } })
    expect(error.message).toMatch(/its clock x86-tsc counts ticks, not time$/)
    expect(error.hint).toMatch(/trace-cmd record -C mono .*waited for longest, 90 000 ticks in 1 wait$/)
  })

  it('without what a replay needs says what else can be asked', () => {
    expect(refusal(traceOf(at(0, 42, 'sched_waking: comm=task43 pid=43 prio=120 target_cpu=000'))).hint).toMatch(
      /what it can answer: faultline doctor/,
    )
  })

  it('with events lost in the middle replays the operations that are whole, and says what is missing', async () => {
    const whole = traceOf(...faults(30, { lostAt: 15 }))
    const trace = { ...whole, meta: { ...whole.meta, lostEvents: 7 } }
    const workload = workloadOf(trace)
    expect(workload.tasks[0].ops.length).toBeLessThan(31)
    expect(workload.missing.join('\n')).toMatch(/7 events were lost.*larger buffers \(trace-cmd record -b/)
    const pilot = pilotOf(workload, parseStrategy('K'), workload.fs)
    const again = await replay({ workload, pilot, strategy: 'K', seed: 1, demands: 'exact' })
    expect(again.figures.ops[0].count).toBe(workload.tasks[0].ops.length)
  })

  it('without scheduling and lock events says what counts as work instead', () => {
    const { missing } = workloadOf(traceOf(...faults(5)))
    expect(missing.join('\n')).toMatch(/waiting for a CPU counts as work: record sched:sched_switch/)
    expect(missing.join('\n')).toMatch(/waiting counts as work: record lock:contention_begin/)
  })
})

describe('arrival of operations', () => {
  const trace = traceOf(...faults(30))

  it('is open where operations begin at a steady pace, by evidence', () => {
    const uneven = Array.from({ length: 30 }, (_, i) => fault(i * 100 + (i % 7) * 13, 42, i)).flat()
    expect(workloadOf(traceOf(...uneven)).tasks[0].arrival).toBe('closed')
  })

  it.each([[{ task42: 'open' }], [{ '42': 'open' }], ['open']] as const)('is as asked for by %j', (arrival) => {
    expect(workloadOf(trace, { arrival }).tasks[0]).toMatchObject({ arrival: 'open', evidence: 'as asked for' })
  })

  it('of a task that is not there is refused', () => {
    expect(() => workloadOf(trace, { arrival: { nobody: 'open' } })).toThrow(/no task 'nobody' with operations/)
  })
})

describe('calibration', () => {
  const { calibration } = workloadOf(traceOf(...faults(30)))

  it('has the median of every operation and phase by outcome', () => {
    expect(calibration.phases.find(({ op, phase }) => op === 'write_fault' && phase === 'dax_fault')).toMatchObject({
      outcome: 'ok',
      count: 30,
      medianNs: 38_000,
      sigma: 0,
      tail: null,
    })
  })

  it('says of each parameter whether it was measured, scaled or left default', () => {
    const sources = new Map(calibration.parameters.map(({ id, source }) => [id, source]))
    expect(sources.get('alloc')).toBe('scaled')
    expect(sources.get('fsyncBatch')).toBe('default')
  })
})
