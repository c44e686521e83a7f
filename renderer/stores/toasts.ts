/**
 * Short notices: something was saved, copied, could not be done. They go by themselves, errors stay until dismissed;
 * more than a few push the oldest out.
 */

import { defineStore } from 'pinia'
import { ref } from 'vue'

export interface Toast {
  readonly id: number
  readonly level: 'done' | 'info' | 'warning' | 'error'
  readonly title: string
  readonly detail?: string
  readonly action?: { readonly label: string; readonly run: () => void }
  /** It stays until it is dismissed: something is under way. */
  readonly keep?: boolean
}

const SHOWN = 4
const SHOWN_MS = 6_000

export const useToastStore = defineStore('toasts', () => {
  const toasts = ref<readonly Toast[]>([])
  let next = 1

  /** Returns its id, to change or dismiss it by. */
  function show(toast: Omit<Toast, 'id'>): number {
    const id = next++
    toasts.value = [...toasts.value, { ...toast, id }].slice(-SHOWN)
    if (toast.level !== 'error' && toast.keep !== true) setTimeout(() => dismiss(id), SHOWN_MS)
    return id
  }
  function change(id: number, part: Pick<Toast, 'detail'>): void {
    toasts.value = toasts.value.map((toast) => (toast.id === id ? { ...toast, ...part } : toast))
  }
  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }
  return { toasts, show, change, dismiss }
})
