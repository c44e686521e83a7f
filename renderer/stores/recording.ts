/**
 * Recording from the window: what this machine can record, what is filled in, and the recording that runs. It goes on
 * when the Open page is left; what comes out is opened like any other file.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef, type ShallowRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { MethodParams, Progress } from '#shared/contract/methods.ts'
import type { RecordAbility } from '#shared/contract/record.ts'
import { useClient } from '../api/client.ts'
import { formatCount } from '../ui/format.ts'
import { useFilesStore } from './files.ts'
import { useToastStore } from './toasts.ts'
import { useViewStore } from './view.ts'

export const useRecordingStore = defineStore('recording', () => {
  const client = useClient()
  const form = useForm()
  const { ability, set } = form
  const error = shallowRef<WireError>()
  const run = useRun(error)

  async function load(): Promise<void> {
    try {
      ability.value = await client.call('record.ability', {})
      const can = ability.value.sets.filter(({ lacks }) => lacks === null)
      if (!can.some(({ id }) => id === set.value)) set.value = can[0]?.id ?? set.value
    } catch (thrown) {
      error.value = toWireError(thrown)
    }
  }
  /** Ends the recording; what it has is imported and opened. */
  async function stop(): Promise<void> {
    run.stopping.value = true
    await client.call('record.stop', {})
  }

  return { ...form, ...run, error, load, stop, record: () => run.begin(form.request()) }
})

/** What is filled in. */
function useForm() {
  const ability = shallowRef<RecordAbility>()
  const set = ref('contention')
  const command = ref('')
  const seconds = ref('5')
  const allTasks = ref(false)

  /** Why it cannot begin as it is filled in; undefined: it can. */
  const problem = computed<string | undefined>(() => {
    const time = Number(seconds.value)
    if (seconds.value.trim() === '')
      return command.value.trim() === '' ? 'Say how many seconds, or what to run' : undefined
    return time > 0 && time <= 86_400 ? undefined : 'Seconds must be a number up to 86 400'
  })
  function request(): MethodParams<'record.run'> {
    const line = ability.value?.commands === true ? command.value.trim() : ''
    return {
      events: [set.value],
      // As it was typed, for a shell: this is a line for a command, not a list of words.
      command: line === '' ? [] : ['sh', '-c', line],
      allTasks: allTasks.value || line === '',
      ...(seconds.value.trim() === '' ? {} : { seconds: Number(seconds.value) }),
    }
  }
  return { ability, set, command, seconds, allTasks, problem, request }
}

/** The recording that runs; `error` gets why it failed. */
function useRun(error: ShallowRef<WireError | undefined>) {
  const client = useClient()
  const files = useFilesStore()
  const toasts = useToastStore()
  const view = useViewStore()
  const progress = shallowRef<Progress>()
  const abort = shallowRef<AbortController>()
  const stopping = ref(false)

  async function begin(params: MethodParams<'record.run'>): Promise<void> {
    const running = new AbortController()
    abort.value = running
    error.value = progress.value = undefined
    stopping.value = false
    try {
      const { signal } = running
      const done = await client.call('record.run', params, { signal, onProgress: (now) => (progress.value = now) })
      const [note] = done.notes
      toasts.show({
        level: done.lost > 0 ? 'warning' : 'done',
        title: `Recorded ${formatCount(done.events)} events${done.lost > 0 ? `, lost ${formatCount(done.lost)}` : ''}`,
        ...(note === undefined ? {} : { detail: note }),
      })
      if (done.opened !== null) view.showFile((await files.adopt(done.opened)).file)
    } catch (thrown) {
      const wire = toWireError(thrown)
      if (wire.code !== 'cancelled') error.value = wire
    } finally {
      abort.value = progress.value = undefined
    }
  }
  const running = computed(() => abort.value !== undefined)
  return { progress, stopping, running, begin, cancel: () => abort.value?.abort() }
}
