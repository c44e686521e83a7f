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
  /** Where the search looks from, or from which hit, and which way: changes with every Enter. */
  const from = shallowRef<{ atNs?: number; hit?: number; direction: 'next' | 'previous' }>({ direction: 'next' })
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
      return { ...base.value, ...wholeTrace(model.value.info.durationNs), pixels: TICKS, ...from.value }
    },
    async (asked, signal): Promise<TimelineSearch & { readonly find: SearchFor }> => {
      try {
        const options = { signal, onProgress: (now: Progress) => (progress.value = now) }
        return { ...(await client.call('timeline.search', asked, options)), find: asked.find }
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

  /** From hit to hit; after the last one comes the first. What is still being looked for is not stepped from. */
  function go(direction: 'next' | 'previous'): void {
    const { data } = whole
    if (!data.value || data.value.find !== find.value || !model.value) return
    const { at, total } = data.value
    const around = direction === 'next' ? at < 0 || at === total - 1 : at <= 0
    const end = direction === 'next' ? 0 : model.value.info.durationNs + 1
    from.value = { ...(around ? { atNs: end } : { hit: at }), direction }
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
