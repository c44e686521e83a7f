/**
 * A /proc/lock_stat table beside the open trace: which table, and what the engine found when it held the two against each
 * other. The table is a dump that is chosen or dropped on the Contention page, or one that is open already. It belongs to
 * the trace it was asked for: another trace stands alone until it is asked for there.
 */

import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { MethodResult } from '#shared/contract/methods.ts'
import { useClient } from '../api/client.ts'
import { sourceOfFile } from '../api/upload.ts'
import { traceKey, useFilesStore } from './files.ts'
import { useTraceStore } from './trace.ts'

export type LockStatComparison = MethodResult<'contention.against'>
export type LockStatRow = LockStatComparison['rows'][number]

interface Beside {
  readonly key: string
  readonly name: string
  readonly state: 'loading' | 'ready' | 'error'
  readonly comparison: LockStatComparison | undefined
  readonly error: WireError | undefined
}

/** The first line of every /proc/lock_stat (kernel/locking/lockdep_proc.c). */
const FIRST_LINE = 'lock_stat version '

export const useLockStatStore = defineStore('lock-stat', () => {
  const client = useClient()
  const files = useFilesStore()
  const trace = useTraceStore()
  /** The Contention page shows the comparison in place of its own table. */
  const shown = ref(false)
  const last = shallowRef<Beside>()
  let turn = 0

  const key = computed(() => traceKey(trace.file ?? '', trace.traceId ?? 0))
  const beside = computed(() => (last.value?.key === key.value ? last.value : undefined))
  /** Tables that are open as traces of their own. */
  const tables = computed(() =>
    files.traces.filter(({ info, key: of }) => info.format === 'lock-stat' && of !== key.value),
  )

  /** `table`: gives the file of the table to compare with. */
  async function compare(name: string, table: () => Promise<string>): Promise<void> {
    const { file, traceId } = trace
    if (file === undefined || traceId === undefined) return
    const now = ++turn
    const told = { key: key.value, name, comparison: undefined, error: undefined } as const
    shown.value = true
    last.value = { ...told, state: 'loading' }
    try {
      const comparison = await client.call('contention.against', { file, trace: traceId, against: await table() })
      if (now === turn) last.value = { ...told, state: 'ready', comparison }
    } catch (thrown) {
      if (now === turn) last.value = { ...told, state: 'error', error: toWireError(thrown) }
    }
  }
  async function compareWithFile(dump: File): Promise<void> {
    let own: string | undefined
    await compare(dump.name, async () => {
      const { opened } = await client.call('files.open', {
        source: await sourceOfFile(client, dump),
        format: 'lock-stat',
      })
      own = opened.file
      return opened.file
    })
    if (own === undefined) return
    // A table that is open as a trace of its own stays open.
    if (!files.tabs.some(({ file }) => file === own)) await client.call('files.close', { file: own })
    void files.refreshRecent()
  }
  const compareWithOpen = (name: string, file: string): Promise<void> => compare(name, () => Promise.resolve(file))

  /** A dump among what was dropped on a trace's page is for this trace: it is taken, and true. */
  async function takes(dropped: readonly File[]): Promise<boolean> {
    const [dump] = dropped
    if (dropped.length !== 1 || trace.info === undefined || trace.info.format === 'lock-stat') return false
    if ((await dump.slice(0, FIRST_LINE.length).text()) !== FIRST_LINE) return false
    await compareWithFile(dump)
    return true
  }
  function close(): void {
    turn++
    shown.value = false
    last.value = undefined
  }
  return { shown, beside, tables, compareWithFile, compareWithOpen, takes, close }
})
