// @vitest-environment happy-dom
/** The primitives of the window: tables, panels, CSV, numbers in columns. */
import fc from 'fast-check'
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { limits } from '#shared/base/limits.ts'
import DataTable from '#renderer/ui/DataTable.vue'
import PanelFrame from '#renderer/ui/PanelFrame.vue'
import Segmented from '#renderer/ui/Segmented.vue'
import { axisTicks, columnUnit, rangeText, timeIn } from '#renderer/ui/format.ts'
import { fileName } from '#renderer/ui/save.ts'
import { sortRows, tableOf, toCsv, type Cell, type ColumnSpec } from '#renderer/ui/table-spec.ts'
import { putTokens } from './support/tokens.ts'
import { fakeHost, windowOf } from './support/fake-host.ts'

interface Row {
  readonly id: number
  readonly name: string
  readonly ns: number | null
}
const columns: readonly ColumnSpec<Row>[] = [
  { key: 'name', title: 'Name', value: (row) => row.name },
  { key: 'total', title: 'Total', group: 'Wait', kind: 'time', bar: 'lock-waiting', value: (row) => row.ns },
  { key: 'max', title: 'Max', group: 'Wait', kind: 'time', value: (row) => row.ns, why: () => 'never seen' },
]
const rows: readonly Row[] = [
  { id: 1, name: 'b', ns: 5_000 },
  { id: 2, name: 'a', ns: null },
  { id: 3, name: 'c', ns: 900_000 },
]
beforeEach(putTokens)
const plugins = () => [windowOf(fakeHost())]
interface TableProps {
  readonly columns: readonly ColumnSpec<Row>[]
  readonly rows: readonly Row[]
  readonly selected: number
  readonly fixedWidths: boolean
}
function table(props: Partial<TableProps> = {}) {
  return mount(DataTable<Row>, {
    props: { columns, rows, rowKey: (row: Row) => row.id, label: 'Rows', ...props },
    global: { plugins: plugins() },
    attachTo: document.body,
  })
}
const names = (wrapper: ReturnType<typeof table>) =>
  wrapper.findAll('tbody tr').map((tr) => tr.findAll('td')[0]?.text())

describe('a table', () => {
  it('stands grouped columns under a common head', () => {
    const head = table().findAll('thead tr')
    expect(head.map((tr) => tr.findAll('th').map((th) => th.text()))).toEqual([
      ['Name', 'Wait'],
      ['Total', 'Max'],
    ])
    expect(head[0]?.findAll('th')[1]?.attributes('colspan')).toBe('2')
  })

  it('sorts by a head, numbers largest first, and keeps what is unknown last', async () => {
    const wrapper = table()
    const button = wrapper.findAll('thead button')[1]
    await button?.trigger('click')
    expect(names(wrapper)).toEqual(['c', 'b', 'a'])
    await button?.trigger('click')
    expect(names(wrapper)).toEqual(['b', 'c', 'a'])
    expect(wrapper.findAll('th')[2]?.attributes('aria-sort')).toBe('ascending')
  })

  it('shows an unknown cell as a dash with the reason, never as 0', () => {
    const cell = table().findAll('tbody tr')[1]?.findAll('td')[2]
    expect(cell?.text()).toBe('–')
    expect(cell?.get('.dim').attributes('title')).toBe('never seen')
  })

  it('makes a column of counts as wide as its longest, whatever width was meant for it', () => {
    const counts: readonly ColumnSpec<Row>[] = [
      { key: 'n', title: 'n', kind: 'count', width: 40, value: ({ ns }) => ns },
      { key: 'ns', title: 'ns', kind: 'number', width: 40, value: ({ ns }) => ns },
    ]
    const widths = (ns: number) =>
      table({ columns: counts, rows: [{ id: 1, name: '', ns }], fixedWidths: true })
        .findAll('col')
        .map((col) => Number(/width: (\d+)px/.exec(col.attributes('style') ?? '')?.[1]))
    expect(widths(12)).toEqual([40, 40])
    const [wide, kept] = widths(3_895_156)
    expect(wide).toBeGreaterThan(70)
    expect(kept).toBe(40)
  })

  it('says the whole of a cell that is cut as its tooltip, and nothing of one that is not', async () => {
    const wrapper = table({ rows: [{ id: 1, name: 'trunc/0  waiting for mapping.invalidate_lock', ns: 5 }] })
    const [name, total] = wrapper.findAll('tbody td')
    Object.defineProperty(name?.element, 'scrollWidth', { value: 251 })
    Object.defineProperty(name?.element, 'clientWidth', { value: 136 })
    await name?.trigger('mouseover')
    await total?.trigger('mouseover')
    expect(name?.attributes('title')).toBe('trunc/0 waiting for mapping.invalidate_lock')
    expect(total?.attributes('title') ?? '').toBe('')
  })

  it('goes through the buttons of the active row by arrows to the sides, and back to the rows', async () => {
    const wrapper = mount(DataTable<Row>, {
      props: { columns, rows, rowKey: (row: Row) => row.id, label: 'Rows' },
      slots: { 'cell-name': '<button class="a" tabindex="-1">a</button><button class="b" tabindex="-1">b</button>' },
      global: { plugins: plugins() },
      attachTo: document.body,
    })
    const grid = wrapper.get('table').element
    grid.focus()
    const press = async (key: string) => {
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
      await nextTick()
    }
    const focused = () => document.activeElement?.className
    const row = () => document.activeElement?.closest('tr')?.rowIndex
    await press('ArrowDown')
    await press('ArrowRight')
    expect([focused(), row()]).toEqual(['a', 3])
    await press('ArrowRight')
    await press('ArrowRight')
    expect(focused()).toBe('b')
    await press('Enter')
    expect(wrapper.emitted('activate')).toBeUndefined()
    await press('ArrowDown')
    expect(document.activeElement).toBe(grid)
    await press('ArrowRight')
    expect([focused(), row()]).toEqual(['a', 4])
    await press('ArrowLeft')
    expect(document.activeElement).toBe(grid)
    wrapper.unmount()
  })

  it('moves by keys, selects with Space and goes there with Enter', async () => {
    const wrapper = table()
    const grid = wrapper.get('table')
    await grid.trigger('focus')
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', ' ', 'Home', 'Enter'])
      await grid.trigger('keydown', { key })
    expect(wrapper.emitted('select')).toEqual([[rows[2]]])
    expect(wrapper.emitted('activate')).toEqual([[rows[0]]])
    expect(grid.attributes('aria-activedescendant')).toMatch(/-0$/)
  })

  it('marks the selected row', () => {
    const wrapper = table({ selected: 3 })
    expect(wrapper.findAll('tr[aria-selected=true]').map((tr) => tr.text())).toHaveLength(1)
  })

  it('draws only a part of a long list, and says how long it is', async () => {
    const many = Array.from({ length: 10_000 }, (_, id) => ({ id, name: `row ${id}`, ns: id }))
    const wrapper = table({ rows: many })
    await nextTick()
    expect(wrapper.findAll('tbody tr').length).toBeLessThan(limits.plainTableRows)
    expect(wrapper.get('table').attributes('aria-rowcount')).toBe('10000')
  })
})

describe('a panel', () => {
  afterEach(() => vi.useRealTimers())
  const panel = (props: object) =>
    mount(PanelFrame, {
      props: { title: 'Locks', ...props },
      slots: { default: '<p class="content">x</p>' },
      global: { plugins: plugins() },
    })

  it('shows nothing for half a second of loading, then that it loads', async () => {
    vi.useFakeTimers()
    const wrapper = panel({ state: 'loading' })
    vi.advanceTimersByTime(450)
    await nextTick()
    expect(wrapper.find('[role=progressbar]').exists()).toBe(false)
    expect(wrapper.find('.content').exists()).toBe(false)
    vi.advanceTimersByTime(100)
    await nextTick()
    expect(wrapper.find('[role=progressbar]').exists()).toBe(true)
    expect(wrapper.find('.bones').exists()).toBe(true)
  })

  it('keeps old content while new content loads', async () => {
    vi.useFakeTimers()
    const wrapper = panel({ state: 'ready' })
    await wrapper.setProps({ state: 'loading' })
    vi.advanceTimersByTime(1000)
    await nextTick()
    expect(wrapper.find('.content').exists()).toBe(true)
    expect(wrapper.find('.bones').exists()).toBe(false)
  })

  it('says what failed and what to do, and tries again', async () => {
    const retry = vi.fn()
    const error = { code: 'limit', message: 'too many rows', hint: 'choose a smaller range' }
    const wrapper = panel({ state: 'error', error, retry })
    expect(wrapper.get('[role=alert]').text()).toContain('Too many rows')
    expect(wrapper.get('[role=alert]').text()).toContain('Choose a smaller range.')
    await wrapper.get('[role=alert] button').trigger('click')
    expect(retry).toHaveBeenCalledOnce()
  })

  it('says why it is empty', () => {
    expect(panel({ state: 'ready', empty: 'Nothing waited' }).text()).toContain('Nothing waited')
  })
})

describe('CSV', () => {
  it('quotes what needs it and disarms formulas', () => {
    const csv = toCsv({
      columns: [
        { key: 'a', title: 'Task' },
        { key: 'b', title: 'Wait', kind: 'time' },
      ],
      rows: [
        ['=1+1', 5],
        ['a,"b"', null],
        ['-x', -3],
      ],
    })
    expect(csv).toBe(`Task,"Wait, ns"\r\n'=1+1,5\r\n"a,""b""",\r\n'-x,-3\r\n`)
  })

  it('names grouped columns by group and title', () => {
    expect(tableOf(columns, rows).columns.map(({ title }) => title)).toEqual(['Name', 'Wait total', 'Wait max'])
  })

  it('loses no value: every text comes back', () => {
    const unquote = (cell: string) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)
    fc.assert(
      fc.property(fc.string(), (text) => {
        const [, line = ''] =
          toCsv({ columns: [{ key: 'a', title: 'A' }], rows: [[text]] }).match(/^A\r\n([\s\S]*)\r\n$/) ?? []
        expect([text, `'${text}`]).toContain(unquote(line))
      }),
    )
  })
})

describe('sorting', () => {
  it('is stable and puts the unknown last both ways', () => {
    const cells = fc.array(fc.option(fc.integer({ min: -5, max: 5 }), { nil: null }))
    fc.assert(
      fc.property(cells, fc.boolean(), (list, descending) => {
        const indexed = list.map((value, at) => ({ value, at }))
        const column: ColumnSpec<(typeof indexed)[number]> = { key: 'v', title: 'V', value: (row): Cell => row.value }
        const sorted = sortRows(indexed, column, descending)
        const known = sorted.filter(({ value }) => value !== null)
        expect(sorted.slice(0, known.length)).toEqual(known)
        for (let i = 1; i < known.length; i++) {
          const [a, b] = [known[i - 1], known[i]]
          if (!a || !b || a.value === null || b.value === null) continue
          expect(descending ? a.value >= b.value : a.value <= b.value).toBe(true)
          if (a.value === b.value) expect(a.at).toBeLessThan(b.at)
        }
      }),
    )
  })
})

describe('numbers', () => {
  it('share one unit in a column: the largest in which half of them are 1 or more', () => {
    expect(columnUnit([1_187_000_000, 204_000_000, 27_000_000, 400_000])).toBe('ms')
    expect(columnUnit([54_300, 22_500, 900])).toBe('µs')
    expect(columnUnit([])).toBe('µs')
  })

  it('keep three digits that matter', () => {
    expect([1_187_400_000, 54_300_000, 9_020_000, 412_000].map((ns) => timeIn(ns, 'ms'))).toEqual([
      '1\u2009187',
      '54.3',
      '9.02',
      '0.41',
    ])
  })

  it('name a range in the unit of its axis', () => {
    expect(rangeText({ fromNs: 1_160_000_000, toNs: 1_250_000_000 }, 2_000_000_000)).toBe('1\u2009160 to 1\u2009250 ms')
    expect(rangeText({ fromNs: 10, toNs: 20 }, 100, 'tick')).toBe('10 to 20 ticks')
  })

  it('stand on an axis at round places inside it, never more than asked for plus one', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e12, noNaN: true }), fc.integer({ min: 1, max: 12 }), (span, most) => {
        const ticks = axisTicks(0, span, most)
        expect(ticks.length).toBeLessThanOrEqual(most + 1)
        expect(ticks.every((tick) => tick >= 0 && tick <= span * 1.000001)).toBe(true)
        // labels have whole nanoseconds
        expect(ticks.every((tick) => Math.abs(tick - Math.round(tick)) < 1e-6)).toBe(true)
      }),
    )
  })
})

describe('small things', () => {
  it('a file name has nothing a file system refuses', () => {
    expect(fileName('a/b: "c"?', 'csv')).toBe('a-b-c.csv')
    expect(fileName('///', 'png')).toBe('faultline.png')
  })

  it('a segmented control moves by arrows and wraps, and the keyboard goes along', async () => {
    const wrapper = mount(Segmented<'a' | 'b'>, {
      props: {
        modelValue: 'a',
        label: 'By',
        options: [
          { id: 'a', label: 'A' },
          { id: 'b', label: 'B' },
        ],
      },
      attachTo: document.body,
    })
    await wrapper.trigger('keydown', { key: 'ArrowLeft' })
    expect(wrapper.emitted('update:modelValue')).toEqual([['b']])
    expect(document.activeElement?.textContent?.trim()).toBe('B')
    wrapper.unmount()
  })
})
