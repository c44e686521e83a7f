/** The command line's tables and texts: aligned, honest about what was cut, deaf to control characters in a trace. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  count,
  countColumn,
  duration,
  grouped,
  jsonText,
  layOut,
  nameColumn,
  percent,
  plural,
  printable,
  shareColumn,
  timeColumn,
  widthOf,
} from '#electron/cli/output.ts'
import { csvText } from '#electron/cli/verbs/query.ts'

const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/

const sample = () => [
  nameColumn('lock class', ['mapping.invalidate_lock', '&mm->mmap_lock']),
  nameColumn('mode', ['exclusive', null]),
  countColumn('contended', [1931, 7], 2),
  timeColumn('wait total', [812_345_000, null], { clock: 'ns' }),
  shareColumn('share', [0.31, 0], 1),
]

describe('a table', () => {
  it('right-aligns numbers under one unit per column and shows the unknown as a dash', () => {
    expect(layOut(sample()).text).toBe(
      [
        'lock class               mode       contended  wait total  share',
        '                                                       ms      %',
        'mapping.invalidate_lock  exclusive      1 931     812.345     31',
        '&mm->mmap_lock           –                  7           –      0',
      ].join('\n'),
    )
  })

  it('shows ticks of a clock that is no time as ticks', () => {
    expect(layOut([timeColumn('held', [1_234_567, 8], { clock: 'tick' })]).text).toBe(
      ['     held', '    ticks', '1 234 567', '        8'].join('\n'),
    )
    expect(duration(1_234_567, 'tick')).toBe('1 234 567 ticks')
  })

  it('is as wide as a terminal says it is, and whole on one that does not know', () => {
    expect(widthOf({ isTTY: true, columns: 100 })).toBe(100)
    expect(widthOf({ isTTY: true, columns: 0 })).toBeUndefined()
    expect(widthOf({ isTTY: false, columns: 100 })).toBeUndefined()
  })

  it('names what neighbouring heads have in common once, and says it in full when a column goes', () => {
    const columns = () => [
      nameColumn('lock', ['a lock']),
      ...grouped('waited', [countColumn('n', [1]), countColumn('max', [2], 1)]),
      ...grouped('held', [countColumn('max', [3])]),
    ]
    expect(layOut(columns()).text).toBe(
      ['        waited       held', 'lock         n  max   max', 'a lock       1    2     3'].join('\n'),
    )
    expect(layOut(columns(), 22).leftOut).toEqual(['waited max'])
  })

  it('gives up dispensable columns, highest first, before it cuts a name, and says which', () => {
    const { text, leftOut } = layOut(sample(), 55)
    expect(leftOut).toEqual(['contended'])
    expect(text).toContain('mapping.invalidate_lock')
    expect(layOut(sample(), 47).leftOut).toEqual(['contended', 'share'])
  })

  it('cuts the widest name in its middle, with a mark, when nothing else can go', () => {
    const { text } = layOut(sample(), 42)
    expect(text).toContain('mapping.i…date_lock')
    for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(42)
  })

  it('never cuts anything when no width is given', () => {
    const name = 'x'.repeat(300)
    expect(layOut([nameColumn('lock class', [name]), countColumn('n', [1])]).text).toContain(name)
  })

  it('keeps every line within the width once there is room for its shortest form', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 40, max: 200 }),
        (names, width) => {
          const columns = [
            nameColumn('name', names),
            countColumn(
              'count',
              names.map((name) => name.length),
            ),
          ]
          for (const line of layOut(columns, width).text.split('\n'))
            expect([...line].length).toBeLessThanOrEqual(width)
        },
      ),
    )
  })
})

describe('text from a trace', () => {
  it('cannot reach the terminal as control sequences', () => {
    expect(printable('\u001b[31mred\u0007\r\n')).toBe('\\x1b[31mred\\x07\\x0d\\x0a')
    expect(printable('a\u202eb')).toBe('a\\u202eb')
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !CONTROL.test(printable(text))))
  })

  it('does not turn the direction of what stands beside it', () => {
    expect(printable('\u061ca\u200eb\u200fc\u2066d\u202e')).toBe('\\u061ca\\u200eb\\u200fc\\u2066d\\u202e')
  })

  it('is in JSON what it was, and nothing a terminal acts on', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const printed = jsonText({ text })
        expect(CONTROL.test(printed)).toBe(false)
        expect(JSON.parse(printed)).toEqual({ text })
      }),
    )
    expect(jsonText(['\u009b2J\u202e'])).toBe('[\n  "\\u009b2J\\u202e"\n]')
  })

  it('is exact as CSV in a pipe, and shown on a terminal', () => {
    const rows = [['name'], ['\u001b[2J\u202e,']]
    expect(csvText(rows, false)).toBe('name\r\n"\u001b[2J\u202e,"\r')
    expect(csvText(rows, true)).toBe('name\n"\\x1b[2J\\u202e,"')
  })

  it('is left alone where it is harmless', () => {
    expect(printable('kworker/u8:6-ext4 µ–… 日本')).toBe('kworker/u8:6-ext4 µ–… 日本')
  })
})

describe('figures', () => {
  it('carry their unit and never invent a number', () => {
    expect([duration(1500), count(12_345), percent(0.5)]).toEqual(['1.50 µs', '12 345', '50 %'])
    expect([duration(null), count(null), percent(null)]).toEqual(['–', '–', '–'])
  })

  it('agree with their noun', () => {
    expect([plural(1, 'wait'), plural(2, 'wait'), plural(0, 'class', 'classes')]).toEqual([
      '1 wait',
      '2 waits',
      '0 classes',
    ])
  })
})
