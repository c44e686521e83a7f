/**
 * What the window keeps across restarts: settings, the session, SQL. It lives with the engine, because the web host's
 * port, and with it the browser's own storage, is another one each time. Changes are written shortly after they stop;
 * what cannot be written is not worth stopping anybody for. Each owner checks what it gets back. A window whose address says
 * `fresh` is apart from all that: it begins with nothing and leaves nothing behind.
 */

import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { KeptKey } from '#shared/contract/methods.ts'
import { useClient } from '../api/client.ts'

const WRITE_AFTER_MS = 300

export const useKeptStore = defineStore('kept', () => {
  const client = useClient()
  const timers = new Map<KeptKey, ReturnType<typeof setTimeout>>()
  const values = shallowRef<Partial<Record<KeptKey, unknown>>>()
  const fresh = new URLSearchParams(location.hash.slice(1)).has('fresh')
  let loading: Promise<Partial<Record<KeptKey, unknown>>> | undefined

  const read = (): Promise<Partial<Record<KeptKey, unknown>>> =>
    fresh ? Promise.resolve({}) : client.call('window.kept', {}).catch(() => ({}))
  /** All of it, read once. */
  function load(): Promise<Partial<Record<KeptKey, unknown>>> {
    loading ??= read().then((kept) => (values.value = kept))
    return loading
  }
  /** `value` is asked for when it is written, so that a burst of changes is one. */
  function keep(key: KeptKey, value: () => unknown): void {
    if (fresh) return
    clearTimeout(timers.get(key))
    timers.set(
      key,
      setTimeout(() => void client.call('window.keep', { key, value: value() }).catch(() => undefined), WRITE_AFTER_MS),
    )
  }
  return { values, load, keep }
})

/** A value that was kept, as an object whose parts can be looked at. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
