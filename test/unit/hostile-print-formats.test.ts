/**
 * Formats of events that cost whoever reads them carelessly minutes or the stack: a trace.dat or a .faultline from elsewhere
 * may have them. They are understood, shown field by field or refused, within moments.
 */
import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { ByteWriter } from '#shared/formats/trace-dat/byte-writer.ts'
import { eventFormatText, parseEventFormat } from '#shared/formats/trace-dat/event-format.ts'
import { KeptPrinters } from '#shared/formats/trace-dat/kept-printers.ts'
import { compilePrint } from '#shared/formats/trace-dat/print-compile.ts'
import { RecordView } from '#shared/formats/trace-dat/record.ts'
import { Symbols } from '#shared/formats/trace-dat/symbols.ts'

const NONE = new Uint8Array(0)
const MOST_MS = 2_000

/** `wraps` levels of one step around a field. */
function nested(wraps: number, step: string, leaf = 'REC->w'): string {
  let made = leaf
  for (let i = 0; i < wraps; i++) made = step.replace('X', made)
  return made
}

function formatOf(fmt: string, declared = ''): Uint8Array {
  return Buffer.from(`name: hostile
ID: 7
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:u64 w;\toffset:8;\tsize:8;\tsigned:0;
\tfield:int s;\toffset:16;\tsize:4;\tsigned:1;
${declared}
print fmt: ${fmt}
`)
}

/** CPU time of reading the format and printing one record with it; what it printed. */
function cost(bytes: Uint8Array): { readonly ms: number; readonly text: string | undefined } {
  const before = process.cpuUsage()
  const stored = eventFormatText(bytes, 'test')
  const format = stored === undefined ? undefined : parseEventFormat(stored)
  let text: string | undefined
  if (format !== undefined) {
    const record = new RecordView(true)
    const { write } = compilePrint({ format, record, symbols: new Symbols(NONE, NONE) })
    record.over(Uint8Array.from({ length: 24 }, (_, i) => 200 - i))
    record.end = 24
    const to = new ByteWriter()
    write(to)
    text = Buffer.from(to.bytes.subarray(0, to.at)).toString()
  }
  const { user, system } = process.cpuUsage(before)
  return { ms: (user + system) / 1000, text }
}

const LONG = 60_000
const SHOWN = 'w=0xb9babbbcbdbebfc0 s=-1246316616'

describe('a format that is made to be slow', () => {
  it.each([
    ['brackets that do not close', formatOf('"%d", REC->s', `\tfield:${'['.repeat(LONG)} a;\toffset:8;\tsize:4;\tsigned:1;`)],
    ['a name that is none after all', formatOf('"%d", REC->s', `\tfield:int ${'a'.repeat(LONG)}-;\toffset:8;\tsize:4;\tsigned:1;`)],
  ])('(%s) loses that field', (_, bytes) => {
    const { ms, text } = cost(bytes)
    expect(text).toBe('-1246316616')
    expect(ms).toBeLessThan(MOST_MS)
  }) // prettier-ignore

  it.each([
    ['a long sum', `"%d", REC->s${'+1'.repeat(9_000)}`],
    ['a long sum of constants', `"%s", __print_symbolic(REC->s, { 1${'+1'.repeat(9_000)}, "a" })`],
    ['products that double', `"%llu", ${nested(60, '(X)*REC->w')}`],
    ['choices between choices', `"%llu", ${nested(45, '(X) ? REC->w : REC->w')}`],
    ['a text chosen by a product that doubles', `"%s", __print_symbolic(${nested(60, '(X)*REC->w')}, { 1, "a" })`],
    ['thousands of conversions', `"${'%d'.repeat(5_000)}"${', REC->s'.repeat(5_000)}`],
  ])('(%s) is shown field by field', (_, fmt) => {
    const { ms, text } = cost(formatOf(fmt))
    expect(text).toBe(SHOWN)
    expect(ms).toBeLessThan(MOST_MS)
  })

  it('or longer than any kernel has is none', () => {
    const bytes = formatOf(`"${'x'.repeat(limits.eventFormatBytes)}%d", REC->s`)
    expect(cost(bytes)).toMatchObject({ text: undefined })
    const text = Buffer.from(bytes).toString()
    expect(new KeptPrinters([{ name: 0, system: 'test', little: true, text }]).of(0)).toBeUndefined()
  })

  it('with a row of zeros that could be flags or a width prints them', () => {
    const { ms, text = '' } = cost(formatOf(`"%${'0'.repeat(LONG)}!", REC->s`))
    expect(text.length).toBe(LONG + 2)
    expect(ms).toBeLessThan(MOST_MS)
  })

  it('but quotients of quotients look at each number once', () => {
    const { ms, text } = cost(formatOf(`"%d", ${nested(45, '8/(X)', 'REC->s')}`))
    expect(text).toBe('0')
    expect(ms).toBeLessThan(MOST_MS)
  })
})
