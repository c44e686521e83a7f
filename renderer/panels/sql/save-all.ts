/**
 * Saving an answer that is longer than what is shown: the engine runs the statement again and writes all of it, with the rows so
 * far and a way to stop; the browser then takes the file.
 */

import { onScopeDispose, shallowRef } from 'vue'
import { toWireError } from '#shared/base/errors.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import { useClient } from '../../api/client.ts'
import { useToastStore } from '../../stores/toasts.ts'
import { useTraceStore } from '../../stores/trace.ts'
import { bytesText, formatCount } from '../../ui/format.ts'
import { saveBlob } from '../../ui/save.ts'

export function useSaveAll() {
  const client = useClient()
  const toasts = useToastStore()
  const trace = useTraceStore()
  const saving = shallowRef<{ readonly name: string; readonly rows: number }>()
  let abort: AbortController | undefined

  async function saveAll(sql: string, format: 'csv' | 'ndjson', name: string): Promise<void> {
    const { file } = trace
    if (file === undefined) return
    abort?.abort()
    const mine = (abort = new AbortController())
    saving.value = { name, rows: 0 }
    try {
      const onProgress = ({ done }: { readonly done: number }): void => {
        if (abort === mine) saving.value = { name, rows: done }
      }
      const result = await client.call('query.export', { file, sql, format }, { signal: mine.signal, onProgress })
      const blob = new Blob((await exportedBytes(client, result)) as BlobPart[])
      saveBlob(blob, name)
      const detail = `${formatCount(result.rows ?? 0)} rows, ${bytesText(blob.size)}`
      toasts.show({ level: 'done', title: `Saved ${name}`, detail })
    } catch (thrown) {
      const { code, message, hint } = toWireError(thrown)
      if (code !== 'cancelled')
        toasts.show({
          level: 'error',
          title: `${name} could not be saved`,
          detail: [message, hint].filter((part) => part).join('. '),
        })
    } finally {
      if (abort === mine) saving.value = undefined
    }
  }
  const stopSaving = (): void => abort?.abort()
  onScopeDispose(stopSaving)
  return { saving, saveAll, stopSaving }
}
