/** The timeline's numbers: windows, ruler, rows, typed times. No canvas: what is painted is looked at in a browser. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDestination } from '#renderer/timeline/goto.ts'
import {
  ENTRY,
  entriesBetween,
  entryAt,
  foldKey,
  layoutOf,
  placeBefore,
  rowOrder,
  type Arrangement,
  type Row,
  type Section,
} from '#renderer/timeline/layout.ts'
import { rulerOf, tickStep } from '#renderer/timeline/ruler.ts'
import { shapeOf } from '#renderer/timeline/tracks.ts'
import {
  focusedOn,
  inTrace,
  MIN_SPAN_NS,
  nsAt,
  panned,
  spanOf,
  wholeTrace,
  withMoment,
  xOf,
  zoomed,
} from '#renderer/timeline/window.ts'

const duration = fc.integer({ min: 0, max: 10 ** 14 })
const moment = fc.double({ min: -(10 ** 14), max: 10 ** 15, noNaN: true })

describe('a window', () => {
  it('never leaves the trace and never gets narrower than the clock can tell, whatever is done to it', () => {
    fc.assert(
      fc.property(
        duration,
        moment,
        moment,
        moment,
        fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
        (ns, a, b, about, factor) => {
          const whole = wholeTrace(ns)
          const start = inTrace({ fromNs: Math.min(a, b), toNs: Math.max(a, b) }, ns)
          for (const window of [
            start,
            zoomed(start, { aboutNs: about, factor, durationNs: ns }),
            panned(start, about, ns),
            focusedOn({ fromNs: Math.min(a, b), toNs: Math.max(a, b) }, ns),
            withMoment(start, about, ns),
          ]) {
            expect(window.fromNs).toBeGreaterThanOrEqual(0)
            expect(window.toNs).toBeLessThanOrEqual(whole.toNs * (1 + 1e-12) + 1e-3)
            expect(spanOf(window)).toBeGreaterThanOrEqual(MIN_SPAN_NS * (1 - 1e-3))
          }
        },
      ),
    )
  })

  it('keeps the moment under the pointer where it is while zooming', () => {
    const window = { fromNs: 400_000, toNs: 600_000 }
    const aboutNs = 450_000
    const near = zoomed(window, { aboutNs, factor: 0.5, durationNs: 1_000_000 })
    const at = (one: typeof window) => xOf({ window: one, left: 0, width: 1000 }, aboutNs)
    expect(at(near)).toBeCloseTo(at(window), 6)
    expect(spanOf(near)).toBe(100_000)
  })

  it('of an empty trace can still be drawn', () => {
    expect(spanOf(wholeTrace(0))).toBe(MIN_SPAN_NS)
    expect(rulerOf(wholeTrace(0), 1000, 'ns').ticks.length).toBeGreaterThan(1)
  })

  it('maps pixels to times and back', () => {
    const scale = { window: { fromNs: 5_000, toNs: 9_000 }, left: 168, width: 1000 }
    expect(nsAt(scale, xOf(scale, 7_321))).toBeCloseTo(7_321, 6)
    expect(xOf(scale, 5_000)).toBe(168)
  })
})

describe('the ruler', () => {
  it('says what all labels share once, and the rest in one unit', () => {
    const { base, ticks } = rulerOf({ fromNs: 812_340_000, toNs: 812_520_000 }, 1000, 'ns')
    expect(base).toBe('812 ms +')
    expect(ticks[0]).toEqual({ ns: 812_340_000, label: '340 µs' })
    expect(ticks[1].label).toBe('360')
  })

  it('has whole-numbered steps that labels fit between', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 10 ** 13 }), fc.integer({ min: 200, max: 4000 }), (span, width) => {
        const step = tickStep(span, width)
        expect(Number.isInteger(step)).toBe(true)
        expect((step / span) * width).toBeGreaterThanOrEqual(Math.min(88, width / span) * 0.999)
      }),
    )
  })

  it('counts ticks where the clock does', () => {
    expect(rulerOf({ fromNs: 0, toNs: 1000 }, 1000, 'tick').base).toBe('ticks')
  })
})

const shape = shapeOf('task', { op: 1 })
const row = (id: string, group = 'g'): Row => ({
  id,
  section: id.startsWith('lock') ? 'lock' : 'task',
  group,
  label: id,
  detail: '',
  note: '',
  shape,
})
const section = (id: 'task' | 'lock', rows: readonly Row[], more = ''): Section => ({
  id,
  title: id,
  groups: [...new Set(rows.map((one) => one.group))].map((key) => ({ section: id, key, label: key, note: '' })),
  rows,
  more,
})
const plain: Arrangement = { folded: new Set(), pinned: [], places: new Map() }
const order = (sections: readonly Section[], arrangement: Partial<Arrangement> = {}): string[] => {
  const layout = layoutOf(sections, { ...plain, ...arrangement })
  return rowOrder(layout).map((index) => layout.rows[index].id)
}

describe('the rows', () => {
  const tasks = section('task', [row('task:0', 'a'), row('task:1', 'a'), row('task:2', 'b')])
  const locks = section('lock', [row('lock:0'), row('lock:1')])

  it('stand below the heads of their section, and of groups that have more than one', () => {
    const { kind, ref, groups, length } = layoutOf([tasks, locks], plain)
    expect([...kind.slice(0, length)]).toEqual([
      ENTRY.section,
      ENTRY.group,
      ENTRY.row,
      ENTRY.row,
      ENTRY.row,
      ENTRY.section,
      ENTRY.row,
      ENTRY.row,
    ])
    expect(groups[ref[1]].key).toBe('a')
  })

  it('go away with their section or group when it is folded, the head stays', () => {
    expect(order([tasks, locks], { folded: new Set([foldKey('task')]) })).toEqual(['lock:0', 'lock:1'])
    expect(order([tasks, locks], { folded: new Set([foldKey('task', 'a')]) })).toEqual(['task:2', 'lock:0', 'lock:1'])
  })

  it('stand first when they are pinned, in the order they were', () => {
    expect(order([tasks, locks], { pinned: ['lock:1', 'task:0'] })).toEqual([
      'lock:1',
      'task:0',
      'task:1',
      'task:2',
      'lock:0',
    ])
  })

  it('stay where they were dropped, and move only inside their group', () => {
    const many = section(
      'task',
      ['task:0', 'task:1', 'task:2', 'task:3'].map((id) => row(id)),
    )
    const layout = layoutOf([many], plain)
    const place = placeBefore(layout, { row: 3, before: 1 }, new Map())
    expect(order([many], { places: new Map([['task:3', place]]) })).toEqual(['task:0', 'task:3', 'task:1', 'task:2'])
    const last = placeBefore(layout, { row: 0, before: undefined }, new Map())
    expect(order([many], { places: new Map([['task:0', last]]) })).toEqual(['task:1', 'task:2', 'task:3', 'task:0'])
  })

  it('are found at their height, for a hundred thousand of them', () => {
    const many = section(
      'task',
      Array.from({ length: 100_000 }, (_, i) => row(`task:${i}`)),
    )
    const layout = layoutOf([many], plain)
    for (const entry of [0, 1, 77_777, layout.length - 1]) expect(entryAt(layout, layout.y[entry] + 1)).toBe(entry)
    expect(entryAt(layout, layout.height)).toBe(-1)
    const { first, end } = entriesBetween(layout, layout.y[500], layout.y[520])
    expect([first, end]).toEqual([500, 520])
  })

  it('say how many there are when not all are listed', () => {
    const layout = layoutOf([section('lock', [row('lock:0')], '99 999 more')], plain)
    expect(layout.kind[layout.length - 1]).toBe(ENTRY.more)
  })
})

describe('the shape of a row', () => {
  it('gives every lane a place of its own, and lanes past the cap the last one', () => {
    const tall = shapeOf('task', { state: 1, op: 2, phase: 9, wait: 1, hold: 40, tick: 1 })
    const places = (['state', 'op', 'phase', 'wait', 'hold', 'tick'] as const).map((family) => tall.track(family, 0))
    for (let i = 1; i < places.length; i++) {
      const [above, below] = [places[i - 1], places[i]]
      expect(above && below && below.y >= above.y + above.height).toBe(true)
    }
    expect(tall.track('hold', 39)).toEqual(tall.track('hold', 3))
    expect(tall.height).toBeLessThan(140)
    expect(tall.track('blocking', 2)).toEqual(tall.track('hold', 2))
  })

  it('is the same object for rows with the same lanes: 10^5 rows cost a few', () => {
    expect(shapeOf('lock', { hold: 2 })).toBe(shapeOf('lock', { hold: 2 }))
  })
})

describe('a typed time', () => {
  const context = { durationNs: 2_000_000_000, clock: 'ns', spanNs: 1_000 } as const
  const window = (text: string) => {
    const found = parseDestination(text, context)
    return found.ok ? found.window : found.why
  }
  it.each([
    ['812.34 ms + 180 µs', { fromNs: 812_340_000, toNs: 812_520_000 }],
    ['812.34ms + 180us', { fromNs: 812_340_000, toNs: 812_520_000 }],
    ['1 ms to 2 ms', { fromNs: 1_000_000, toNs: 2_000_000 }],
    ['1.5 s', { fromNs: 1_499_999_500, toNs: 1_500_000_500 }],
    ['1 000 000 ns + 1 000 ns', { fromNs: 1_000_000, toNs: 1_001_000 }],
    ['1 s + 10 s', { fromNs: 1_000_000_000, toNs: 2_000_000_000 }],
    ['1,000,000 ns + 1 µs', { fromNs: 1_000_000, toNs: 1_001_000 }],
    ['50 %', { fromNs: 999_999_500, toNs: 1_000_000_500 }],
  ])('%s is read', (text, expected) => expect(window(text)).toEqual(expected))

  it.each(['abc', '', '1 parsec', '1,5 ms', '0,001 s', '1 ms + 2 ms + 3 ms'])('%j is refused with an example', (text) =>
    expect(window(text)).toContain('812.34 ms'),
  )
  it('after the end of the trace is said so', () => expect(window('3 s')).toBe('That is after the end of the trace'))
  it('that ends before it begins is said so', () => expect(window('2 ms to 1 ms')).toContain('after its start'))
})
