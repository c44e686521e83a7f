/**
 * What the window keeps across restarts: settings, the session, SQL. It lives with the engine, because the web host's
 * port, and with it the browser's own storage, is another one each time. Changes are written shortly after they stop;
 * what cannot be written is not worth stopping anybody for. Each owner checks what it gets back. A window whose address says
 * `fresh` is apart from all that: it begins with nothing and leaves nothing behind.
 *
 * While no host answers, the tab keeps it: who starts the host again and loads the window anew has what was typed meanwhile.
 */

import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { toWireError } from '#shared/base/errors.ts'
import type { KeptKey } from '#shared/contract/methods.ts'
import { useClient } from '../api/client.ts'

const WRITE_AFTER_MS = 300
const UNWRITTEN = 'faultline.unwritten'
type Kept = Partial<Record<KeptKey, unknown>>

export const useKeptStore = defineStore('kept', () => {
  const client = useClient()
  const timers = new Map<KeptKey, ReturnType<typeof setTimeout>>()
  const values = shallowRef<Kept>()
  const fresh = new URLSearchParams(location.hash.slice(1)).has('fresh')
  let loading: Promise<Kept> | undefined

  async function read(): Promise<Kept> {
    if (fresh) return {}
    const kept: Kept = await client.call('window.kept', {}).catch(() => ({}))
    const late = unwritten()
    for (const [key, value] of Object.entries(late)) void write(key as KeptKey, value)
    return { ...kept, ...late }
  }
  async function write(key: KeptKey, value: unknown): Promise<void> {
    noteUnwritten({ ...unwritten(), [key]: value })
    try {
      await client.call('window.keep', { key, value })
    } catch (thrown) {
      const { code } = toWireError(thrown)
      if (code === 'disconnected' || code === 'permission') return
    }
    const { [key]: _written, ...rest } = unwritten()
    noteUnwritten(rest)
  }
  /** All of it, read once. */
  function load(): Promise<Kept> {
    loading ??= read().then((kept) => (values.value = kept))
    return loading
  }
  /** `value` is asked for when it is written, so that a burst of changes is one. */
  function keep(key: KeptKey, value: () => unknown): void {
    if (fresh) return
    clearTimeout(timers.get(key))
    timers.set(
      key,
      setTimeout(() => void write(key, value()), WRITE_AFTER_MS),
    )
  }
  return { values, load, keep }
})

function unwritten(): Kept {
  try {
    return asRecord(JSON.parse(sessionStorage.getItem(UNWRITTEN) ?? '{}'))
  } catch {
    return {}
  }
}
function noteUnwritten(all: Kept): void {
  try {
    if (Object.keys(all).length === 0) sessionStorage.removeItem(UNWRITTEN)
    else sessionStorage.setItem(UNWRITTEN, JSON.stringify(all))
  } catch {
    // no room, or not allowed: then it is the engine's alone
  }
}

/** A value that was kept, as an object whose parts can be looked at. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
