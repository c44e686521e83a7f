/**
 * One printer per event type: which events are named after who wrote them, what stacks are, and what happens to formats nobody
 * understands. Formats are those of the kernel (kernel/trace/trace_entries.h).
 */

import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8 } from '#shared/base/bytes.ts'
import { ByteWriter } from '#shared/formats/trace-dat/byte-writer.ts'
import { EventPrinters, type Printer } from '#shared/formats/trace-dat/printers.ts'
import { RecordView } from '#shared/formats/trace-dat/record.ts'
import { Symbols } from '#shared/formats/trace-dat/symbols.ts'
import { PRINT_FORMAT } from '#shared/model/diagnostics.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { Bytes } from '../support/trace-dat.ts'

const KALLSYMS = 'ffffffff81000000 T _text\nffffffff81000100 T tracing_mark_write\nffffffff81000200 T outer\nffffffff81000300 T _end\n' // prettier-ignore
const MARK = 0xffff_ffff_8100_0140n
const OUTER = 0xffff_ffff_8100_0210n

const format = (name: string, id: number, fields: string, print: string) => `name: ${name}\nID: ${id}\nformat:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

${fields}
print fmt: ${print}\n`

const IP = '\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n'
const FORMATS = [
  ['ftrace', 5, format('print', 5, `${IP}\tfield:char buf[];\toffset:16;\tsize:0;\tsigned:0;\n`, '"%ps: %s", (void *)REC->ip, REC->buf')],
  ['ftrace', 6, format('bputs', 6, `${IP}\tfield:const char * str;\toffset:16;\tsize:8;\tsigned:0;\n`, '"%ps: %s", (void *)REC->ip, REC->str')],
  ['ftrace', 7, format('print', 7, IP, '"%ps", (void *)REC->ip')],
  ['ftrace', 8, format('raw_data', 8, '\tfield:unsigned int id;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:char buf[];\toffset:12;\tsize:0;\tsigned:0;\n', '"id:%04x %08x", REC->id, (int)REC->buf[0]')],
  ['ftrace', 4, format('kernel_stack', 4, '\tfield:int size;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:unsigned long caller[8];\toffset:16;\tsize:64;\tsigned:0;\n', '"..."')],
  ['ftrace', 9, format('user_stack', 9, '\tfield:unsigned int tgid;\toffset:8;\tsize:4;\tsigned:0;\n', '"..."')],
  ['odd', 20, format('odd', 20, '\tfield:int count;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:char name[4];\toffset:12;\tsize:4;\tsigned:0;\n\tfield:void * at;\toffset:16;\tsize:8;\tsigned:0;\n\tfield:__data_loc u8[] bytes;\toffset:24;\tsize:4;\tsigned:0;\n', '"%*d", 4, REC->count')],
  ['odd', 21, 'ID: 21\nno name here\n'],
  ['jbd2', 31, format('jbd2_run_stats', 31, '\tfield:unsigned long wait;\toffset:8;\tsize:8;\tsigned:0;\n', '"wait %u", jiffies_to_msecs(REC->wait)')],
] as const // prettier-ignore

const AGE = [
  'writeback',
  32,
  format('writeback_queue_io', 32, '', '"age=%lu", (jiffies - REC->dirtied_when) / 250'),
] as const

function made(
  named?: (format: { readonly system: string; readonly name: string }) => string,
  more: readonly (typeof AGE)[] = [],
) {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', 'trace-dat'))
  const formats = [...FORMATS, ...more].map(([system, id, text]) => ({ system, id, text: encodeUtf8(text) }))
  const symbols = new Symbols(encodeUtf8(KALLSYMS), new Uint8Array(0))
  return {
    recorder,
    collector,
    printers: new EventPrinters({ formats, little: true }, symbols, recorder, named === undefined ? {} : { named }),
  }
}

/** A record of a type: its common fields, then `body`. */
function record(type: number, body: Uint8Array): RecordView {
  const bytes = new Bytes().u16(type).u16(0).u32(4).add(body).done()
  const view = new RecordView(true)
  view.over(bytes)
  view.end = bytes.length
  return view
}

function text(printer: Printer | undefined): string {
  const to = new ByteWriter()
  printer?.write(to)
  return decodeUtf8(to.bytes, 0, to.at)
}

describe('what user space wrote into trace_marker_raw', () => {
  it('is there to its last byte, as tracefs prints it', () => {
    const { printers } = made()
    const printed = (body: Uint8Array): string => text(printers.of(8, record(8, body)))
    expect(
      printed(
        new Bytes()
          .u32(7)
          .add(Uint8Array.of(0x61, 0x62, 0x63, 0, 0x64, 0xff, 0, 9))
          .done(),
      ),
    ).toBe('# 7 buf: 61 62 63 00 64 ff 00 09')
    expect(printed(new Bytes().u32(0x7fff_ffff).done())).toBe('# 7fffffff buf:')
    expect(printed(new Bytes().done())).toBe('# 0 buf:')
  })
})

describe('what user space wrote into trace_marker', () => {
  const { printers, recorder } = made()
  const nameOf = (printer: Printer | undefined) => recorder.builder.eventNames.text(printer?.nameOf() ?? -1)

  it('is an event named after the function that took it, its text without the newline', () => {
    const printer = printers.of(5, record(5, new Bytes().u64(MARK).add('one\n\0rest').done()))
    expect([nameOf(printer), text(printer)]).toEqual(['tracing_mark_write', 'one'])
    const other = printers.of(5, record(5, new Bytes().u64(OUTER).add('no end').done()))
    expect([nameOf(other), text(other)]).toEqual(['outer', 'no end'])
    expect(other).toBe(printer)
  })

  it('is a print where no function is there, and nothing where it is only a newline', () => {
    const printer = printers.of(5, record(5, new Bytes().u64(0x1234).add('\n\0').done()))
    expect([nameOf(printer), text(printer)]).toEqual(['print', ''])
  })

  it('has no text where its format has none', () => {
    const printer = printers.of(7, record(7, new Bytes().u64(MARK).add('bytes').done()))
    expect([nameOf(printer), text(printer)]).toEqual(['tracing_mark_write', ''])
  })

  it('put in by trace_puts is named the same way', () => {
    const printer = printers.of(6, record(6, new Bytes().u64(OUTER).add('text\0').done()))
    expect([nameOf(printer), text(printer)]).toEqual(['outer', 'text'])
  })
})

describe('a stack', () => {
  const { printers, recorder, collector } = made()
  const frames = (type: number, body: Uint8Array) => {
    const view = record(type, body)
    const printer = printers.of(type, view)
    expect(printer?.stack).toBe(true)
    return printer === undefined ? '' : printers.frames(printer, view)
  }

  it('is its functions, innermost first, up to the mark or the end; addresses where nothing is known', () => {
    const body = () => new Bytes().u32(3).u32(0)
    expect(frames(4, body().u64(MARK).u64(OUTER).u64(0x1234).u64(0x7fff_0000_0010).done())).toBe(
      'tracing_mark_write\nouter\n0x1234\n0x7fff00000010',
    )
    expect(
      frames(
        4,
        body()
          .u64(OUTER)
          .u64(2n ** 64n - 1n)
          .u64(MARK)
          .done(),
      ),
    ).toBe('outer')
    expect(frames(4, body().u64(0).u64(MARK).done())).toBe('')
    expect(frames(4, body().u64(OUTER).u32(1).done())).toBe('outer')
    const deep = body()
    for (let i = 0; i < 600; i++) deep.u64(OUTER)
    expect(frames(4, deep.done()).split('\n')).toHaveLength(512)
  })

  it("without frames in its format has none, and its print format is nobody's concern", () => {
    expect(frames(9, new Bytes().u32(1).u32(0).u64(OUTER).done())).toBe('')
    recorder.end()
    expect(collector.trace().diagnostics).not.toContainEqual(expect.objectContaining({ code: PRINT_FORMAT }))
  })
})

describe('an event type', () => {
  it('whose print format is beyond us gives its fields by name, and that is said once', () => {
    const { printers, recorder, collector } = made(({ system, name }) => `${system}:${name}`)
    const body = new Bytes().u32(-7 >>> 0).add('ab\0x').u64(0xffn).u32((2 << 16) | 28).add('xx').done() // prettier-ignore
    const printer = printers.of(20, record(20, body))
    expect(text(printer)).toBe('count=-7 name=ab at=0xff bytes=ARRAY')
    expect(recorder.builder.eventNames.text(printer?.nameOf() ?? -1)).toBe('odd:odd')
    expect(printers.of(20, record(20, body))).toBe(printer)
    recorder.end()
    const said = collector.trace().diagnostics.filter(({ code }) => code === PRINT_FORMAT)
    expect(said).toMatchObject([{ severity: 'info', count: 1 }])
    expect(said[0].message).toContain('odd:odd')
  })

  it('counts in jiffies, which another one tells the length of', () => {
    const body = new Bytes().u64(3n).done()
    expect(text(made(undefined, [AGE]).printers.of(31, record(31, body)))).toBe('wait 12')
    expect(text(made().printers.of(31, record(31, body)))).toBe('wait 3jiffies')
  })

  it('without a format, or with one that has no name, has no printer', () => {
    const { printers } = made()
    for (const type of [21, 22, 65_535]) expect(printers.of(type, record(type, new Uint8Array(16)))).toBeUndefined()
  })
})
