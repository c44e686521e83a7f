/**
 * Two timelines on one time axis: what the one shows the other shows, shifted by the distance between the moments they are
 * aligned at. Neither can be moved to before its own start, so both stop there; they may go on to the later of both ends.
 */

import { watch } from 'vue'
import type { TimelineModel } from './timeline-model.ts'
import { inTrace, sameWindow, type TimeWindow } from '../timeline/window.ts'

export interface Synced {
  /** `second` is later than `first` by this. */
  align(shiftNs: number): void
  stop(): void
}

export function syncTimelines(first: TimelineModel, second: TimelineModel): Synced {
  let shift = 0
  let busy = false

  function follow(from: TimelineModel, to: TimelineModel, by: number): void {
    if (busy) return
    busy = true
    const wanted = moved(from.window.value, by)
    const possible = inTrace(wanted, to.extentNs.value)
    to.window.value = possible
    const back = inTrace(moved(possible, -by), from.extentNs.value)
    if (!sameWindow(back, from.window.value)) from.window.value = back
    busy = false
  }
  function setExtents(): void {
    first.extentNs.value = Math.max(first.info.durationNs, second.info.durationNs - shift)
    second.extentNs.value = Math.max(second.info.durationNs, first.info.durationNs + shift)
  }
  const stops = [
    watch(first.window, () => follow(first, second, shift), { flush: 'sync' }),
    watch(second.window, () => follow(second, first, -shift), { flush: 'sync' }),
  ]
  setExtents()
  follow(first, second, 0)
  return {
    align(shiftNs) {
      shift = Math.round(shiftNs)
      setExtents()
      follow(first, second, shift)
    },
    stop() {
      for (const stop of stops) stop()
      first.extentNs.value = first.info.durationNs
      first.setWindow(inTrace(first.window.value, first.info.durationNs))
    },
  }
}

function moved({ fromNs, toNs }: TimeWindow, by: number): TimeWindow {
  return { fromNs: fromNs + by, toNs: toNs + by }
}
