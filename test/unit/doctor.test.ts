/** The trace doctor: what a trace can answer, what is missing for it, and never a claim about what was not recorded. */

import { describe, expect, it } from 'vitest'
import { doctor, type DoctorResult } from '#shared/analysis/doctor.ts'
import { SPAN_CONTENDED, type OpKind } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { traceOf } from '../support/small-trace.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { at, importText } from '../support/import-text.ts'

const run = (trace: Trace): DoctorResult => doctor.run(trace, {})
/** Of the four questions every trace is asked. */
const levels = ({ answers }: DoctorResult): string[] => answers.slice(0, 4).map(({ level }) => level)

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
    expect(result.record[0]).toContain('-e sched:sched_switch')
    const journal = run(
      withEvents(traceOf({ ops: [{ startNs: 1, durationNs: 9 }] }), ['ext4_punch_hole', 'sys_enter_write']),
    )
    const gap = journal.answers.find(({ question }) => question.startsWith('Waiting for the journal'))
    expect(gap).toMatchObject({ ok: false, record: 'trace-cmd record -C mono -e jbd2 -- COMMAND' })
  })

  it('has a command for every answer that is not there, and none for those that are', () => {
    const { answers } = run(withEvents(traceOf({ ops: [{ startNs: 1, durationNs: 9 }] }), ['lock:contention_begin']))
    for (const { ok, events, record } of answers) {
      if (ok) expect(record).toBeNull()
      else for (const event of events) expect(record).toContain(`-e ${event}`)
    }
    expect(answers.find(({ question }) => question === 'Which function asked for a lock')?.record).toContain(' -T ')
  })

  it('says how to have the holds of XFS without lockdep', () => {
    const spans = [{ requestedNs: 1, acquiredNs: 5, flags: SPAN_CONTENDED }]
    const asked = (names: readonly string[]) =>
      run(withEvents(traceOf({ spans }), names)).answers.find(({ question }) => question.includes('XFS'))
    expect(asked(['xfs:xfs_read_fault'])).toMatchObject({ ok: false, level: 'no' })
    expect(asked(['xfs:xfs_read_fault'])?.record).toContain('-e xfs:xfs_ilock -e')
    for (const known of ['xfs:xfs_ilock', 'lock_acquired'])
      expect(asked(['xfs:xfs_read_fault', known]), known).toBeUndefined()
    expect(asked(['ext4_punch_hole'])).toBeUndefined()
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

  it('does not call holds known where only mmap_lock prints its own', () => {
    const held = traceOf({ classes: [['mmap_lock', 'rwsem']], spans: [{ lock: 0, acquiredNs: 1, releasedNs: 3 }] })
    const own = ['contention_begin', 'mmap_lock_acquire_returned', 'mmap_lock_released']
    const [, holds] = run(withEvents(held, own)).answers
    expect(holds).toMatchObject({ level: 'partly', why: expect.stringContaining('mmap_lock') as string })
    expect(holds.record).toContain('-e lock:lock_acquired')
    expect(levels(run(withEvents(held, [...own, 'lock_acquire', 'lock_acquired'])))[1]).toBe('yes')
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
      'no lock:contention_end is in the trace: waits have no end',
      'no syscalls:sys_exit_* is in the trace: system calls have no end',
    ])
    expect(run(withEvents(traceOf({}), ['contention_begin', 'contention_end'])).findings).toEqual([])
  })

  it('has both halves in the command for a missing one', () => {
    const asked = ['lock:contention_begin', 'sys_enter_write', 'jbd2_handle_start', 'lock_acquired', 'page_fault_user']
    const commands = run(withEvents(traceOf({}), asked)).findings.map(({ record }) => record)
    expect(commands).toEqual([
      'trace-cmd record -C mono -e lock:contention_begin -e lock:contention_end -- COMMAND',
      'trace-cmd record -C mono -e lock:lock_acquire -e lock:lock_acquired -e lock:lock_contended -e lock:lock_release -- COMMAND',
      'trace-cmd record -C mono -e syscalls -- COMMAND',
      'trace-cmd record -C mono -e jbd2:jbd2_handle_start -e jbd2:jbd2_handle_stats -- COMMAND',
      'trace-cmd record -C mono -e exceptions:page_fault_user -e mmap_lock -- COMMAND',
    ])
  })

  it('keeps events that a kernel may not have out of the command for any kernel', () => {
    const trace = withEvents(traceOf({ ops: [{ startNs: 1, durationNs: 9 }] }), ['sys_enter_write', 'sys_exit_write'])
    const { record, recordings } = run(trace)
    expect(recordings.map(({ needs }) => needs)).toEqual([
      null,
      'a kernel with lockdep',
      'a kernel with DAX',
      'a kernel with ext4',
      'a kernel with XFS',
    ])
    expect(record).toEqual(recordings.map(({ command }) => command))
    expect(record[0]).not.toMatch(/lock:lock_|fs_dax|ext4|xfs|jbd2/)
    const known = withEvents(trace, ['sys_enter_write', 'sys_exit_write', 'lock_acquire', 'ext4_sync_file_enter'])
    expect(run(known).recordings.map(({ needs }) => needs)).toEqual([null, 'a kernel with DAX', 'a kernel with XFS'])
  })

  it('does not call answered what has no duration in the trace', () => {
    const faults = Array.from({ length: 12 }, (_, i) => ({ kind: 'fault' as const, startNs: i }))
    const latency = (ops: NonNullable<Parameters<typeof traceOf>[0]['ops']>) =>
      run(withEvents(traceOf({ ops }), ['page_fault_user'])).answers[2]
    expect(latency(faults)).toMatchObject({ level: 'no', why: expect.stringContaining('not one operation has an end') })
    expect(latency([...faults, { kind: 'write', startNs: 1, durationNs: 5 }])).toMatchObject({
      level: 'partly',
      why: 'most of these have no end in the trace, and so no duration: fault (12 of 12)',
      record: 'trace-cmd record -C mono -e exceptions:page_fault_user -e mmap_lock -- COMMAND',
    })
    const recorded = withEvents(traceOf({ ops: [...faults, { kind: 'write', startNs: 1, durationNs: 5 }] }), [
      'page_fault_user',
      'mmap_lock_released',
    ])
    const calls = 'trace-cmd record -C mono -p function_graph -g handle_mm_fault -- COMMAND'
    expect(run(recorded).answers[2].record).toBe(calls)
    expect(run(recorded).record.filter((command) => command === calls)).toHaveLength(1)
    const waits = [10, 20, 30].map((requestedNs) => ({ requestedNs, flags: SPAN_CONTENDED }))
    expect(run(withEvents(traceOf({ spans: waits }), ['contention_begin'])).answers[0]).toMatchObject({
      level: 'partly',
      why: 'no wait has an end in the trace: who waited is known, how long is not',
    })
  })

  it('does not take slices of a program for faults and system calls', () => {
    const one = traceOf({ ops: [{ startNs: 1, durationNs: 5 }] })
    const called = (name: string): Trace => ({ ...one, opKinds: one.opKinds.map(() => name) })
    const { answers } = run(withEvents(called('work'), ['work']))
    expect(answers[2].level).toBe('no')
    expect(answers.map(({ question }) => question)).not.toContainEqual(expect.stringContaining('mapping, allocating'))
    expect(run(withEvents(called('futex'), ['sys_enter_futex'])).answers[2].level).toBe('yes')
  })

  it('does not call faults and system calls told apart where neither is there, or none has an end', () => {
    const apart = (trace: Trace) => run(trace).answers.find(({ question }) => question.includes('faults alone'))
    const ops = [{ kind: 'fsync' as const, startNs: 1, durationNs: 5 }]
    expect(apart(withEvents(traceOf({ ops }), ['ext4_sync_file_enter']))).toMatchObject({
      level: 'no',
      why: expect.stringMatching(/^neither page faults nor system calls/),
    })
    const open = [{ kind: 'fsync' as const, startNs: 1, durationNs: NaN }]
    expect(apart(withEvents(traceOf({ ops: open }), ['sys_enter_fsync']))?.level).toBe('no')
  })

  it('does not say of uncontended lock events that there are none', () => {
    const taken = traceOf({ spans: [{ acquiredNs: 1, releasedNs: 5 }] })
    const [waits] = run(withEvents(taken, ['lock_acquire', 'lock_acquired', 'lock_release'])).answers
    expect(waits).toMatchObject({ level: 'partly', ok: false, maybeRecorded: true })
    expect(waits.why).toContain('no contention among them')
    expect(run(withEvents(traceOf({}), ['sched_switch'])).answers[0]).toMatchObject({
      level: 'no',
      maybeRecorded: true,
      why: 'no lock or contention events are in the trace: they were not recorded, or did not happen',
    })
  })

  it('finds the faults and system calls of a simulated run in its operations', () => {
    const answer = (...kinds: OpKind[]) => {
      const ops = kinds.map((kind, i) => ({ kind, startNs: i, durationNs: 1 }))
      const { answers } = run(withEvents(traceOf({ ops }), ['op_begin', 'op_end']))
      return answers.find(({ question }) => question.startsWith('Latency of page faults alone'))
    }
    expect(answer('read_fault', 'truncate')).toMatchObject({ level: 'yes', why: null })
    expect(answer('read_fault', 'commit')?.why).toContain('no system calls')
    expect(answer('truncate')?.why).toContain('no page faults')
  })

  it('says so when the trace is silent for a quarter of its time, and has no advice for a simulation', () => {
    const quiet = { ...traceOf({}), rate: { bucketNs: 10, counts: Uint32Array.of(4, 0, 0, 0, 0, 0, 0, 0, 0, 4) } }
    expect(run(quiet).findings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'silence: no event at all for 80 ns of 100 ns',
    ])
    expect(run(quiet).record).toEqual([])
  })
})

/** Events of CPUs at the given milliseconds, as tracefs prints them. */
function onCpus(cpus: readonly (readonly number[])[]): Trace {
  const events = cpus.flatMap((times, cpu) => times.map((ms) => ({ ms, cpu }))).sort((a, b) => a.ms - b.ms)
  const lines = events.map(({ ms, cpu }) => at(ms * 1000, 100 + cpu, 'sched_process_free: comm=x', { cpu }))
  return importText(Buffer.from(`# tracer: nop\n#\n${lines.join('\n')}\n`)).trace
}

describe('CPUs that say nothing', () => {
  const steady = Array.from({ length: 1000 }, (_, i) => i)
  const codes = (trace: Trace) => run(trace).findings.map(({ code, message }) => `${code}: ${message}`)

  it('a CPU that is silent for long, begins late or ends early is told about, with the places', () => {
    expect(codes(onCpus([steady, steady.filter((ms) => ms < 200 || ms >= 600)]))).toEqual([
      'cpu-gap: CPU 1 has no event from 199 ms to 600 ms: it was idle, or events were lost',
    ])
    expect(codes(onCpus([steady, steady.filter((ms) => ms >= 500)]))).toEqual([
      'cpu-begins-late: the first event of CPU 1 comes after 500 ms of 999 ms: it was idle, or its buffer was overwritten',
    ])
    expect(codes(onCpus([steady, steady.filter((ms) => ms < 500)]))).toEqual([
      'cpu-ends-early: the last event of CPU 1 comes after 499 ms of 999 ms: it was idle, or its buffer was full',
    ])
    expect(codes(onCpus([steady, steady]))).toEqual([])
  })

  it('of a clock that counts ticks the places are ticks', () => {
    const line = (tick: number, cpu: number) => `  sh-1 [00${cpu}] ..... ${tick}: x: y`
    const ticks = Array.from({ length: 1000 }, (_, i) => 1000 * (i + 1))
    const lines = ticks.flatMap((tick, i) => [line(tick, 0), ...(i < 200 || i >= 600 ? [line(tick + 1, 1)] : [])])
    const { trace } = importText(Buffer.from(`# tracer: nop\n#\n${lines.join('\n')}\n`))
    expect(trace.meta.clockUnit).toBe('tick')
    expect(codes(trace)).toContain(
      'cpu-gap: CPU 1 has no event from 199 001 ticks to 600 001 ticks: it was idle, or events were lost',
    )
    const quiet = { ...trace, rate: { bucketNs: 100_000, counts: Uint32Array.of(4, 0, 0, 0, 0, 0, 0, 0, 0, 4) } }
    expect(codes(quiet)).toContain('silence: no event at all for 800 000 ticks of 999 001 ticks')
  })

  it('a clock that steps back on one CPU is a warning with its size', () => {
    const lines = [5, 6, 7, 2, 3, 4].map((ms) => at(ms * 1000, 100, 'sched_process_free: comm=x'))
    const { findings } = run(importText(Buffer.from(`# tracer: nop\n#\n${lines.join('\n')}\n`)).trace)
    expect(findings.find(({ code }) => code === 'clock-step')).toMatchObject({
      message: 'the clock of CPU 0 steps back, by 5000000 ns at most',
      record: 'trace-cmd record -C mono -e EVENTS -- COMMAND',
    })
  })
})

describeWithCorpus('the doctor of real traces', () => {
  it('tells names that call stacks gave from holders that the order of events gave', () => {
    const { answers } = run(importText(readCorpus('nolockdep/nl-dax-ext4-contention-stacks.trace.txt')).trace)
    const said = answers.map(({ question }) => question).join('; ')
    expect(said).toMatch(/Names of 7 of 8 lock classes taken/)
    expect(said).not.toMatch(/Holders/)
  })

  it('finds the lockdep kernel complete, and a plain one short of holds', () => {
    expect(levels(run(importText(readCorpus('dax/dax-xfs-small.trace.txt')).trace))).toEqual([
      'yes',
      'yes',
      'yes',
      'yes',
    ])
    const plain = run(importText(readCorpus('nolockdep/nl-dax-ext4-medium.trace.txt')).trace)
    expect(levels(plain)[1]).toBe('partly')
    expect(plain.record[0]).not.toContain('lock:lock_')
    expect(plain.recordings.find(({ needs }) => needs === 'a kernel with lockdep')?.events).toContain(
      'lock:lock_acquire',
    )
  })
})
