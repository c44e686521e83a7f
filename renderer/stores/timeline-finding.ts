/**
 * Search in the open trace: names of operations, phases, events, tasks and locks, and event arguments. The engine counts and
 * says where; ticks show where hits are in the whole trace and in the window, Enter goes from one to the next.
 */

import { computed, reactive, ref, shallowRef, watch, type Ref } from 'vue'
import { SEARCH_KINDS, type SearchHit, type SpanRef, type TimelineSearch } from '#shared/timeline/answers.ts'
import type { Client, MethodParams, Progress } from '#shared/contract/methods.ts'
import type { HitTicks } from '../timeline/scene.ts'
import { wholeTrace } from '../timeline/window.ts'
import { useAnswer } from './timeline-ask.ts'
import type { TimelineModel } from './timeline-model.ts'

type SearchFor = MethodParams<'timeline.search'>['find']

/** Ticks of the whole trace are as fine as the strip is wide. */
const TICKS = 1200
const TYPING_MS = 200
const MOVING_MS = 120

export function useTimelineFinding(client: Client, model: Ref<TimelineModel | undefined>) {
  const state = reactive({ open: false, text: '', inArgs: true })
  const like = shallowRef<{ readonly like: SpanRef; readonly name: string }>()
  const progress = ref<Progress>()
  /** Where the search looks from, and which way: changes with every Enter. */
  const from = shallowRef<{ atNs: number; direction: 'next' | 'previous' }>({ atNs: 0, direction: 'next' })
  watch(
    () => state.text,
    () => {
      like.value = undefined
      from.value = { atNs: model.value?.window.value.fromNs ?? 0, direction: 'next' }
    },
  )
  const find = computed<SearchFor | undefined>(() => {
    if (like.value) return { like: like.value.like }
    const kinds = SEARCH_KINDS.filter((kind) => kind !== 'args' || state.inArgs)
    return state.text.trim() === '' ? undefined : { text: state.text.trim(), kinds }
  })
  const base = computed(() =>
    model.value && state.open && find.value
      ? { file: model.value.file, trace: model.value.info.id, find: find.value }
      : undefined,
  )
  const whole = useAnswer(
    () => {
      if (!base.value || !model.value) return undefined
      const { atNs, direction } = from.value
      return { ...base.value, ...wholeTrace(model.value.info.durationNs), pixels: TICKS, atNs, direction }
    },
    async (asked, signal): Promise<TimelineSearch> => {
      try {
        return await client.call('timeline.search', asked, { signal, onProgress: (now) => (progress.value = now) })
      } finally {
        progress.value = undefined
      }
    },
    { afterMs: TYPING_MS },
  )
  const inWindow = useWindowTicks(client, model, base)
  const wholeTicks = computed<HitTicks | undefined>(() => {
    const { ticks } = whole.data.value ?? {}
    return ticks && model.value ? { ...wholeTrace(model.value.info.durationNs), ticks } : undefined
  })
  const hit = computed<SearchHit | undefined>(() => whole.data.value?.hit ?? undefined)

  function go(direction: 'next' | 'previous'): void {
    const now = hit.value?.ns
    const window = model.value?.window.value
    from.value = {
      atNs: now === undefined ? (window?.fromNs ?? 0) : direction === 'next' ? now + 1 : Math.max(0, now - 1),
      direction,
    }
  }
  function findLike(span: SpanRef, name: string): void {
    state.open = true
    state.text = ''
    like.value = { like: span, name }
    from.value = { atNs: model.value?.window.value.fromNs ?? 0, direction: 'next' }
  }
  return { state, like, whole, inWindow, wholeTicks, hit, progress, go, findLike }
}

type Asked = { readonly file: string; readonly trace: number; readonly find: SearchFor }

/** Ticks of the window alone: finer than the whole trace's. */
function useWindowTicks(client: Client, model: Ref<TimelineModel | undefined>, base: Ref<Asked | undefined>) {
  return useAnswer(
    () => {
      const { fromNs, toNs } = model.value?.window.value ?? { fromNs: 0, toNs: 0 }
      const isWhole = model.value !== undefined && toNs - fromNs >= model.value.info.durationNs
      return base.value && !isWhole
        ? { ...base.value, fromNs: Math.floor(fromNs), toNs: Math.ceil(toNs), pixels: TICKS }
        : undefined
    },
    async (asked, signal): Promise<HitTicks> => {
      const { ticks } = await client.call('timeline.search', asked, { signal })
      return { fromNs: asked.fromNs, toNs: asked.toNs, ticks }
    },
    { afterMs: MOVING_MS },
  )
}
