/** Android's page with a trace in it: the trace is read, the page around it is not, wherever the pieces are cut. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sniff } from '#shared/formats/index.ts'
import { readFixture } from '../support/corpus.ts'
import { differences, readBytes } from '../support/round-trip.ts'
import { systracePage } from '../support/systrace.ts'
import { outcome } from '../fuzz/readers.ts'

const text = readFixture('ftrace/dax-xfs.txt').subarray(0, 40_000).toString()
const whole = text.slice(0, text.lastIndexOf('\n'))

describe('a systrace page', () => {
  it('is known by its head, where the trace is far behind it', () => {
    expect(sniff(systracePage(whole).subarray(0, 400)).id).toBe('systrace')
    expect(() => sniff(Buffer.from('<!DOCTYPE html>\n<html><title>Mail</title>'))).toThrow('a web page')
  })

  it('gives the events and spans of the text in it, with the lines of the page', () => {
    const page = systracePage(`${whole}\nno event at all`)
    const [read, plain] = [readBytes('systrace', page), readBytes('ftrace', Buffer.from(`# tracer: nop\n${whole}\n`))]
    expect(differences(read, plain)).toEqual([])
    expect(read.trace.meta.eventCount).toBeGreaterThan(100)
    const line = page.toString().split('\n').indexOf('no event at all') + 1
    const skipped = read.trace.diagnostics.filter(({ code }) => code === 'unparsed-line')
    expect(skipped).toMatchObject([{ count: 1, firstLine: line }])
  })

  it('is the same in any pieces', () => {
    const page = systracePage(whole.slice(0, whole.indexOf('\n', 3000)))
    const expected = outcome('systrace', page)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (chunk) => {
        expect(outcome('systrace', page, chunk)).toBe(expected)
      }),
      { numRuns: 100 },
    )
  })

  it('without tracefs text is refused with a way out', () => {
    const page = systracePage('')
    expect(outcome('systrace', page.subarray(0, page.indexOf('# tracer')))).toMatch(
      /^bad-input: no script of this page/,
    )
  })
})
