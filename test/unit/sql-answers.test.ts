/** What the SQL page makes of an answer: columns, order, files, quick charts, and the way to the timeline. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { QueryResult } from '#shared/contract/methods.ts'
import { chartFor, chartOf, extremesPerPixel, pairsOf, type ChartKind } from '#renderer/panels/sql/chart-of.ts'
import { rowLinks } from '#renderer/panels/sql/links.ts'
import { columnsOf, resultCsv, resultNdjson, sortedRows } from '#renderer/panels/sql/result.ts'

const answer = (columns: readonly string[], rows: QueryResult['rows']): QueryResult => ({
  columns,
  rows,
  truncated: false,
  wallMs: 1,
})

describe('columns', () => {
  it('are numbers where all that is known is one', () => {
    const { rows, columns } = answer(
      ['a', 'b', 'c'],
      [
        [1, 'x', null],
        [null, 2, null],
      ],
    )
    expect(
      columnsOf({ rows, columns, truncated: false, wallMs: 0 }).map(({ numeric, empty }) => ({ numeric, empty })),
    ).toEqual([
      { numeric: true, empty: false },
      { numeric: false, empty: false },
      { numeric: false, empty: true },
    ])
  })

  it('are sorted stably, with NULL last whichever way', () => {
    const value = fc.oneof(fc.constant(null), fc.integer({ min: -3, max: 3 }))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 30 }), fc.boolean(), (values, descending) => {
        const rows = values.map((one) => [one])
        const order = [...sortedRows(rows, 0, descending)]
        expect(order.toSorted((a, b) => a - b)).toEqual(rows.map((_, i) => i))
        for (let i = 1; i < order.length; i++) {
          const [a, b] = [values[order[i - 1] ?? 0], values[order[i] ?? 0]]
          if (b === null) continue
          expect(a).not.toBeNull()
          if (a === b) expect(order[i - 1]).toBeLessThan(order[i] ?? 0)
          else expect(descending ? Number(a) > Number(b) : Number(a) < Number(b)).toBe(true)
        }
      }),
    )
  })
})

describe('files', () => {
  const result = answer(
    ['id', 'id', 'text'],
    [
      [1, null, 'a "quoted", line\nbroken'],
      [2, 3.5, '=1+1'],
    ],
  )
  it('name columns once, quote what needs it and defuse formulas', () => {
    expect(resultCsv(result)).toBe('id,id_2,text\r\n1,,"a ""quoted"", line\nbroken"\r\n2,3.5,\'=1+1\r\n')
  })
  it('of one object per line read back as what they were', () => {
    expect(
      resultNdjson(result)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { id: 1, id_2: null, text: 'a "quoted", line\nbroken' },
      { id: 2, id_2: 3.5, text: '=1+1' },
    ])
  })
})

describe('a quick chart', () => {
  const kindOf = (columns: readonly string[], rows: QueryResult['rows']): ChartKind | undefined =>
    chartFor(columnsOf(answer(columns, rows)), rows)?.kind
  it.each([
    [
      'bars of texts',
      ['kind', 'n'],
      [
        ['a', 3],
        ['b', 2],
      ],
      'bars',
    ],
    [
      'a line over moments',
      ['start_ns', 'waits'],
      [
        [0, 3],
        [10, 2],
        [20, 4],
      ],
      'line',
    ],
    [
      'points where moments do not rise',
      ['start_ns', 'waits'],
      [
        [10, 3],
        [0, 2],
        [20, 4],
      ],
      'points',
    ],
    ['the distribution of one column', ['duration_ns'], [[1], [2], [3]], 'distribution'],
    ['nothing of texts alone', ['a'], [['x'], ['y']], undefined],
    [
      'nothing of ids alone',
      ['id', 'task_id'],
      [
        [1, 2],
        [2, 3],
      ],
      undefined,
    ],
  ] as const)('is %s', (_, columns, rows, kind) => expect(kindOf(columns, rows)).toBe(kind))

  it('draws what the answer is sorted by', () => {
    const rows = [
      ['a', 1, 9],
      ['b', 5, 7],
      ['c', 2, 3],
    ]
    expect(chartFor(columnsOf(answer(['t', 'n', 'ms'], rows)), rows)?.y).toBe(2)
  })

  it('names the largest bar and says how many do not fit', () => {
    const rows = Array.from({ length: 100 }, (_, i) => [`k${i}`, i])
    const result = columnsOf(answer(['kind', 'n'], rows))
    const made = chartOf({
      choice: { kind: 'bars', x: undefined, y: 1 },
      columns: result,
      rows,
      ink: () => '#000',
      clock: 'ns',
      width: 400,
      height: 196,
    })
    expect(made.finding).toBe('n by kind: most is k99 with 99')
    expect(made.cut).toBe('10 of 100')
  })

  it('counts the ticks of a clock that counts those', () => {
    const rows = [
      [0, 1000],
      [10, 2000],
    ]
    const columns = columnsOf(answer(['start_ns', 'wait_ns'], rows))
    for (const kind of ['line', 'distribution'] as const) {
      const choice = { kind, x: kind === 'line' ? 0 : undefined, y: 1 }
      const made = chartOf({ choice, columns, rows, ink: () => '#000', clock: 'tick', width: 400, height: 196 })
      expect(made.finding).toMatch(/ticks/)
      expect(made.finding).not.toMatch(/\d (ns|µs)/)
    }
  })

  it('keeps the lowest and highest of every pixel, in order, whatever is thinned out', () => {
    const points = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: -50, max: 50 })), { minLength: 1, maxLength: 400 })
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 40 }), (list, width) => {
        const rows = list.toSorted(([a], [b]) => a - b)
        const all = pairsOf(rows, 0, 1)
        const kept = extremesPerPixel(all, width)
        expect(kept.length).toBeLessThanOrEqual(Math.max(all.length, 0))
        if (rows.length > 2 * width) expect(kept.length / 2).toBeLessThanOrEqual(2 * width)
        const ys = (pairs: Float64Array) => [...pairs].filter((_, i) => i % 2 === 1)
        expect(Math.min(...ys(kept))).toBe(Math.min(...ys(all)))
        expect(Math.max(...ys(kept))).toBe(Math.max(...ys(all)))
        const xs = [...kept].filter((_, i) => i % 2 === 0)
        expect(xs).toEqual(xs.toSorted((a, b) => a - b))
      }),
    )
  })

  it('leaves rows out that lack one of the two', () => {
    expect([
      ...pairsOf(
        [
          [1, 2],
          [null, 3],
          [4, 'x'],
          [5, 6],
        ],
        0,
        1,
      ),
    ]).toEqual([1, 2, 5, 6])
  })
})

describe('a row leads to the timeline', () => {
  const link = (columns: readonly string[], row: readonly (string | number | null)[], sql = 'SELECT …') =>
    rowLinks(columns, sql)?.(row)
  it.each([
    ['by the span it names', ['waiter_span_id', 'start_ns'], [7, 3], { kind: 'span', table: 'lock_span', id: 7 }],
    ['by its operation', ['comm', 'op_id'], ['x', 4], { kind: 'span', table: 'op', id: 4 }],
    [
      'by its moment where the span is unknown',
      ['op_id', 'ts_ns'],
      [null, 5],
      { kind: 'time', fromNs: 5, toNs: 5, task: undefined },
    ],
    [
      'from its start as long as it lasts',
      ['start_ns', 'duration_ns', 'task_id'],
      [10, 5, 2],
      { kind: 'time', fromNs: 10, toNs: 15, task: 2 },
    ],
    [
      'until its end',
      ['requested_ns', 'released_ns', 'wait_ns'],
      [10, 90, 5],
      { kind: 'time', fromNs: 10, toNs: 90, task: undefined },
    ],
  ] as const)('%s', (_, columns, row, target) => expect(link(columns, row)).toEqual(target))

  it('by a bare id only where one table was asked', () => {
    expect(link(['id'], [3], 'SELECT id FROM op WHERE kind = 1')).toEqual({ kind: 'span', table: 'op', id: 3 })
    expect(link(['id'], [3], 'SELECT o.id FROM op o JOIN task t')).toBeUndefined()
    expect(link(['id'], [3], 'SELECT op.id FROM op, task')).toBeUndefined()
    expect(link(['id'], [3], 'SELECT id FROM task')).toBeUndefined()
  })
  it('nowhere without a moment or a span', () => {
    expect(rowLinks(['comm', 'n'], 'SELECT …')).toBeUndefined()
    expect(link(['start_ns'], [null])).toBeUndefined()
    expect(link(['op_id'], [-1])).toBeUndefined()
  })
})
