/** What input is taken for: the two formats by their lines, everything else by its name and with a way out. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { ApiError } from '#shared/base/errors.ts'
import { compressionOf } from '#shared/formats/foreign.ts'
import { formats, sniff } from '#shared/formats/index.ts'
import { corpusPath, describeWithCorpus, readFixture, repoRoot } from '../support/corpus.ts'
import { expectLinear } from '../support/growth.ts'

function refusal(head: Uint8Array | string): ApiError {
  try {
    sniff(typeof head === 'string' ? Buffer.from(head, 'latin1') : head)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('it was taken for a trace')
}

describe('input that is no trace is refused by name, with a hint', () => {
  it.each([
    ['an empty file', '', /an empty file/],
    ['a JPEG', '\xff\xd8\xff\xe0\0\x10JFIF', /a JPEG picture/],
    ['a PNG', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR', /a PNG picture/],
    ['a PDF', '%PDF-1.7\n', /a PDF document/],
    ['an ELF file', '\x7fELF\x02\x01\x01', /an ELF program/],
    ['a SQLite database', 'SQLite format 3\0\x10\0', /an SQLite database/],
    ['a ZIP archive', 'PK\x03\x04\x14\0', /a ZIP archive/],
    ['an xz file', '\xfd7zXZ\0\0\x04', /an xz-compressed file/],
    ['a gzip file in a gzip file', '\x1f\x8b\x08\0', /inside a compressed file/],
    ['UTF-32 text', '\xff\xfe\0\0#\0\0\0', /UTF-32/],

    ['CTF metadata', '/* CTF 1.8 */\n\ntrace {\n\tmajor = 1;\n', /a CTF trace/],
    ['a CTF stream', '\xc1\x1f\xfc\xc1\x41\x24C)', /a CTF trace/],
    ['JSON of perf', '{\n\t"linux-perf-json-version": 1,\n\t"headers": {\n', /JSON of perf data convert/],
    ['perf trace', '     0.013 ( 0.003 ms): wl/29680 fsync(fd: 4) = 0\n', /text of perf trace/],
    ['perf sched timehist', '           time    cpu  task name             wait time\n', /a table of perf sched/],
    ['perf sched latency', '  Task                  |   Runtime ms  |  Count   |\n', /a table of perf sched/],
    ['JSON', '{"name": "x", "events": []}', /JSON/],
    ['HTML', '<!DOCTYPE html>\n<html>', /web page/],
    ['prose', 'Dear diary,\ntoday I traced a kernel.\n', /text in which no line is an event/],
    ['random bytes', String.fromCharCode(...Array.from({ length: 300 }, (_, i) => (i * 37) % 256)), /binary data/],
    ['a C program', '#include <stdio.h>\nint main(void) {\n  return 0;\n}\n', /text in which no line is an event/],
  ])('%s', (_, head, looksLike) => {
    const error = refusal(head)
    expect(error.code).toBe('bad-input')
    expect(error.message).toMatch(/^cannot import this: it looks like /)
    expect(error.message).toMatch(looksLike)
    expect(error.hint).toBeTruthy()
  })

  it('text of function_graph is known by its header and by its lines', () => {
    const graph =
      '# tracer: function_graph\n#\n# CPU  DURATION                  FUNCTION CALLS\n 0) + 32.879 us   |  f();\n'
    expect(sniff(Buffer.from(graph)).id).toBe('function-graph')
    expect(sniff(Buffer.from(' 0) + 32.879 us   |  f();\n'.repeat(9))).id).toBe('function-graph')
  })

  it('text with one line in fifty that could be an event is no trace', () => {
    const event = '          flwork-9217    [001] .....  1146.849380: sys_write -> 0x2\n'
    expect(refusal(`${'prose, prose\n'.repeat(49)}${event}`).message).toContain('no line is an event')
  })

  it('the work of a refusal grows with the text, not with its square, whatever the text', () => {
    for (const unit of [' ', '\n', '1 ', '[', '-1'])
      for (const around of ['', 'a'])
        expectLinear(65_536, JSON.stringify(around + unit), (size) => {
          const hostile = around + unit.repeat(size / unit.length) + around
          return () => void refusal(hostile)
        })
  })
})

describe('traces are recognised', () => {
  it('although damaged at the beginning', () => {
    const damaged = Buffer.concat([Buffer.from('\0\0garbage\nmore garbage\n'), readFixture('ftrace/dax-xfs.txt')])
    expect(sniff(damaged).id).toBe('ftrace')
  })

  it('from a single event line without newline', () => {
    expect(sniff(Buffer.from('  sh-1 [000] .... 1.000001: x: y')).id).toBe('ftrace')
  })

  it('although perf tells of more tasks than are looked at before the first event', () => {
    const mapped =
      '         swapper     0 [000]     0.000000000: PERF_RECORD_MMAP2 12862/12862: [0x7f56(0x2000) @ 0]: r-xp x\n'
    expect(sniff(Buffer.from(mapped.repeat(800))).id).toBe('perf-script')
    const dumped = '0 83904135600 0x1b8 [0x50]: PERF_RECORD_MMAP -1/0: [0xffff(0x12) @ 0]: x _text\n. ... raw event\n'
    expect(refusal(dumped.repeat(400)).message).toContain('no line is an event')
  })

  it('from a header without any event', () => {
    expect(sniff(Buffer.from('# tracer: nop\n#\n# entries-in-buffer/entries-written: 0/0   #P:2\n')).id).toBe('ftrace')
    expect(sniff(Buffer.from('cpus=2\n')).id).toBe('trace-cmd-report')
  })

  it('when the head ends in the middle of a line', () => {
    const bytes = readFixture('trace-cmd-report/report-lt.txt')
    for (const length of [900, 901, 950, 999]) expect(sniff(bytes.subarray(0, length)).id).toBe('trace-cmd-report')
  })
})

describe('compression is told by magic number', () => {
  it.each([
    ['gzip', gzipSync('x'), 'gzip'],
    ['zstd', zstdCompressSync('x'), 'zstd'],
    ['a zstd skippable frame', Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]), 'zstd'],
    ['plain text', Buffer.from('# tracer: nop'), undefined],
    ['too few bytes', Buffer.from([0x28, 0xb5, 0x2f]), undefined],
  ])('%s', (_, bytes, compression) => {
    expect(compressionOf(bytes)).toBe(compression)
  })
})

describe('the registry', () => {
  it('knows a trace.dat by its first bytes', () => {
    expect(sniff(Buffer.from('\x17\x08\x44tracing7\0', 'latin1')).id).toBe('trace-dat')
  })

  it('takes the word of one magic number at most', () => {
    const heads = ['\x17\x08\x44tracing7\0', 'PERFILE2'.padEnd(16, '\0'), '2ELIFREP'.padEnd(16, '\0')]
    const marked = formats.items.filter((format) => format.magic === true)
    for (const head of heads) {
      const bytes = Buffer.from(head, 'latin1')
      expect(marked.filter((format) => format.sniff(bytes) === 1)).toEqual([sniff(bytes)])
    }
  })

  it('knows the formats by id and answers a typing error with the nearest', () => {
    expect(formats.ids).toContain('ftrace')
    expect(() => formats.get('ftrce')).toThrow(ApiError)
    try {
      formats.get('ftrce')
    } catch (error) {
      expect((error as ApiError).hint).toContain('did you mean ftrace?')
    }
  })
})

describeWithCorpus('files of the corpus that are no traces', () => {
  it('a program is not a trace', () => {
    expect(refusal(readFileSync(process.execPath).subarray(0, 65_536)).message).toMatch(/program|binary/)
    expect(refusal(readFileSync(corpusPath('src/flwork.c'))).code).toBe('bad-input')
    expect(refusal(readFileSync(join(repoRoot, 'package.json'))).message).toContain('JSON')
  })
})
