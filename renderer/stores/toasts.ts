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
}

const SHOWN = 4
const SHOWN_MS = 6_000

export const useToastStore = defineStore('toasts', () => {
  const toasts = ref<readonly Toast[]>([])
  let next = 1

  function show(toast: Omit<Toast, 'id'>): void {
    const id = next++
    toasts.value = [...toasts.value, { ...toast, id }].slice(-SHOWN)
    if (toast.level !== 'error') setTimeout(() => dismiss(id), SHOWN_MS)
  }
  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }
  return { toasts, show, dismiss }
})
