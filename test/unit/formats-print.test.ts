/**
 * Print formats of events, each against what the kernel's printf and trace_output.c write for the same record. What a format asks
 * for that we do not do gives the fields by name instead, never half a text.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8 } from '#shared/base/bytes.ts'
import { ByteWriter } from '#shared/formats/trace-dat/byte-writer.ts'
import { parseEventFormat } from '#shared/formats/trace-dat/event-format.ts'
import { compilePrint, printParts } from '#shared/formats/trace-dat/print-compile.ts'
import { printProgram, type Write } from '#shared/formats/trace-dat/print-program.ts'
import { RecordView } from '#shared/formats/trace-dat/record.ts'
import { Symbols } from '#shared/formats/trace-dat/symbols.ts'

const FIELDS = `name: tested
ID: 1
format:
\tfield:int s;\toffset:0;\tsize:4;\tsigned:1;
\tfield:unsigned int u;\toffset:4;\tsize:4;\tsigned:0;
\tfield:u64 big;\toffset:8;\tsize:8;\tsigned:0;
\tfield:s64 neg;\toffset:16;\tsize:8;\tsigned:1;
\tfield:unsigned char mac[4];\toffset:24;\tsize:4;\tsigned:0;
\tfield:unsigned short h;\toffset:28;\tsize:2;\tsigned:0;
\tfield:signed char c;\toffset:30;\tsize:1;\tsigned:1;
\tfield:char name[8];\toffset:32;\tsize:8;\tsigned:0;
\tfield:__data_loc u32[] list;\toffset:40;\tsize:4;\tsigned:0;
\tfield:__data_loc char[] text;\toffset:44;\tsize:4;\tsigned:0;

print fmt: `

function record(little: boolean): RecordView {
  const bytes = new Uint8Array(64)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, -5, little)
  view.setUint32(4, 42, little)
  view.setBigUint64(8, 0xffff_8881_0000_1234n, little)
  view.setBigInt64(16, -7_000_000_000n, little)
  bytes.set([0xde, 0x0d, 0xbe, 0xef], 24)
  view.setUint16(28, 3, little)
  view.setInt8(30, 65)
  bytes.set(encodeUtf8('comm'), 32)
  view.setUint32(40, (12 << 16) | 48, little)
  for (const [i, value] of [1, 16, 0xffff_ffff].entries()) view.setUint32(48 + i * 4, value, little)
  view.setUint32(44, (4 << 16) | 60, little)
  bytes.set(encodeUtf8('end'), 60)
  const made = new RecordView(little)
  made.over(bytes)
  made.end = bytes.length
  return made
}

function printed(fmt: string, little = true, ticks?: number): { readonly text: string; readonly understood: boolean } {
  const format = parseEventFormat({ system: 'test', id: 1, text: encodeUtf8(`${FIELDS}${fmt}\n`) })
  if (format === undefined) throw new Error('no format')
  const nothing = new Uint8Array(0)
  const context = { format, record: record(little), symbols: new Symbols(nothing, nothing) }
  const { write, understood } = compilePrint({ ...context, ticksPerSecond: () => ticks })
  const to = new ByteWriter()
  write(to)
  return { text: decodeUtf8(to.bytes, 0, to.at), understood }
}

const FLAGS = '{ 1UL << 1, "B" }, { 0x8, "D" }, { 0x20, "F" }'

describe('a print format', () => {
  it.each<readonly [string, string]>([
    ['"%d %i %u", REC->s, REC->s, REC->u', '-5 -5 42'],
    ['"%5d|%-5d|%05d|%+d", REC->u, REC->u, REC->u, REC->u', '   42|42   |00042|+42'],
    ['"%x %X %#x %#X %o", REC->u, REC->u, REC->u, REC->u, REC->u', '2a 2A 0x2a 0X2A 52'],
    ['"%llx %llu %lld", REC->big, REC->h, REC->neg', 'ffff888100001234 3 -7000000000'],
    ['"%c%c%%", REC->c, 66', 'AB%'],
    ['"%s %s", REC->name, __get_str(text)', 'comm end'],
    ['"%8s|%-6s|%.2s", REC->name, REC->name, REC->name', '    comm|comm  |co'],
    ['"%s", REC->s < 0 ? "less" : "more"', 'less'],
    ['"%s", REC->u ? __print_symbolic(REC->u, { 1, "one" }, { 42, "answer" }) : "none"', 'answer'],
    ['"%s", __print_symbolic(REC->h, { 1, "one" })', '0x3'],
    [`"%s", __print_flags(REC->u, "|", ${FLAGS})`, 'B|D|F'],
    [`"%s", __print_flags(REC->h, "|", ${FLAGS})`, 'B|0x1'],
    [`"%s", __print_flags(REC->h - 3, "|", ${FLAGS})`, ''],
    ['"%s", __print_hex(REC->mac, 4)', 'de 0d be ef'],
    ['"%s", __print_hex_str(REC->mac, 3)', 'de0dbe'],
    ['"%s", __print_hex(REC->mac, 99)', 'de 0d be ef'],
    ['"%s", __print_array(__get_dynamic_array(list), 3, 4)', '{0x1,0x10,0xffffffff}'],
    ['"%s", __print_array(__get_dynamic_array(list), 1, 8)', '{0x1000000001}'],
    ['"%s", __print_array(__get_dynamic_array(list), 6, 2)', '{0x1,0x0,0x10,0x0,0xffff,0xffff}'],
    ['"%d", __get_dynamic_array_len(list)', '12'],
    ['"%d %d", REC->mac[1], ((u32 *)__get_dynamic_array(list))[1]', '13 16'],
    ['"%d %d %d", (int)sizeof(u64), sizeof(int), (int)sizeof(struct other)', '8 4 8'],
    ['"%u %d", (u8)REC->s, (short)(REC->u << 12)', '251 -24576'],
    ['"%d %d %d %d", !REC->s, !0, -REC->u, ~REC->u', '0 1 -42 -43'],
    ['"%d %d %d", REC->u / 5, REC->u % 5, REC->s * 2 + 1', '8 2 -9'],
    ['"%d %d %d", REC->u >> 1, REC->u & 6, REC->u | 1 ^ 2', '21 2 43'],
    ['"%d%d%d%d", REC->s == -5, REC->u != 42, REC->u >= 42, REC->u <= 41', '1010'],
    ['"%d %d", REC->u && REC->h, 0 || REC->h - 3', '1 0'],
    ['"%llu", REC->big >> 32', '4294936705'],
    ['"%d", __builtin_expect(!!(REC->h), 1)', '1'],
    ['"%llx %llx %d", 1UL << 40, REC->h & ~1UL, 1L << 3', '10000000000 2 8'],
    ['"%s", __print_flags(REC->big, "|", { 1ULL << 47, "top" }, { 0xffff088100001234, "rest" })', 'top|rest'],
    ['"%s", __print_flags((u32)REC->neg, "|", { (u32)(1UL << 31), "Q" }, { 0, ((void *)0) })', '0x5ec47a00'],
    ['"%s", __print_flags(REC->u << 26, "|", { (gfp_t)(1UL << 31), "Q" }, { 0, ((void *)0) })', 'Q|0x28000000'],
    ['"%s", __print_symbolic(REC->neg, { -7000000000, "then" })', 'then'],
    ['"page=%p pfn=%u age=%lu", ((struct page *)vmemmap_base) + REC->u, REC->u, jiffies', 'page=? pfn=42 age=?'],
    ['"%u%u", (REC)->u, ((u64)(REC)->h << 32) | 7', '427'],
    [`"%llx", ${'~('.repeat(12)}1UL${')'.repeat(12)} << 52`, '10000000000000'],
    ['"%pI4", REC->mac', '222.13.190.239'],
    ['"%pI4:%u", &REC->mac, REC->h', '222.13.190.239:3'],
  ])('%s', (fmt, text) => {
    expect([printed(fmt), printed(fmt, false)]).toEqual([
      { text, understood: true },
      {
        text: fmt.includes('), 1, 8)') || fmt.includes('), 6, 2)') ? (expect.any(String) as string) : text,
        understood: true,
      },
    ])
  })

  it.each([
    '"%*d", 4, REC->h',
    '"%d %d", REC->s',
    '"%d", REC->missing',
    '"%d", unknown_call(REC->s)',
    '"%s", __print_hex(5, 4)',
    '"%d", &REC->s',
    '"%d", REC->s +',
    '"%d", REC->text',
    '"%d %u", unknown_call(REC->s), REC->u',
    '"%pI4n", REC->mac',
    '"%pISpc", REC->mac + 1',
  ])('beyond us: %s', (fmt) => {
    const { text, understood } = printed(fmt)
    expect(understood).toBe(false)
    expect(text).toMatch(/^s=-5 u=(42|0x2a) big=/)
  })
})

describe('times in jiffies', () => {
  const fmt = '"waited %u of %4u", jiffies_to_msecs(REC->u), jiffies_to_msecs(REC->h)'

  it.each([
    [1000, 'waited 42 of    3'],
    [250, 'waited 168 of   12'],
    // 140 exactly, and 10 exactly; one tick of 1024 a second is not yet a millisecond.
    [300, 'waited 140 of   10'],
    [1024, 'waited 42 of    3'],
  ])('of a kernel with %i ticks a second are milliseconds', (ticks, text) => {
    expect(printed(fmt, true, ticks)).toEqual({ text, understood: true })
  })

  it('say so where nobody knows how long one is', () => {
    expect(printed(fmt)).toEqual({ text: 'waited 42jiffies of 3jiffies', understood: true })
  })
})

/** Conversions with a piece of their own, in every width and sign that decides which. */
const PIECES = [
  '"%d %i %u %x %#x", REC->s, REC->c, REC->u, REC->u, REC->h',
  '"%lld %llu %llx %#llx %lu", REC->neg, REC->big, REC->big, REC->neg, REC->h',
  '"%5d|%-7u|%08llx|%03d|%6s|%-9s|", REC->s, REC->u, REC->big, REC->c, REC->name, REC->name',
  '"%hd %hu %hhu %hx %x", REC->s, REC->h, REC->c, REC->u, REC->c',
  '"%p %px %ps %pS", REC->big, REC->neg, REC->big, REC->neg',
  '"%d,%d %d %u", ((unsigned int) ((REC->u) >> 20)), ((unsigned int) ((REC->u) & ((1U << 20) - 1))), REC->h & 7, (REC->h >> 3) & 31',
  '"%d %u", REC->s >> 3, REC->s & 255',
  '"%lld-%lld %llu %lld", ((loff_t)REC->big) << 12, ((((loff_t)REC->neg + 1) << 12) - 1), REC->u * (u64)512, (s64)REC->u - 7',
  `"%s|%s|%s|%s", __print_flags(REC->u, "|", ${FLAGS}), REC->h ? "yes" : "no", REC->neg & 2 ? "+" : "", __print_symbolic(REC->c, { 1, "one" })`,
  '"%llu %lld %u", REC->h ? REC->big : 0, REC->c ? REC->neg : 0, REC->h ? REC->u : 0',
  `"%s|%s|%d", __print_flags(REC->c ? REC->h : 0, "|", ${FLAGS}), REC->s & REC->u ? "both" : "not", REC->s`,
  '"%s (%s) %s", REC->name, __get_str(text), REC->big & 1 ? __print_flags(REC->big, "", { 1, "a" }) : "R"',
]

describe('the loop of pieces', () => {
  it.each([true, false])('writes what the functions write, little endian: %s', (little) => {
    const view = record(little)
    const both = PIECES.map((fmt): readonly [Write, Write] => {
      const format = parseEventFormat({ system: 'test', id: 1, text: encodeUtf8(`${FIELDS}${fmt}\n`) })
      if (format === undefined) throw new Error('no format')
      const parts = printParts({ format, record: view, symbols: new Symbols(new Uint8Array(0), new Uint8Array(0)) })
      expect(parts.filter(({ piece }) => piece !== undefined).length).toBeGreaterThan(parts.length / 2)
      const functions = parts.map(({ write }) => ({ write }))
      return [printProgram(parts, view).write, printProgram(functions, view).write]
    })
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 127, 128, 255))
    const bytes = fc.array(byte, { minLength: 64, maxLength: 64 })
    fc.assert(
      fc.property(bytes, fc.nat(64), (values, short) => {
        view.over(Uint8Array.from(values))
        // Now and then the record ends before its format does.
        view.end = short < 60 ? 64 : short
        for (const [loop, functions] of both) expect(text(loop)).toBe(text(functions))
      }),
      { numRuns: 300 },
    )
  })
})

function text(write: Write): string {
  const to = new ByteWriter()
  write(to)
  return decodeUtf8(to.bytes, 0, to.at)
}
