/**
 * Traces that went through a log: whatever dmesg, a console or the journal put before every line, the trace is that of the
 * lines alone. What is like a log's prefix and none stays.
 */

import { describe, expect, it } from 'vitest'
import { logPrefix } from '#shared/formats/log-prefix.ts'
import { sniff } from '#shared/formats/index.ts'
import { LINE_MARKS, LOG_PREFIX, LONG_TASK_NAMES } from '#shared/model/diagnostics.ts'
import { readFixture } from '../support/corpus.ts'
import { metaOf, readBytes, type Whole } from '../support/round-trip.ts'

const two = (n: number) => String(n).padStart(2, '0')
const micros = (line: number) => `${String(99 + Math.floor(line / 50)).padStart(5)}.${String((line * 123) % 1e6).padStart(6, '0')}` // prettier-ignore
const clock = (line: number) => `${two(17 + Math.floor(line / 3600))}:${two(Math.floor(line / 60) % 60)}:${two(line % 60)}` // prettier-ignore

/** What stands before line number so-and-so. */
const PREFIXES: Readonly<Record<string, (line: number) => string>> = {
  dmesg: (line) => `[${micros(line)}] `,
  'the console with levels': (line) => `<${line % 8}>[${micros(line)}] `,
  'levels without times': () => '<4>',
  'dmesg with callers': (line) => `[${micros(line)}][${line % 2 === 0 ? ' T9065' : '    C0'}] `,
  'dmesg -T': (line) => `[Mon Nov  2 ${clock(line)} 2026] `,
  syslog: (line) => `Nov 23 ${clock(line)} my-host kernel: [${micros(line)}] `,
  journalctl: (line) => `Nov  3 ${clock(line)} host.example app-1.sh[4711]: `,
  'journalctl -o short-iso': (line) => `2026-11-23T${clock(line)}+0000 host kernel: `,
  rsyslog: (line) => `2026-11-23T${clock(line)}.123456-05:00 host kernel: `,
  ts: (line) => `Nov 23 ${clock(line)} `,
  'a build log': (line) => `2026-11-23T${clock(line)}.1234567Z `,
}

const FILES = [
  ['ftrace', 'ftrace/stacktrace.txt'],
  ['ftrace', 'ftrace/latency-format.txt'],
  ['ftrace', 'ftrace/trace_pipe-lost.txt'],
  ['ftrace', 'ftrace/tgid.txt'],
  ['function-graph', 'function-graph/default.txt'],
  ['trace-cmd-report', 'trace-cmd-report/report.txt'],
  ['perf-script', 'perf-script/callgraph.txt'],
  ['perf-script', 'perf-script/meta.txt'],
] as const

/** Everything but the remark that there was a log. */
function seen(whole: Whole): object {
  const { meta, diagnostics, ...rest } = whole.trace
  const other = diagnostics.filter(({ code }) => code !== LOG_PREFIX && code !== LINE_MARKS)
  return { ...rest, chunks: whole.chunks, diagnostics: other, meta: metaOf(whole), clock: meta.startClock }
}

describe.each(FILES)('%s: %s', (format, file) => {
  const plain = Buffer.from(readFixture(file)).toString('latin1')
  const expected = seen(readBytes(format, Buffer.from(plain, 'latin1')))

  it.each(Object.keys(PREFIXES))('through %s', (name) => {
    const logged = plain.replaceAll(/^(?=.)|^(?=\n)/gms, '\0').split('\0')
    const text = logged.map((line, i) => (i === 0 ? line : `${PREFIXES[name](i)}${line}`)).join('')
    const bytes = Buffer.from(text, 'latin1')
    expect(sniff(bytes.subarray(0, 65_536)).id).toBe(format)
    for (const piece of [bytes.length, 1000]) {
      const whole = readBytes(format, bytes, piece)
      expect(whole.trace.diagnostics.filter(({ code }) => code === LOG_PREFIX).map(({ firstLine }) => firstLine)).toEqual([1]) // prettier-ignore
      expect(seen(whole)).toEqual(expected)
    }
  })
})

describe('no prefix of a log', () => {
  it.each([
    '  flwork-9065  [000] ..... 1144.886371: x: y',
    '[0]-7  [000] ..... 1144.886371: x: y',
    '[100.5] 7 [000] 1.000000: a:b: c',
    '[100.000246]x',
    '[100.000246',
    '<...>-77 [000] 1.0: x: y',
    '<idle>-0 [000] 1.0: x: y',
    'Nov 7 [000] 1.000000: a:b: c',
    'Mon Nov 23',
    'Nov 23 17:49',
    '2026-11 7 [000] 1.000000: a:b: c',
    '12 7 [000] 1.000000: a:b: c',
    '# tracer: nop',
    '',
  ])('%s', (text) => {
    const bytes = Buffer.from(text)
    expect(logPrefix(bytes, 0, bytes.length)).toBe(0)
  })

  it('a name and a number are no sender', () => {
    const line = 'comm 7 [000] 1.000000: a:b: c'
    const bytes = Buffer.from(`Nov 23 17:49:00 ${line}`)
    expect(bytes.subarray(logPrefix(bytes, 0, bytes.length)).toString()).toBe(line)
  })
})

it('what ftrace_dump prints around a trace when the kernel dies is none of its lines', () => {
  const lines = ['Kernel panic - not syncing: Fatal exception', 'Dumping ftrace buffer:', '-'.repeat(33)]
  lines.push(...[1, 2, 3].map((n) => `  flwork-9065      0..... ${n}us : sys_write -> 0x2`), '-'.repeat(33))
  const text = lines.map((line, i) => `[  100.00000${i}] ${line}\n`).join('')
  const { trace } = readBytes('ftrace', Buffer.from(text))
  expect(trace.meta.eventCount).toBe(3)
  expect(trace.tasks.map(({ comm }) => comm)).toEqual(['flwork'])
  expect(trace.diagnostics.find(({ code }) => code === 'unparsed-line')).toMatchObject({ count: 1, firstLine: 1 })
})

/** What stands before line number so-and-so, and behind it. */
const MARKS: Readonly<Record<string, (line: string, number: number) => string>> = {
  'cat -n': (line, number) => `${String(number).padStart(6)}\t${line}`,
  'grep -n': (line, number) => `${number * 3}:${line}`,
  'grep -n -C': (line, number) => `${number}${number % 3 === 1 ? ':' : '-'}${line}`,
  'grep -Hn': (line, number) => `logs/trace-1.txt:${number}:${line}`,
  'grep --color': (line) => line.replace(/\w+/, (word) => `\u001b[01;31m\u001b[K${word}\u001b[m\u001b[K`),
  'colours around lines': (line) => `\u001b[32m${line}\u001b[0m`,
  'grep -n --color': (line, number) =>
    `\u001b[32m\u001b[K${number}\u001b[m\u001b[K\u001b[36m\u001b[K:\u001b[m\u001b[K${line}`,
  'a log and grep -n': (line, number) => `${number}:[  100.000246] ${line}`,
}

describe.each(FILES)('%s: %s', (format, file) => {
  const plain = Buffer.from(readFixture(file)).toString('latin1')
  const expected = seen(readBytes(format, Buffer.from(plain, 'latin1')))

  it.each(Object.keys(MARKS))('printed by %s', (name) => {
    const lines = plain.replace(/\n$/, '').split('\n')
    const bytes = Buffer.from(lines.map((line, i) => `${MARKS[name](line, i + 1)}\n`).join(''), 'latin1')
    expect(sniff(bytes.subarray(0, 65_536)).id).toBe(format)
    for (const piece of [bytes.length, 1000]) {
      const whole = readBytes(format, bytes, piece)
      expect(whole.trace.diagnostics.map(({ code }) => code)).toContain(LINE_MARKS)
      expect(seen(whole)).toEqual(expected)
    }
  })
})

it('numbers that do not begin the first line or do not go up are of the lines', () => {
  const line = (task: string, n: number) => `${task}-9065    [000] .....  1144.88637${n}: x: y\n`
  const names = (text: string) => readBytes('ftrace', Buffer.from(text)).trace.tasks.map(({ comm }) => comm)
  expect(names(`# tracer: nop\n${line('12:abcdefghijklm', 1)}${line('13:abcdefghijklm', 2)}`)).toEqual([
    '13:abcdefghijklm',
  ])
  expect(names(`${line('7:    a', 1)}${line('7:b', 2)}`)).toEqual(['7:b'])
})

it('whatever else stands before the lines is told of', () => {
  const text = [1, 2, 3].map((n) => `web_${n}  |      flwork-9065    [000] .....  1144.88637${n}: x: y\n`).join('')
  const { trace } = readBytes('ftrace', Buffer.from(text))
  expect(trace.diagnostics.map(({ code, count }) => [code, count])).toEqual([[LONG_TASK_NAMES, 3]])
})
