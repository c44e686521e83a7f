/**
 * How high a row is and where in it each track stands: task states as a strip, operations, their phases nested below, waits,
 * holds, event ticks. Lanes past a cap share the last one: a lock with a hundred readers is a tall row, not a page.
 */

import type { RowSection, TrackFamily } from '#shared/timeline/types.ts'

export type LaneCounts = Readonly<Partial<Record<TrackFamily, number>>>

export interface Track {
  readonly y: number
  readonly height: number
}

export interface RowShape {
  readonly height: number
  track(family: TrackFamily, lane: number): Track | undefined
}

interface LaneRule {
  readonly family: TrackFamily
  /** Heights of lane 0, 1 …; lanes past the last share its place. */
  readonly lanes: readonly number[]
  /** Empty px above the family. */
  readonly gap: number
}

const PHASES: LaneRule = { family: 'phase', lanes: [11, 4, 4, 4], gap: 1 }
const WAITS: LaneRule = { family: 'wait', lanes: [9], gap: 1 }
const RULES: Readonly<Record<RowSection, readonly LaneRule[]>> = {
  task: [
    { family: 'state', lanes: [3], gap: 4 },
    { family: 'op', lanes: [15, 13, 11], gap: 2 },
    PHASES,
    WAITS,
    { family: 'hold', lanes: [7, 5, 4, 4], gap: 1 },
    { family: 'tick', lanes: [4], gap: 1 },
  ],
  cpu: [
    { family: 'run', lanes: [16], gap: 4 },
    { family: 'tick', lanes: [4], gap: 1 },
  ],
  lock: [
    { family: 'hold', lanes: [16, 8, 6, 6], gap: 4 },
    { family: 'wait', lanes: [7, 5, 5, 5, 4, 4], gap: 1 },
    { family: 'tick', lanes: [4], gap: 1 },
  ],
  inode: [
    { family: 'op', lanes: [15, 11, 9, 7, 7, 7], gap: 4 },
    { family: 'wait', lanes: [7, 5, 5], gap: 1 },
    { family: 'hold', lanes: [7, 5, 5], gap: 1 },
    { family: 'tick', lanes: [4], gap: 1 },
  ],
  counter: [{ family: 'counter', lanes: [22], gap: 3 }],
}
/** Two lines of text in the gutter need this much; rows without a second line less. */
const LEAST: Readonly<Record<RowSection, number>> = { task: 40, cpu: 26, lock: 26, inode: 40, counter: 26 }
const BELOW = 2

const shapes = new Map<string, RowShape>()

/** Rows with the same lanes share one shape. */
export function shapeOf(section: RowSection, lanes: LaneCounts): RowShape {
  const rules = RULES[section]
  const key = `${section}|${rules.map(({ family }) => lanes[family] ?? 0).join()}`
  let shape = shapes.get(key)
  if (shape === undefined) shapes.set(key, (shape = makeShape(section, rules, lanes)))
  return shape
}

function makeShape(section: RowSection, rules: readonly LaneRule[], lanes: LaneCounts): RowShape {
  const placed = new Map<TrackFamily, readonly Track[]>()
  let y = 0
  for (const { family, lanes: heights, gap } of rules) {
    const count = Math.min(lanes[family] ?? 0, heights.length)
    if (count === 0) continue
    y += gap
    const tracks: Track[] = []
    for (let lane = 0; lane < count; lane++) {
      tracks.push({ y, height: heights[lane] })
      y += heights[lane] + (lane < count - 1 ? 1 : 0)
    }
    placed.set(family, tracks)
  }
  return {
    height: Math.max(LEAST[section], y + BELOW),
    track(family, lane) {
      // what blocks others is a part of the hold it lies on
      const tracks = placed.get(family === 'blocking' ? 'hold' : family)
      return tracks?.[Math.min(lane, tracks.length - 1)]
    },
  }
}
