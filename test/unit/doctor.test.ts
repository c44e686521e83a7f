/** The trace doctor: what a trace can answer, what is missing for it, and never a claim about what was not recorded. */

import { describe, expect, it } from 'vitest'
import { doctor, type DoctorResult } from '#shared/analysis/doctor.ts'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { traceOf } from '../support/small-trace.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'

const run = (trace: Trace): DoctorResult => doctor.run(trace, {})
const levels = ({ answers }: DoctorResult): string[] => answers.map(({ level }) => level)

function withEvents(trace: Trace, names: readonly string[]): Trace {
  const meta = { ...trace.meta, sourceFormat: 'ftrace' }
  return { ...trace, meta, eventNames: names, eventCounts: names.map(() => 3) }
}

describe('the trace doctor', () => {
  it('says what cannot be answered, why, and what to record', () => {
    const waits = withEvents(
      traceOf({
        spans: [{ requestedNs: 1, acquiredNs: 5, flags: SPAN_CONTENDED }],
        ops: [{ startNs: 1, durationNs: 9 }],
      }),
      [],
    )
    const result = run(waits)
    expect(levels(result)).toEqual(['yes', 'no', 'yes', 'no'])
    expect(result.answers[1].why).toContain('lockdep')
    expect(result.record).toHaveLength(1)
    expect(result.record[0]).toContain('-e sched:sched_switch')
    expect(result.record[0]).not.toContain('syscalls')
  })

  it('does not call holds known when some classes have none', () => {
    const trace = traceOf({
      classes: [
        ['A', 'mutex'],
        ['B', 'mutex'],
      ],
      locks: [0, 1],
      spans: [
        { lock: 0, acquiredNs: 1, releasedNs: 3 },
        { lock: 1, requestedNs: 1, acquiredNs: 3, flags: SPAN_CONTENDED },
      ],
    })
    const [, holds] = run(trace).answers
    expect(holds).toMatchObject({ level: 'partly', ok: false, why: expect.stringContaining('1 of 2') as string })
  })

  it('knows waits by their events, with or without the system before the name', () => {
    for (const name of ['contention_begin', 'lock:contention_begin']) {
      expect(levels(run(withEvents(traceOf({}), [name])))[0]).toBe('yes')
    }
    expect(levels(run(withEvents(traceOf({}), ['sched_switch'])))[0]).toBe('no')
  })

  it('misses the other half of events that only mean something together', () => {
    const messages = run(withEvents(traceOf({}), ['lock:contention_begin', 'sys_enter_write'])).findings.map(
      ({ message }) => message,
    )
    expect(messages).toEqual([
      'lock:contention_end was not recorded: waits have no end',
      'syscalls:sys_exit_* was not recorded: system calls have no end',
    ])
    expect(run(withEvents(traceOf({}), ['contention_begin', 'contention_end'])).findings).toEqual([])
  })

  it('says so when the trace is silent for a quarter of its time, and has no advice for a simulation', () => {
    const quiet = { ...traceOf({}), rate: { bucketNs: 10, counts: Uint32Array.of(4, 0, 0, 0, 0, 0, 0, 0, 0, 4) } }
    expect(run(quiet).findings.map(({ code }) => code)).toEqual(['silence'])
    expect(run(quiet).record).toEqual([])
  })
})

describeWithCorpus('the doctor of real traces', () => {
  it('finds the lockdep kernel complete, and a plain one short of holds', () => {
    expect(levels(run(importText(readCorpus('dax/dax-xfs-small.trace.txt')).trace))).toEqual([
      'yes',
      'yes',
      'yes',
      'yes',
    ])
    const plain = run(importText(readCorpus('nolockdep/nl-dax-ext4-medium.trace.txt')).trace)
    expect(levels(plain)[1]).toBe('partly')
    expect(plain.record[0]).toContain('lock:lock_acquire')
  })
})
