/**
 * Viewers draw the slices of a track as a call stack: one that begins inside another must end inside it. Spans that were
 * deduced, or cut, need not; here they are made to, by the smallest change, and holds that overlap get lanes.
 */

import type { Slice } from './slice.ts'

/**
 * Outer before inner; what would stick out of the slice it begins in ends with it. Of two of a kind the earlier gives way where
 * that is the smaller change: measured lengths set at their events' times overlap by a moment.
 */
export function nested(slices: readonly Slice[]): readonly Slice[] {
  const out = [...slices].sort(byBegin)
  const open: Slice[] = []
  for (const slice of out) {
    while (open.length > 0 && open[open.length - 1].end <= slice.start && !isMoment(slice, open[open.length - 1]))
      open.pop()
    for (let outer = open.at(-1); outer !== undefined && slice.end > outer.end; outer = open.at(-1)) {
      const over = outer.end - slice.start
      if (outer.category !== slice.category || over >= slice.end - outer.end) slice.end = outer.end
      else {
        outer.end = slice.start
        open.pop()
      }
    }
    open.push(slice)
  }
  return out
}

/** A slice of no length at the very end of another is inside it. */
function isMoment(slice: Slice, outer: Slice): boolean {
  return slice.start === slice.end && outer.end === slice.start && outer.start < outer.end
}

function isSame(slice: Slice, outer: Slice): boolean {
  return slice.start === outer.start && slice.end === outer.end && slice.start < slice.end
}

const RANK = { op: 0, phase: 1, wait: 2, hold: 3, running: 4 } as const

function byBegin(a: Slice, b: Slice): number {
  return a.start - b.start || b.end - a.end || RANK[a.category] - RANK[b.category] || a.row - b.row
}

/**
 * Slices that overlap without nesting are put in different lanes, each into the first that takes it. So are two of the same
 * extent: the outer would have no moment of its own for an arrow to end at.
 */
export function lanesOf(slices: readonly Slice[]): readonly (readonly Slice[])[] {
  const lanes: { readonly slices: Slice[]; readonly open: Slice[] }[] = []
  for (const slice of [...slices].sort(byBegin)) {
    let lane = lanes.find(({ open }) => {
      while (open.length > 0 && open[open.length - 1].end <= slice.start) open.pop()
      const outer = open.at(-1)
      return outer === undefined || (outer.end >= slice.end && !isSame(slice, outer))
    })
    if (lane === undefined) lanes.push((lane = { slices: [], open: [] }))
    lane.slices.push(slice)
    lane.open.push(slice)
  }
  return lanes.map((lane) => lane.slices)
}
