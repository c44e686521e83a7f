/**
 * Names the user gives to locks. The engine keeps them in the file; every answer about the trace may say another name from
 * then on, so all of them are asked for again.
 */

import { defineStore } from 'pinia'
import { ref } from 'vue'
import { toWireError } from '#shared/base/errors.ts'
import { useClient } from '../api/client.ts'
import { useAnalysisCache } from '../api/provide-analyses.ts'
import { useFilesStore } from './files.ts'
import { useToastStore } from './toasts.ts'
import { useTraceStore } from './trace.ts'

export const useLockNamesStore = defineStore('lock-names', () => {
  const client = useClient()
  const cache = useAnalysisCache()
  const files = useFilesStore()
  const toasts = useToastStore()
  const trace = useTraceStore()
  /** Counts changes: what is on the screen is made anew with each. */
  const changes = ref(0)

  /** An empty name takes the lock's away. */
  async function give(address: string, name: string): Promise<void> {
    const { file, traceId } = trace
    if (file === undefined || traceId === undefined) return
    const called = name.trim() === '' ? null : name.trim()
    try {
      await client.call('locks.name', { file, trace: traceId, address, name: called })
      cache.dropFile(file)
      await files.refreshTab(file)
      changes.value++
      toasts.show({
        level: 'done',
        title: called === null ? `${address} has its own name again` : `${address} is called ${called}`,
      })
    } catch (thrown) {
      const { message, hint } = toWireError(thrown)
      toasts.show({
        level: 'error',
        title: 'The lock could not be named',
        detail: [message, hint].filter(Boolean).join('. '),
      })
    }
  }
  return { changes, give }
})
