/**
 * The span under the pointer with its own times: pictures of a long trace have them in units of several ns, and cut where the
 * picture ends. Asked for in a window of a few units around its start, so that the answer is small whatever else there is.
 */

import { computed, type ComputedRef, type Ref } from 'vue'
import { SLICE_CUT_LEFT, SLICE_CUT_RIGHT } from '#shared/timeline/types.ts'
import { useAnswer } from '../../stores/timeline-ask.ts'
import { spanRef } from '../../timeline/hit.ts'
import type { ViewSource } from '../../timeline/pictures.ts'
import type { SpanRef } from '../../timeline/scene.ts'

/** Up to here the units of every picture are ns (shared/timeline/view.ts). */
const UNITS = 2 ** 32 - 1
const CUT = SLICE_CUT_LEFT | SLICE_CUT_RIGHT
/** A pointer that only passes asks nothing. */
const REST_MS = 40

export function useExactSpan(
  source: ViewSource,
  extentNs: Readonly<Ref<number>>,
  span: Readonly<Ref<SpanRef | undefined>>,
): ComputedRef<SpanRef | undefined> {
  const answer = useAnswer(
    () => {
      const drawn = span.value
      if (drawn?.count !== 1 || (extentNs.value <= UNITS && (drawn.flags & CUT) === 0)) return undefined
      return { drawn, within: 2 * Math.ceil(extentNs.value / UNITS) }
    },
    async ({ drawn, within }, signal) => {
      const window = { fromNs: Math.floor(drawn.startNs), toNs: Math.floor(drawn.startNs) + within }
      const view = await source.view({ ...window, pixels: within, rows: [drawn.row], exact: true }, signal)
      for (const track of view.tracks) {
        for (let index = track.begin; track.family !== 'counter' && index < track.end; index++) {
          const one = spanRef({ view, track, index, row: drawn.row })
          if (isSame(one, drawn)) return { drawn, exact: one }
        }
      }
      return undefined
    },
    { afterMs: REST_MS },
  )
  return computed(() => {
    const found = answer.data.value
    return found !== undefined &&
      span.value !== undefined &&
      found.drawn.startNs === span.value.startNs &&
      isSame(found.drawn, span.value)
      ? found.exact
      : span.value
  })
}

/** Moments have no number: of two with a name that are less than a unit apart either will do. */
function isSame(a: SpanRef, b: SpanRef): boolean {
  return (
    a.count === 1 && a.row === b.row && a.family === b.family && a.lane === b.lane && a.id === b.id && a.name === b.name
  )
}
