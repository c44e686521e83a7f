/**
 * Strategies of the user's own: a file is chosen, the window asks (to load it is to run it), and only then does the engine
 * get it, with the user's word that it may. Loaded ones stand beside the presets wherever a strategy is chosen, until the
 * window is closed.
 */

import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { StrategyInfo } from '#shared/contract/simulation.ts'
import type { OwnStrategyInfo } from '#shared/contract/strategy.ts'
import { useClient } from '../api/client.ts'
import { sourceOfFile } from '../api/upload.ts'

/** A file that waits for its user's word. */
export interface Question {
  readonly file: File
  readonly state: 'asking' | 'loading' | 'failed'
  readonly error: WireError | undefined
}

export const useOwnStrategyStore = defineStore('own-strategies', () => {
  const client = useClient()
  const loaded = shallowRef<readonly OwnStrategyInfo[]>([])
  const question = shallowRef<Question>()
  let settle: ((id: string | undefined) => void) | undefined

  /** The strategy's id once its user has agreed and it could be loaded; undefined otherwise. */
  function load(file: File): Promise<string | undefined> {
    refuse()
    question.value = { file, state: 'asking', error: undefined }
    return new Promise((resolve) => (settle = resolve))
  }
  async function agree(): Promise<void> {
    const asked = question.value
    if (asked === undefined) return
    question.value = { ...asked, state: 'loading', error: undefined }
    try {
      const info = await client.call('strategy.load', { source: await sourceOfFile(client, asked.file), agreed: true })
      loaded.value = [...loaded.value.filter(({ id }) => id !== info.id), info]
      end(info.id)
    } catch (thrown) {
      question.value = { ...asked, state: 'failed', error: toWireError(thrown) }
    }
  }
  function end(id: string | undefined): void {
    question.value = undefined
    settle?.(id)
    settle = undefined
  }
  const refuse = (): void => end(undefined)
  const find = (id: string): OwnStrategyInfo | undefined => loaded.value.find((one) => one.id === id)

  return { loaded, find, asInfos: computed(() => loaded.value.map(infoOf)), question, load, agree, refuse }
})

function infoOf({ id, file, title, about, fs, media, slots }: OwnStrategyInfo): StrategyInfo {
  return {
    id,
    title,
    era: `your own, from ${file}`,
    about,
    history: `loaded from ${file}; runs on ${media === 'dax' ? 'DAX' : 'page-cache'} files, ${fs} if nothing else is said`,
    protects: 'what its file makes it',
    costs: 'what its file makes it',
    sources: [],
    slots,
  }
}
