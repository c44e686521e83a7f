/** Names of system calls by number: the table of the recording's architecture, checked against this machine's headers. */

import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { syscallName } from '#shared/spans/syscall-numbers.ts'
import { traceOf } from '../support/proto.ts'
import { asChromeJson, asFtraceText, asPerfetto, differences, readBytes, spanWords } from '../support/round-trip.ts'

it.each([
  ['x86_64', 0, 'read'],
  ['x86_64', 7, 'poll'],
  ['x86_64', 232, 'epoll_wait'],
  ['x86_64', 285, 'fallocate'],
  ['x86_64', 334, 'rseq'],
  ['x86_64', 335, 'uretprobe'],
  ['x86_64', 337, 'syscall_337'],
  ['x86_64', 424, 'pidfd_send_signal'],
  ['x86_64', 451, 'cachestat'],
  ['x86_64', 469, 'file_setattr'],
  ['aarch64', 47, 'fallocate'],
  ['aarch64', 63, 'read'],
  ['aarch64', 82, 'fsync'],
  ['aarch64', 227, 'msync'],
  ['riscv64', 260, 'wait4'],
  ['s390x', 3, 'syscall_3'],
  ['constructor', 3, 'syscall_3'],
])('on %s %i is %s', (machine, number, name) => {
  expect(syscallName(machine, number)).toBe(name)
})

const HEADER = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'
it.skipIf(!existsSync(HEADER))('x86-64 has every name of the C library’s header', () => {
  const said = [...readFileSync(HEADER, 'utf8').matchAll(/^#define __NR_(\w+) (\d+)$/gm)]
  expect(said.length).toBeGreaterThan(300)
  for (const [, name, number] of said) expect([number, syscallName('x86_64', Number(number))]).toEqual([number, name])
})

it('an operation of a raw system call is named by the machine of the recording', () => {
  const kinds = (machine: string) => {
    const collector = new TraceCollector()
    const recorder = new Recorder(new TraceBuilder(collector, 'test', 'trace-dat'))
    recorder.builder.meta.machine = machine
    const { builder } = recorder
    const say = (ts: number, name: string, text: string) => {
      const bytes = Buffer.from(text)
      recorder.event(ts, 0, builder.task(5, 0), 0, builder.eventNamed(name), bytes, 0, bytes.length)
    }
    say(0, 'sys_enter', 'NR 82 (3, 0, 0, 0, 0, 0)')
    say(9, 'sys_exit', 'NR 82 = 0')
    recorder.end()
    const trace = collector.trace()
    return [...trace.op.cols.kind.subarray(0, trace.op.length)].map((kind) => trace.opKinds[kind])
  }
  expect([kinds('x86_64'), kinds('aarch64'), kinds('ppc64')]).toEqual([['rename'], ['fsync'], ['syscall_82']])
})

it('perf script says in its header which machine it was, Perfetto in its system info', () => {
  const text = (arch: string) => `# os release : 6.1.0
${arch}
worker     5 [000]     1.000000: raw_syscalls:sys_enter: NR 82 (3, 0, 0, 0, 0, 0)
worker     5 [000]     1.000009:  raw_syscalls:sys_exit: NR 82 = 0
`
  const packets = (names: Readonly<Record<number, string>>) =>
    traceOf(
      { 45: { 1: names }, 10: 1 },
      {
        1: {
          1: 0,
          2: [
            { 1: 1000, 2: 5, 329: { 1: 82, 2: [3, 0, 0, 0, 0, 0] } },
            { 1: 1009, 2: 5, 330: { 1: 82, 2: 0 } },
          ],
        },
        10: 1,
      },
    )
  const kinds = (format: 'perf-script' | 'perfetto', bytes: Uint8Array) => {
    const { trace } = readBytes(format, bytes)
    expect(trace.meta.kernel).toBe('6.1.0')
    return [...trace.op.cols.kind.subarray(0, trace.op.length)].map((kind) => trace.opKinds[kind])
  }
  expect(kinds('perf-script', Buffer.from(text('# arch : aarch64')))).toEqual(['fsync'])
  expect(kinds('perf-script', Buffer.from(text('#')))).toEqual(['rename'])
  expect(kinds('perfetto', packets({ 1: 'Linux', 3: '6.1.0', 4: 'aarch64' }))).toEqual(['fsync'])
  expect(kinds('perfetto', packets({ 1: 'Linux', 3: '6.1.0' }))).toEqual(['rename'])
})

it('an export carries the machine: read back, its raw system calls are the same ones', () => {
  const text = `# arch : aarch64
worker     5 [000]     1.000000: raw_syscalls:sys_enter: NR 82 (3, 0, 0, 0, 0, 0)
worker     5 [000]     1.000009:  raw_syscalls:sys_exit: NR 82 = 0
`
  const whole = readBytes('perf-script', Buffer.from(text))
  expect(spanWords(whole).op.join()).toContain('fsync')
  const back = [
    readBytes('ftrace', asFtraceText(whole)),
    readBytes('chrome-json', asChromeJson(whole)),
    readBytes('perfetto', asPerfetto(whole)),
  ]
  for (const one of back) {
    expect(one.trace.meta.machine).toBe('aarch64')
    expect(differences(whole, one)).toEqual([])
  }
})
