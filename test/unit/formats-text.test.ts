/** The text readers on input no recording shows often: damage, oddly named tasks, every way of losing events. */

import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { SKIP_CODES } from '#shared/model/diagnostics.ts'
import { ftraceReader } from '#shared/formats/ftrace-text.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { CONTEXT_HARDIRQ, CONTEXT_NMI, CONTEXT_SOFTIRQ, CONTEXT_TASK, Recorder } from '#shared/spans/recorder.ts'
import { eventsOf, fingerprint, readText, type TextFormat } from '../support/read-text.ts'

const EVENT = '          flwork-9217    [001] .....  1146.849380: sys_write -> 0x2'

function read(text: string | Buffer, format: TextFormat = 'ftrace') {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const result = readText(format, bytes)
  for (const options of [{ chunk: 1 }, { chunk: 7 }, { columns: false }]) {
    if (bytes.length < 100_000) expect(fingerprint(readText(format, bytes, options))).toBe(fingerprint(result))
  }
  const { reader } = result
  expect(reader.events + reader.others + reader.skipped).toBe(reader.lines)
  return {
    ...result,
    events: eventsOf(result),
    diagnostics: Object.fromEntries(result.trace.diagnostics.map((d) => [d.code, [d.firstLine, d.count]])),
  }
}

/** A good event line with another time, in microseconds after the first. */
function at(us: number, body = 'sys_write -> 0x2', task = '          flwork-9217 ', cpu = '001'): string {
  return `${task}   [${cpu}] .....  1146.${String(849_380 + us).padStart(6, '0')}: ${body}`
}

function only(line: string, format: TextFormat = 'ftrace') {
  const { events } = read(`${line}\n`, format)
  expect(events.length).toBe(1)
  return events[0]
}

it('times of a report without a unit are ticks, and that is said: --raw-ts looks the same', () => {
  const text = (time: string) => `cpus=2\n          flwork-9065  [000]${time}: x:                    y\n`
  for (const time of ['1144886371093', ' 44886371093']) {
    const { trace, diagnostics } = read(text(time), 'trace-cmd-report')
    expect(trace.meta.clockUnit).toBe('tick')
    expect(diagnostics['times-without-unit']).toEqual([undefined, 1])
  }
  expect(read(text('  1144.886371'), 'trace-cmd-report').diagnostics['times-without-unit']).toBeUndefined()
})

it.each([
  ['the same time', [0, 5, 9], [1, 4, 8], true],
  ['a longer time', [3, 5], [1, 9], true],
  ['the time after', [0, 5, 9], [10, 12], false],
  ['a time before: the machine was started again', [20, 25], [1, 9], false],
])('traces in a row, the second one of %s', (_, first, second, told) => {
  const trace = (times: readonly number[]) => ['# tracer: nop', '#', ...times.map((us) => at(us)), ''].join('\n')
  const { diagnostics } = read(`${trace(first)}${trace(second)}`)
  expect(diagnostics['overlapping-traces']).toEqual(told ? [first.length + 3, 1] : undefined)
  expect(diagnostics['out-of-order']).toBeUndefined()
})

describe('line ends', () => {
  const lines = [at(0, 'sys_write(fd: 1, buf: 7f00)'), at(1, 'x: a=1'), at(2, 'sys_write -> 0x2'), at(3, 'x: a=1')]
  const payloads = (text: string) => read(text).events.map(({ payload }) => payload)

  it.each(['\r\n', '\r\r\n'])('%j', (end) => {
    const twice = [...lines, ...lines.map((line) => line.replace('849', '850'))]
    expect(payloads(`${twice.join(end)}${end}`)).toEqual(payloads(`${twice.join('\n')}\n`))
  })

  it('with blanks before them leave the parenthesis of a system call out', () => {
    expect(payloads(`${lines[0]}   \n`)).toEqual(['fd: 1, buf: 7f00'])
  })
})

describe('tasks', () => {
  it.each([
    ['jbd2/loop0-8-26565', 'jbd2/loop0-8', 26565],
    ['<...>-30472', '<...>', 30472],
    ['kworker/u8:6-2613', 'kworker/u8:6', 2613],
    ['a [001] b-12', 'a [001] b', 12],
    ['x-1 [000] y-77', 'x-1 [000] y', 77],
    ['writer [0]-456', 'writer [0]', 456],
    ['1-2-3', '1-2', 3],
    ['-5', '', 5],
    ['naïve ☃-9', 'naïve ☃', 9],
  ])('%s is split at its last dash', (task, comm, pid) => {
    const event = only(`${task.padStart(20)}   [002] d.h1.  5.000001: x: y`)
    expect([event.comm === '<...>' && comm === '' ? '' : event.comm, event.pid, event.cpu]).toEqual([comm, pid, 2])
  })

  it('a comm that is itself the start of an event line is still a comm', () => {
    const line = `${'a-1 [0] 1.0: b'.padStart(16)}-77      [002] d.h1.  5.000001: x: y`
    expect(only(line)).toMatchObject({ comm: 'a-1 [0] 1.0: b', pid: 77, cpu: 2, name: 'x' })
  })

  it('the payload cannot be taken for the task', () => {
    const line = at(0, 'print: a-1 [000] d..2. 1.000001: lock_acquire: not an event')
    expect(only(line)).toMatchObject({ pid: 9217, name: 'print', payload: expect.stringContaining('a-1') as string })
  })

  it('has the last of its names, also one it had before', () => {
    const line = (us: number, comm: string, cpu = '001') => at(us, 'x: y', `${comm.padStart(16)}-500 `, cpu)
    const names = (...lines: readonly string[]) => read(`${lines.join('\n')}\n`).trace.tasks.map(({ comm }) => comm)
    const worker = Array.from({ length: 4 }, (_, i) => line(i, 'worker'))
    const sh = [line(10, 'sh'), line(11, 'sh')]
    const again = [line(20, 'worker'), line(21, 'worker')]
    expect(names(...worker, ...sh)).toEqual(['sh'])
    expect(names(...worker, ...sh, ...again)).toEqual(['worker'])
    expect(names(...worker, ...sh, ...again, line(22, '<...>'))).toEqual(['worker'])
    // On another CPU meanwhile: what the first one remembers of its last line is out of date.
    expect(names(...worker, line(10, 'sh', '000'), line(11, 'sh', '000'), ...again)).toEqual(['worker'])
    const short = (us: number, comm: string, cpu: number) =>
      `${comm.padStart(8)}-500     ${cpu}..... ${1000 + us}us : x: y`
    expect(names(short(0, 'worker', 0), short(1, 'sh', 1), short(2, 'worker', 0), short(3, 'worker', 1))).toEqual([
      'worker',
    ])
  })

  it('the idle task exists once per CPU', () => {
    const idle = (cpu: string, us: number) => at(us, 'x: y', '          <idle>-0    ', cpu)
    const { trace } = read([idle('000', 0), idle('001', 1), idle('000', 2)].join('\n') + '\n')
    expect(trace.tasks.map(({ pid, comm }) => [pid, comm])).toEqual([
      [0, '<idle>'],
      [0, '<idle>'],
    ])
  })

  it('a thread that renames itself stays one task with its last name', () => {
    const { trace } = read([at(0), at(1, 'x: y', '             cat-9217 '), at(2)].join('\n') + '\n')
    expect(trace.tasks).toEqual([{ pid: 9217, tgid: undefined, comm: 'flwork' }])
  })

  it('the thread group comes from record-tgid, and dashes there mean unknown', () => {
    const line = (tgid: string) => `           flwork-31   (${tgid}) [000] .....  1.000001: x: y\n`
    expect(read(line('     30')).trace.tasks[0].tgid).toBe(30)
    expect(read(line('-------')).trace.tasks[0].tgid).toBeUndefined()
  })
})

it.each([
  ['function', ['vfs_write', 'vfs_read [ext4]', '0', '0xffffffffc0de']],
  ['wakeup_rt', ['ttwu_do_activate.constprop.0', '__schedule']],
])('functions of the %s tracer without their callers are functions', (tracer, functions) => {
  const lines = (bodies: readonly string[]) => bodies.map((body, i) => at(i, body)).join('\n')
  const { events, trace } = read(`# tracer: ${tracer}\n#\n${lines(functions)}\n`)
  expect(events.map(({ name, payload }) => [name, payload])).toEqual(functions.map((body) => ['function', body]))
  expect(trace.diagnostics).toEqual([])
  expect(
    read(`# tracer: nop\n#\n${lines(['sys_write -> 0x2', ...functions])}\n`).diagnostics['unparsed-line'],
  ).toBeDefined()
})

describe('contexts', () => {
  it.each([
    ['d.h1.', CONTEXT_HARDIRQ],
    ['d.H1.', CONTEXT_HARDIRQ],
    ['d.s1.', CONTEXT_SOFTIRQ],
    ['d.Z1.', CONTEXT_NMI],
    ['d.z1', CONTEXT_NMI],
    ['dNs2', CONTEXT_SOFTIRQ],
    // PREEMPT_RT: irqs-off, need-resched, need-resched-lazy, hardirq/softirq, three depths.
    ['dn.h413', CONTEXT_HARDIRQ],
    ['..Ls1..', CONTEXT_SOFTIRQ],
    ['dNLZf..', CONTEXT_NMI],
    ['..L.a.1', CONTEXT_TASK],
    ['d..b.', CONTEXT_TASK],
    ['.....', CONTEXT_TASK],
  ])('flags %s', (flags, context) => {
    expect(only(`  sh-1     [000] ${flags}   5.000001: x: y`).context).toBe(context)
    expect(only(`      sh-1       0${flags}  15us+: x: y`).context).toBe(context)
  })

  it('line by line where the columns are known', () => {
    const flags = ['....1..', 'dn.h413', '..L.1..', '...s1..', 'dNLZ2..']
    const text = flags.map((word, i) => `  sh-1     [000] ${word}   5.00000${i}: x: y\n`).join('')
    expect(read(text).events.map(({ context }) => context)).toEqual([
      CONTEXT_TASK,
      CONTEXT_HARDIRQ,
      CONTEXT_TASK,
      CONTEXT_SOFTIRQ,
      CONTEXT_NMI,
    ])
  })

  it('without a flags column everything is the task itself', () => {
    expect(only('  sh-1     [000]   5.000001: x: y').context).toBe(CONTEXT_TASK)
  })
})

describe('times', () => {
  it('nanoseconds beyond 2^53 stay exact', () => {
    const { trace, events } = read(
      ['  sh-1 [000] ..... 99999999999.000000001: x: y', '  sh-1 [000] ..... 99999999999.000000003: x: y', ''].join(
        '\n',
      ),
    )
    expect(trace.meta.startClock).toBe('99999999999000000001')
    expect(events.map(({ ts }) => ts)).toEqual([0, 2])
  })

  it('ticks beyond 2^53 stay exact', () => {
    const { trace, events } = read(
      '  sh-1 [000] ..... 18446744073709551610: x: y\n  sh-1 [000] ..... 18446744073709551615: x: y\n',
    )
    expect([trace.meta.startClock, trace.meta.clockUnit]).toEqual(['18446744073709551610', 'tick'])
    expect(events.map(({ ts }) => ts)).toEqual([0, 5])
  })

  it('events out of order are kept, counted, and the trace starts at the earliest', () => {
    const { events, diagnostics, trace } = read([at(10), at(5), at(20), at(7), ''].join('\n'))
    expect(events.length).toBe(4)
    expect(diagnostics).toEqual({ 'out-of-order': [2, 2], 'clock-step': [undefined, 2] })
    expect(trace.meta.startClock).toBe('1146849385000')
    expect(trace.meta.durationNs).toBe(15_000)
  })

  it('a time a thousand years away is damage and counted as skipped', () => {
    const { events, diagnostics } = read([at(0), EVENT.replace('1146.', '31536000000.'), at(1), ''].join('\n'))
    expect(events.length).toBe(2)
    expect(diagnostics).toEqual({ 'time-out-of-range': [2, 1] })
  })

  it('seconds and ticks in one file are remarked on once', () => {
    const { diagnostics } = read([at(0), '  sh-1 [000] ..... 17: x: y', at(1), ''].join('\n'))
    expect(diagnostics['mixed-clocks']).toEqual([2, 1])
  })

  it('the counter clock is told from other tick clocks', () => {
    const ticks = (step: number) =>
      Array.from({ length: 20 }, (_, i) => `  sh-1 [000] ..... ${1 + i * step}: x: y\n`).join('')
    expect(read(ticks(1)).trace.meta).toMatchObject({ clock: 'counter', clockUnit: 'tick' })
    expect(read(ticks(1000)).trace.meta).toMatchObject({ clock: 'unknown', clockUnit: 'tick' })
  })
})

describe('bodies', () => {
  it.each([
    [
      'lock_acquire: 00000000666de70a try read &newf->file_lock',
      'lock_acquire',
      '00000000666de70a try read &newf->file_lock',
    ],
    ['sys_write(fd: 1, buf: 0x55d8, count: 2)', 'sys_write', 'fd: 1, buf: 0x55d8, count: 2'],
    ['sys_getpid()', 'sys_getpid', ''],
    ['sys_write -> 0x2', 'sys_write', '-> 0x2'],
    ['ext4_map_blocks <-ext4_getblk', 'function', 'ext4_map_blocks <-ext4_getblk'],
    ['f [ext4] <-g [ext4]', 'function', 'f [ext4] <-g [ext4]'],
    ['dax_fault(vmf=0x1, order=0) <-handle_mm_fault', 'function', 'dax_fault(vmf=0x1, order=0) <-handle_mm_fault'],
    ['tracing_mark_write:   leading blanks: kept', 'tracing_mark_write', '  leading blanks: kept'],
    ['# 5f0 buf: 01 02', 'raw_data', '# 5f0 buf: 01 02'],
    ['ext4_punch_hole: dev 7,0 mode ', 'ext4_punch_hole', 'dev 7,0 mode '],
    ['no_payload:', 'no_payload', ''],
    ['  8,0    3  1 Q R', '(unnamed)', '  8,0    3  1 Q R'],
  ])('%s', (body, name, payload) => {
    // Twice: the second time the columns are known.
    const { events } = read(`${at(0, body)}\n${at(1, body)}\n`)
    expect(events.map((event) => [event.name, event.payload])).toEqual([
      [name, payload],
      [name, payload],
    ])
  })

  it('report: padding and time differences are no payload', () => {
    const line = (body: string) => `          flwork-9065  [000]  1144.886371: ${body}`
    expect(only(line('sys_exit_write:       0x2'), 'trace-cmd-report')).toMatchObject({
      name: 'sys_exit_write',
      payload: '0x2',
    })
    expect(only(line('(+15)    page_fault_user:      address=0x1'), 'trace-cmd-report')).toMatchObject({
      name: 'page_fault_user',
      payload: 'address=0x1',
    })
  })

  it('a payload beyond the limit is cut with a diagnostic', () => {
    const { events, diagnostics } = read(`${at(0, `x: ${'y'.repeat(limits.eventArgsBytes + 5)}`)}\n`)
    expect(events[0].payload.length).toBe(limits.eventArgsBytes)
    expect(diagnostics['event-args-cut'][1]).toBe(1)
  })

  it('more event names than ids are counted, and their events kept', () => {
    const lines = Array.from({ length: limits.names + 10 }, (_, i) => at(0, `e${i}: x`))
    const { reader, trace } = readText('ftrace', Buffer.from(lines.join('\n') + '\n'))
    expect(reader.events).toBe(limits.names + 10)
    expect(trace.diagnostics.find(({ code }) => code === 'too-many-event-names')?.count).toBe(10)
  })
})

describe('stacks', () => {
  const stack = (us: number, ...frames: string[]) => [at(us, '<stack trace>'), ...frames.map((frame) => ` => ${frame}`)]

  it('belong to the last event of their task, without addresses', () => {
    const other = at(1, 'other: z', '              sh-60   ', '000')
    const { events } = read([at(0), other, ...stack(2, 'inner', 'outer (ffffffff81000000)'), at(3), ''].join('\n'))
    expect(events.map(({ stack: frames }) => frames)).toEqual(['inner\nouter', undefined, undefined])
  })

  it('a user stack continues the kernel stack of its event', () => {
    const lines = [at(0), ...stack(1, 'kernel'), at(1, '<user stack trace>'), ' =>  <00007f12>', at(2), '']
    expect(read(lines.join('\n')).events[0].stack).toBe('kernel\n<00007f12>')
  })

  it('an interrupt between an event and its stack keeps both apart', () => {
    const lines = [at(0), at(1, 'sched_wakeup: a'), ...stack(2, 'irq'), ...stack(3, 'task'), '']
    expect(read(lines.join('\n')).events.map(({ stack: frames }) => frames)).toEqual(['task', 'irq'])
  })

  it('frames that follow no stack trace are skipped and counted', () => {
    const { diagnostics, reader } = read([' => lost_frame', at(0), ' => another', ''].join('\n'))
    expect(diagnostics['stack-frame-without-event']).toEqual([1, 2])
    expect(reader.skipped).toBe(2)
  })
})

describe('lost events', () => {
  const header = (counts: string) => `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${counts}   #P:4\n#\n`

  it('a buffer that lost nothing says 0, one without a header says nothing', () => {
    expect(read(`${header('1/1')}${EVENT}\n`).trace.meta).toMatchObject({ lostEvents: 0, cpus: 4 })
    expect(read(`${EVENT}\n`).trace.meta.lostEvents).toBeUndefined()
  })

  it('the header counts what was overwritten, and a CPU that starts late is told to the span builder', () => {
    const { trace, lost } = read(`${header('1/11')}##### CPU 1 buffer started ####\n${EVENT}\n`)
    expect(trace.meta.lostEvents).toBe(10)
    expect(lost).toEqual([{ cpu: 1, count: undefined }])
  })

  it('trace_pipe markers add up', () => {
    const { trace, lost } = read(`CPU:1 [LOST 5 EVENTS]\n${EVENT}\nCPU:0 [LOST 6 EVENTS]\n${at(1)}\n`)
    expect(trace.meta.lostEvents).toBe(11)
    expect(lost).toEqual([
      { cpu: 1, count: 5 },
      { cpu: 0, count: 6 },
    ])
  })

  it('report markers without a number leave the total unknown rather than 0', () => {
    const event = '          flwork-9065  [000]  1144.886371: sys_exit_write:       0x2\n'
    expect(read(`cpus=2\n${event}`, 'trace-cmd-report').trace.meta).toMatchObject({ lostEvents: 0, cpus: 2 })
    const unknown = read(`cpus=2\nCPU:0 [EVENTS DROPPED]\n${event}`, 'trace-cmd-report')
    expect(unknown.trace.meta.lostEvents).toBeUndefined()
    expect(unknown.lost).toEqual([{ cpu: 0, count: undefined }])
    const known = read(`cpus=2\nCPU:0 [EVENTS DROPPED]\n${event}CPU:1 [7 EVENTS DROPPED]\n${event}`, 'trace-cmd-report')
    expect(known.trace.meta.lostEvents).toBe(7)
  })
})

describe('bad input', () => {
  it('garbage lines are counted with the first line number and a sample', () => {
    const { trace, reader } = read([at(0), 'what is this', at(1), '\0\0\0', 'and this', ''].join('\n'))
    expect(reader.events).toBe(2)
    expect(trace.diagnostics).toEqual([
      {
        severity: 'warning',
        code: 'unparsed-line',
        message: expect.stringContaining('what is this') as string,
        firstLine: 2,
        count: 3,
      },
    ])
    expect(SKIP_CODES).toContain('unparsed-line')
  })

  it('a last line without newline is read and remarked on', () => {
    const { events, diagnostics } = read(`${at(0)}\n${at(1)}`)
    expect(events.length).toBe(2)
    expect(diagnostics).toEqual({ 'unfinished-last-line': [2, 1] })
  })

  it('a line cut in its header is counted as skipped', () => {
    for (const length of [5, 20, 30, 45, 55]) {
      const { events, reader } = read(`${at(0)}\n${at(1).slice(0, length)}`)
      expect([events.length, reader.skipped]).toEqual([1, 1])
    }
  })

  it('lines beyond the limit are skipped in bounded memory, however they are cut', () => {
    const long = Buffer.concat([
      Buffer.from(`${at(0)}\n`),
      Buffer.alloc(10 * 1024 * 1024, 0x78),
      Buffer.from(`\n${at(1)}\n`),
    ])
    for (const chunk of [long.length, 65_536, 1_000_003]) {
      const result = readText('ftrace', long, { chunk })
      expect(result.reader.events).toBe(2)
      expect(result.trace.diagnostics).toMatchObject([{ code: 'line-too-long', firstLine: 2, count: 1 }])
    }
    const unended = readText('ftrace', long.subarray(0, -100), { chunk: 65_536 })
    expect(unended.reader.skipped).toBe(1)
  })

  it('a line that never ends costs no memory', () => {
    const reader = ftraceReader(new Recorder(new TraceBuilder(new TraceCollector(), 'test', 'ftrace')))
    reader.push(Buffer.from(`${EVENT}\n`))
    const piece = Buffer.alloc(65_536, 0x78)
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 3_000; i++) reader.push(piece)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
  })

  it('a line of exactly the limit is read, one byte more is not', () => {
    const fill = (length: number) => Buffer.from(`${at(0)}\n${at(1, 'x: ').padEnd(length, 'y')}\n`)
    for (const chunk of [undefined, 4096]) {
      const options = chunk === undefined ? {} : { chunk }
      expect(readText('ftrace', fill(limits.lineBytes), options).reader.events).toBe(2)
      expect(readText('ftrace', fill(limits.lineBytes + 1), options).reader.events).toBe(1)
    }
  })

  it('NULs, invalid UTF-8 and CRLF inside events are kept or ignored, never fatal', () => {
    const odd = Buffer.concat([
      Buffer.from(`${at(0)}\r\n`),
      Buffer.from('   a'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('b-7    [000] .....  1146.900000: x: y'),
      Buffer.from([0, 0xc0, 0x80]),
      Buffer.from('z\r\n'),
    ])
    const { events } = read(odd)
    expect(events[0].payload).toBe('-> 0x2')
    expect(events[1]).toMatchObject({ comm: 'a\ufffd\ufffdb', pid: 7, payload: 'y\0\ufffd\ufffdz' })
  })

  it('the names of buffers and files are no part of comms, in any column', () => {
    const event = (source: string, task: string, rest: string) =>
      `${source}${' '.repeat(16 - task.lastIndexOf('-'))}${task} ${rest}: sys_exit_write:       0x2\n`
    const report = [
      'cpus=2\n',
      event('      ', '<...>-23700', '[001]  3588.911695'),
      event(' bar: ', 'bash-28124', '[001]  4009.271628'),
      'fo o: CPU:1 [7 EVENTS DROPPED]\n',
      event('fo o: ', 'foo: 2-b 1-28126', '[000]  4009.271629'),
      event(' bar: ', 'bash-28124', '[001]  4009.271630'),
      event('a/long/way/to/the/recording/of/another/machine.dat: ', 'fsync: 0-3', '[001]  4009.271631'),
    ]
    const found = read(report.join(''), 'trace-cmd-report')
    expect(found.events.map(({ comm, pid }) => `${comm} ${pid}`)).toEqual([
      '<...> 23700',
      'bash 28124',
      'foo: 2-b 1 28126',
      'bash 28124',
      'fsync: 0 3',
    ])
    expect(found.trace.meta.lostEvents).toBe(7)
    expect(Object.keys(found.diagnostics)).toEqual(['lost-events', 'several-buffers'])
    const latency = '      bar:     bash-28124   1d..2.  4009.271628: sys_exit_write:       0x2\n'
    expect(only(latency.trimEnd(), 'trace-cmd-report')).toMatchObject({ comm: 'bash', pid: 28124, cpu: 1 })
    const heads = '  a.dat: cpus=2\nb.dat.x: cpus=4\nb.dat.x: CPU 3 is empty\n'
    expect(read(heads + report[2], 'trace-cmd-report').trace.meta.cpus).toBe(4)
  })

  it('two traces in a row are told apart', () => {
    const trace = `# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/3   #P:2\n#\n${at(5)}\n`
    const { boundaries, diagnostics, trace: both } = read(trace + trace.replace('849385', '849380'))
    expect(boundaries).toBe(1)
    expect(diagnostics['several-traces']).toEqual([6, 1])
    expect(diagnostics['overlapping-traces']).toBeUndefined()
    expect(diagnostics['out-of-order']).toBeUndefined()
    expect(both.meta.lostEvents).toBe(4)
    const report = 'cpus=2\n          flwork-9065  [000]  1144.886371: x:                    y\n'
    expect(read(report + report, 'trace-cmd-report').boundaries).toBe(1)
  })

  it('an empty trace is a trace without events, not an error', () => {
    const { diagnostics, reader } = read('# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0   #P:2\n')
    expect([reader.events, reader.lines]).toEqual([0, 3])
    expect(Object.keys(diagnostics)).toEqual(['no-events'])
  })

  it.each([
    ['no line is an event', Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n')],
    ['hardly any line is', `${EVENT}\n${'nonsense\n'.repeat(10)}`],
    ['a million lines of nonsense', 'nonsense\n'.repeat(1_000_000)],
  ])('another format is refused with a sentence: %s', (_, text) => {
    let thrown: unknown
    try {
      readText('ftrace', Buffer.from(text))
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ApiError)
    expect(thrown).toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/^this is no tracefs text: /) as string,
    })
  })
})
