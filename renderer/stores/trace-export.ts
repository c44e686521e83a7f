/**
 * The open trace in other formats, saved by the browser or window: the chosen area of time where there is one, else all of
 * it. A notice says how far it is and can stop it; what was stopped leaves nothing behind.
 */

import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { toWireError } from '#shared/base/errors.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import { EXPORT_ROWS, type EXPORT_FORMATS } from '#shared/contract/export-formats.ts'
import { useClient } from '../api/client.ts'
import { bytesText, formatCount, rangeText } from '../ui/format.ts'
import { saveBlob } from '../ui/save.ts'
import { useSelectionStore } from './selection.ts'
import { useToastStore } from './toasts.ts'
import { useTraceStore } from './trace.ts'

export type TraceFormat = Exclude<(typeof EXPORT_FORMATS)[number], 'csv' | 'ndjson'>

export const useTraceExportStore = defineStore('trace-export', () => {
  const client = useClient()
  const toasts = useToastStore()
  const trace = useTraceStore()
  const selection = useSelectionStore()
  const running = shallowRef<AbortController>()

  async function save(format: TraceFormat, options: { readonly rawEvents?: boolean } = {}): Promise<void> {
    const { file, info } = trace
    if (file === undefined || info === undefined) return
    running.value?.abort()
    const abort = (running.value = new AbortController())
    const { range } = selection
    const times = range === undefined ? {} : { fromNs: Math.floor(range.fromNs), toNs: Math.ceil(range.toNs) }
    const part =
      range === undefined ? 'The whole trace' : `Area ${rangeText(range, info.durationNs ?? 0, info.clockUnit)}`
    const notice = toasts.show({
      ...{ level: 'info', title: 'Exporting…', detail: part, keep: true },
      action: { label: 'Stop', run: () => abort.abort() },
    })
    const [, counted] = EXPORT_ROWS[format] ?? []
    const onProgress = ({ done, unit }: { readonly done: number; readonly unit: string }): void =>
      toasts.change(notice, {
        detail: unit === 'rows' && counted !== undefined ? `${part}, ${formatCount(done)} ${counted}` : part,
      })
    try {
      const what = { file, trace: info.id, format, ...times, ...options }
      const result = await client.call('export.run', what, { signal: abort.signal, onProgress })
      const blob = new Blob((await exportedBytes(client, result)) as BlobPart[])
      if (abort.signal.aborted) return
      saveBlob(blob, result.name)
      toasts.show({ level: 'done', title: `Saved ${result.name}`, detail: `${part}, ${bytesText(blob.size)}` })
    } catch (thrown) {
      const { code, message, hint } = toWireError(thrown)
      if (code === 'cancelled') return
      const detail = [message, hint].filter((words) => words).join('. ')
      toasts.show({ level: 'error', title: 'The trace could not be exported', detail })
    } finally {
      toasts.dismiss(notice)
      if (running.value === abort) running.value = undefined
    }
  }

  return { save, running }
})
