/**
 * Marks and notes on the time axis. Those that are kept are the file's annotations, written at once; one more is only
 * remembered until the next is set. Violations that a simulated run left as marks are shown among them and cannot be
 * changed here.
 */

import { computed, shallowRef, type Ref } from 'vue'
import { toWireError } from '#shared/base/errors.ts'
import type { Client } from '#shared/contract/methods.ts'
import type { AnnotationList, AnnotationRow } from '#shared/timeline/answers.ts'
import type { Mark } from '../timeline/scene.ts'
import type { TimeWindow } from '../timeline/window.ts'
import { useAnswer } from './timeline-ask.ts'
import type { TimelineModel } from './timeline-model.ts'
import { useToastStore } from './toasts.ts'

/** The id of the mark that is not kept. */
const TEMPORARY = -1

export interface NewMark extends TimeWindow {
  readonly text: string
}

export function useTimelineMarks(client: Client, model: Ref<TimelineModel | undefined>) {
  const toasts = useToastStore()
  const where = computed(() => model.value && { file: model.value.file, trace: model.value.info.id })
  const changes = shallowRef(0)
  const listed = useAnswer(
    () => where.value && { ...where.value, changes: changes.value },
    ({ file, trace }, signal): Promise<AnnotationList> => client.call('annotations.list', { file, trace }, { signal }),
    { clear: false },
  )
  client.on('annotations.changed', ({ file, trace }) => {
    if (file === where.value?.file && trace === where.value.trace) changes.value++
  })
  const temporary = shallowRef<{ readonly key: string; readonly mark: Mark }>()
  const key = computed(() => JSON.stringify(where.value))
  const marks = computed<readonly Mark[]>(() => {
    const kept = (where.value === undefined ? [] : (listed.data.value?.annotations ?? [])).map(markOf)
    return temporary.value?.key === key.value ? [...kept, temporary.value.mark] : kept
  })

  /** Until the next one; a moment where both ends are the same. */
  function set({ fromNs, toNs, text }: NewMark): void {
    const endNs = toNs > fromNs ? toNs : undefined
    temporary.value = {
      key: key.value,
      mark: { id: TEMPORARY, startNs: fromNs, endNs, text, temporary: true, kind: 'mark' },
    }
  }
  async function change(what: string, run: (at: { file: string; trace: number }) => Promise<unknown>): Promise<void> {
    if (!where.value) return
    try {
      await run(where.value)
      changes.value++
    } catch (thrown) {
      const error = toWireError(thrown)
      toasts.show({
        level: 'error',
        title: what,
        detail: [error.message, error.hint].filter((part) => part).join('. '),
      })
    }
  }
  async function keep({ fromNs, toNs, text }: NewMark): Promise<void> {
    const times = { startNs: Math.round(fromNs), endNs: toNs > fromNs ? Math.round(toNs) : null }
    await change('The mark could not be kept', (at) =>
      client.call('annotations.add', { ...at, kind: 'note', ...times, text }),
    )
    if (temporary.value?.mark.startNs === fromNs) temporary.value = undefined
    const list = listed.data.value
    if (list && !list.writable)
      toasts.show({ level: 'warning', title: 'The mark is kept in memory only', detail: list.why ?? '' })
  }
  const rename = ({ id, kind, startNs, endNs }: Mark, text: string): Promise<void> =>
    change('The note could not be changed', (at) =>
      client.call('annotations.update', { ...at, id, kind, startNs, endNs: endNs ?? null, text }),
    )
  const remove = (mark: Mark): Promise<void> => {
    if (mark.temporary) {
      temporary.value = undefined
      return Promise.resolve()
    }
    return change('The mark could not be removed', (at) => client.call('annotations.remove', { ...at, id: mark.id }))
  }
  return { marks, listed, set, keep, rename, remove, temporary: computed(() => temporary.value?.mark) }
}

function markOf({ id, kind, startNs, endNs, text }: AnnotationRow): Mark {
  return { id, kind, startNs, endNs: endNs ?? undefined, text, temporary: false }
}
