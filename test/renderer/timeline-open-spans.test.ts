/** What is drawn of a span whose end is not in the trace: its beginning, then a line, and no length. */
import { expect, it } from 'vitest'
import { SLICE_OPEN, type TimelineView, type TrackFamily } from '#shared/timeline/types.ts'
import { shapeOf } from '../../renderer/timeline/tracks.ts'
import { addRow, type Label } from '../../renderer/timeline/paint-tracks.ts'

const NONE = new Float64Array(0)

function view(
  family: TrackFamily,
  spans: readonly (readonly [from: number, to: number, flags: number])[],
): TimelineView {
  const column = <T>(of: (span: readonly [number, number, number]) => number, type: { from(list: number[]): T }) =>
    type.from(spans.map(of))
  return {
    ...{ fromNs: 0, toNs: 1000, unitNs: 1, mergedNs: 0, coarse: false, indexed: 1, words: ['exit'] },
    tracks: [{ row: 0, family, lane: 0, begin: 0, end: spans.length }],
    slices: {
      start: column(([from]) => from, Uint32Array),
      end: column(([, to]) => to, Uint32Array),
      id: column(() => 0, Uint32Array),
      name: column(() => 0, Uint16Array),
      count: column(() => 1, Uint32Array),
      share: column(() => 255, Uint8Array),
      waited: column(() => 0, Uint8Array),
      flags: column(([, , flags]) => flags, Uint8Array),
    },
    counters: { at: new Uint32Array(0), min: NONE, max: NONE, last: NONE },
  }
}

/** A pixel is a nanosecond; the window begins at `from`. */
function drawn(family: TrackFamily, spans: readonly (readonly [number, number, number])[], from = 0) {
  const shape = shapeOf('task', { state: 1, op: 1, phase: 1, wait: 1, hold: 1 })
  const row = { id: 'task:0', section: 'task' as const, group: 'g', label: '', detail: '', note: '', shape }
  const whole = view(family, spans)
  const picture = { view: whole, tracks: whole.tracks, nsPerPixel: 1, alone: true }
  const rects: number[][] = []
  const labels: Label[] = []
  const height = shape.track(family, 0)?.height ?? NaN
  addRow(
    {
      batch: {
        add: (_, x0, x1, __, high) => void rects.push([x0, x1, high === height ? 1 : high]),
        paint: () => undefined,
        count: () => 0,
      },
      looks: () => new Int16Array(1),
      labels,
      pictures: { sharp: () => picture, coarse: () => undefined },
    },
    row,
    0,
    { window: { fromNs: from, toNs: from + 1000 }, left: 0, width: 1000 },
  )
  return { rects, labels: labels.map(({ x, width, durationNs }) => [x, width, durationNs]) }
}

it('an operation is solid where it begins, and a line from there', () => {
  expect(drawn('op', [[100, 900, SLICE_OPEN]])).toEqual({
    rects: [
      [100, 148, 1],
      [148, 899.4, 2],
    ],
    labels: [[100, 48, undefined]],
  })
  expect(drawn('op', [[100, 900, 0]])).toEqual({ rects: [[100, 899.4, 1]], labels: [[100, 800, 800]] })
})

it('one that is soon followed by another has no line', () => {
  expect(drawn('phase', [[100, 130, SLICE_OPEN]]).rects).toEqual([[100, 129.4, 1]])
  expect(drawn('phase', [[500, 500, SLICE_OPEN]]).rects).toEqual([[500, 500, 1]])
})

it('of one that began before the window there is only the line', () => {
  expect(drawn('op', [[100, 900, SLICE_OPEN]], 500)).toEqual({ rects: [[0, 399.4, 2]], labels: [] })
})

it('a wait is drawn as long as it may be: somebody who still waits does wait', () => {
  expect(drawn('wait', [[100, 900, SLICE_OPEN]])).toEqual({ rects: [[100, 900, 1]], labels: [[100, 800, undefined]] })
})
