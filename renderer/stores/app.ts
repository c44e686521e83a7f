/**
 * What the host says about itself (version, formats, samples, what to start with), and whether it can be reached. A lost
 * connection is shown, never hidden: answers on the screen stay, new questions wait.
 */

import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { AppInfo } from '#shared/contract/methods.ts'
import { useClient } from '../api/client.ts'

export type ConnectionState = 'connecting' | 'open' | 'lost' | 'refused'

export const useAppStore = defineStore('app', () => {
  const client = useClient()
  const info = shallowRef<AppInfo>()
  const connection = ref<ConnectionState>('connecting')
  /** Why the connection is not there, in words for the reader. */
  const trouble = ref<string>()

  async function load(): Promise<AppInfo> {
    const loaded = await client.call('app.info', {})
    info.value = loaded
    return loaded
  }

  /** A format by its name; without what stands in brackets, for where there is little room. */
  function formatTitle(id: string): string {
    return info.value?.formats.find((format) => format.id === id)?.title ?? id
  }
  const shortFormat = (id: string): string => formatTitle(id).replace(/ \(.*\)$/, '')

  return { info, connection, trouble, load, formatTitle, shortFormat }
})
