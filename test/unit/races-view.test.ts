/** What the Races and Lock order pages make of the engine's answers, on answers of the real engine. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { one, row } from '#electron/engine/races-run.ts'
import type { RaceInfo, VerdictRow } from '#shared/contract/races.ts'
import { cellStep, inOrder, mainPart, orderMatrix, type OrderPair } from '#renderer/charts/lock-order.ts'
import { safetyOf, safetyShort } from '#renderer/panels/compare/safety.ts'
import { filmOrderView, ordersOf } from '#renderer/panels/lock-order/view.ts'
import { actorsOf, firstViolation, framesOf, lockStates, stateAfter, stateRows } from '#renderer/panels/races/film.ts'
import { lanesOf } from '#renderer/panels/races/lanes.ts'
import { cellWords, differs, lookOf, shownRaces, stepTo } from '#renderer/panels/races/matrix.ts'

const punch = one({ race: 'R03', strategy: 'F', slots: [], script: undefined })
const stuck = one({ race: 'R12', strategy: 'F', slots: [], script: undefined })
const info: RaceInfo = {
  id: 'R03',
  title: 'punch',
  about: '',
  severity: 'security',
  invariants: ['V1'],
  sources: [],
  parts: null,
  scripts: [],
}
const cellOf = (part: Partial<VerdictRow>): VerdictRow => ({
  race: 'R03',
  strategy: 'F',
  outcome: 'held',
  expected: null,
  invariants: [],
  why: null,
  schedule: null,
  decidedBy: 'R03',
  executions: 5,
  complete: true,
  within: 2,
  ...part,
})

describe('frames', () => {
  it.each(['scene', 'move', 'step'] as const)('cut finely or not (%s), no step is lost or shown twice', (grain) => {
    const frames = framesOf(punch, grain)
    expect(frames[0].from).toBe(0)
    frames.forEach((frame, i) => expect(frame.to).toBe(frames[i + 1]?.from ?? punch.steps.length))
  })

  it('of a scene are of one task', () => {
    for (const { from, to } of framesOf(punch, 'scene')) {
      expect(new Set(punch.steps.slice(from, to).map(({ task }) => task)).size).toBe(1)
    }
  })

  it('carry every finding of the film once, in order', () => {
    const found = framesOf(punch, 'scene').flatMap(({ violated }) => violated)
    expect(found).toEqual(punch.findings)
    expect(found.length).toBeGreaterThan(0)
  })

  it('end with the state that the next one begins with', () => {
    const frames = framesOf(punch, 'scene')
    const options = { all: true, findings: [] }
    for (let i = 1; i < frames.length; i++) {
      const ends = stateRows(punch, frames[i - 1], options).map(({ after }) => after)
      expect(stateRows(punch, frames[i], options).map(({ before }) => before)).toEqual(ends)
    }
  })
})

describe('the state beside a frame', () => {
  it('marks what the violated invariant names: the freed block and the PTE that still maps it', () => {
    const frames = framesOf(punch, 'scene')
    const frame = frames[firstViolation(frames) ?? -1]
    const named = stateRows(punch, frame, { all: false, findings: frame.violated }).filter((one) => one.named)
    expect(named.map(({ name, before, after }) => [name, before, after])).toEqual([
      ['page 5', 'block 5', 'hole'],
      ['PTE 5 in mm 0', 'block 5, writable', 'block 5, writable'],
    ])
  })

  it('loses what is gone', () => {
    expect(stateAfter(punch, 0)['file 1 block of page 5']).toBe('5')
    expect(stateAfter(punch, punch.steps.length)['file 1 block of page 5']).toBeUndefined()
  })
})

describe('lanes', () => {
  it('of a deadlock end with everybody in the circle asking for a lock', () => {
    const frames = framesOf(stuck, 'scene')
    const actors = actorsOf(stuck.steps)
    const last = lockStates(stuck, frames, actors).at(-1) ?? []
    const circle = new Set(stuck.deadlock?.map(({ task }) => task))
    expect(circle.size).toBeGreaterThan(1)
    actors.forEach(({ name }, i) => circle.has(name) && expect(last[i].wants, name).toBeDefined())
  })

  it('never overlap in a row', () => {
    for (const { blocks } of lanesOf(stuck).rows) {
      blocks.forEach((block, i) => expect(block.from).toBeGreaterThanOrEqual(blocks[i - 1]?.to ?? 0))
    }
  })
})

describe('the matrix', () => {
  it('never calls held what was not searched to the end', () => {
    expect(lookOf(cellOf({ complete: false }))).toBe('partly')
    expect(cellWords(info, 'F', cellOf({ complete: false }))).toMatch(/held so far.*not complete/)
    expect(lookOf(cellOf({}))).toBe('held')
  })

  it('marks what does not come out as stated, and only that', () => {
    expect(differs(cellOf({ expected: 'violated' }))).toBe(true)
    expect(differs(cellOf({ expected: 'held' }))).toBe(false)
    expect(differs(cellOf({ expected: null }))).toBe(false)
  })

  it('lists variants only when asked, and finds a race by its invariant', () => {
    const group = { ...info, id: 'R18', invariants: [], parts: ['R18a'] }
    const part = { ...info, id: 'R18a', invariants: ['V13'] }
    const filter = { text: '', severity: '', show: 'all', variants: false } as const
    const ids = (change: object) =>
      shownRaces([info, group, part], { ...filter, ...change }, ['F'], () => undefined).map(({ id }) => id)
    expect(ids({})).toEqual(['R03', 'R18'])
    expect(ids({ variants: true, text: 'v13' })).toEqual(['R18a'])
  })

  it('is never left by an arrow key', () => {
    const size = { rows: 3, columns: 4 }
    expect(stepTo({ row: 2, column: 3 }, 'ArrowDown', size)).toEqual({ row: 2, column: 3 })
    expect(stepTo({ row: 0, column: 0 }, 'PageDown', size)).toEqual({ row: 2, column: 0 })
    expect(stepTo({ row: 0, column: 0 }, 'a', size)).toBeUndefined()
  })
})

describe('the safety of a compared strategy', () => {
  it('lists the worst first, counts what applies, and says how much was complete', () => {
    const list = [{ ...info, id: 'R21', severity: 'resource' }, info, { ...info, id: 'R33' }]
    const rows = new Map(
      ['R21', 'R03', 'R33'].flatMap((race) => row({ race, strategies: ['F'] }).map((one) => [race, one] as const)),
    )
    const safety = safetyOf(list, (race) => rows.get(race))
    expect(safety.violated.map(({ id }) => id)).toEqual(['R03', 'R21'])
    expect(safety.asked).toBe(2)
    const open = safetyOf([info], () => cellOf({ complete: false }))
    expect(safetyShort(open)).toBe('0/1 complete')
    expect(safetyShort(safetyOf([info], () => undefined))).toBe('0 of 1 run')
  })
})

describe('lock orders', () => {
  const graph = fc
    .array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 30 })
    .map((pairs) =>
      pairs.filter(([a, b]) => a !== b).map(([a, b]): OrderPair => ({ from: `l${a}`, to: `l${b}`, count: 1 })),
    )
  const names = Array.from({ length: 8 }, (_, i) => `l${i}`)

  it('without circles stand above the diagonal, whatever they are', () => {
    fc.assert(
      fc.property(graph, (edges) => {
        const forward = edges.filter(({ from, to }) => from < to)
        const order = inOrder([...names].reverse(), forward, new Set())
        expect([...order].sort()).toEqual(names)
        for (const { from, to } of forward) expect(order.indexOf(from)).toBeLessThan(order.indexOf(to))
      }),
    )
  })

  it('of a deadlocked film have a circle, and exactly what closed it stands below', () => {
    const view = filmOrderView(stuck.lockOrder)
    expect(view.circles.length).toBeGreaterThan(0)
    const below = view.matrix.cells.filter((cell) => cell.below).map(({ edge }) => edge)
    expect(new Set(below)).toEqual(new Set(view.circles.map(({ edges }) => edges[0])))
  })

  it('of many classes are cut to those most often in one, in the same order, and what is asked for stays', () => {
    const counted = fc.tuple(graph, fc.array(fc.nat(50), { minLength: 30, maxLength: 30 }))
    const asked = fc.tuple(counted, fc.integer({ min: 1, max: 8 }), fc.nat(7))
    fc.assert(
      fc.property(asked, ([[pairs, counts], most, wanted]) => {
        const edges = pairs.map((pair, i) => ({ ...pair, count: counts[i] ?? 1 }))
        const classes = names.map((name) => ({ name, lockdep: true, annotation: false }))
        const matrix = orderMatrix(classes, edges, new Set())
        const part = mainPart(matrix, most, new Set([`l${wanted}`]))
        const kept = part.classes.map(({ name }) => name)
        expect(kept).toEqual(matrix.classes.map(({ name }) => name).filter((name) => kept.includes(name)))
        expect(kept).toHaveLength(Math.min(most, 8))
        expect(kept).toContain(`l${wanted}`)
        const both = edges.filter(({ from, to }) => kept.includes(from) && kept.includes(to))
        expect(part.cells.map(({ edge }) => edge)).toEqual(both)
        for (const { row, column, edge } of part.cells) expect([kept[row], kept[column]]).toEqual([edge.from, edge.to])
        const times = (name: string): number =>
          edges.reduce((sum, { from, to, count }) => sum + (from === name ? count : 0) + (to === name ? count : 0), 0)
        const left = names.filter((name) => !kept.includes(name))
        const least = Math.min(...kept.filter((name) => name !== `l${wanted}`).map(times))
        for (const name of left) expect(times(name)).toBeLessThanOrEqual(least)
      }),
    )
  })

  it('keep to the classes whose name has what was typed, both ways round', () => {
    const view = filmOrderView(stuck.lockOrder)
    const [{ from }] = view.edges
    const part = ordersOf(view, from.toUpperCase())
    expect(part.edges).toEqual(view.edges.filter((edge) => edge.from.includes(from) || edge.to.includes(from)))
    expect(part.matrix.cells.map(({ edge }) => edge)).toEqual(part.edges)
    expect(part.circles).toEqual(view.circles)
    expect(ordersOf(view, 'no such class').classes).toEqual([])
  })

  it('are walked with arrow keys, edge by edge', () => {
    const edges = [
      { from: 'l0', to: 'l1', count: 1 },
      { from: 'l0', to: 'l2', count: 1 },
      { from: 'l1', to: 'l2', count: 1 },
    ]
    const classes = names.slice(0, 3).map((name) => ({ name, lockdep: true, annotation: false }))
    const { cells } = orderMatrix(classes, edges, new Set())
    expect(cellStep(cells, { row: 0, column: 1 }, 'ArrowRight')?.edge).toBe(edges[1])
    expect(cellStep(cells, { row: 0, column: 2 }, 'ArrowDown')?.edge).toBe(edges[2])
    expect(cellStep(cells, { row: 0, column: 2 }, 'ArrowRight')).toBeUndefined()
  })
})
