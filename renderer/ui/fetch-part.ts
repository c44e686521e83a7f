/**
 * Parts of the window that are fetched when they are first needed and have no place of their own to say that they are missing:
 * dialogs, the charts, the SQL editor. Pages say it in their place (pages/PageInstead.vue).
 */

import { useToastStore } from '../stores/toasts.ts'

export const WHAT_TO_DO = 'Faultline did not answer. Once it runs, load the window anew: what is open comes back.'

let said: number | undefined

/** The part, or a notice that it could not be had; what was to be shown in it stays away. */
export async function fetchPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const toasts = useToastStore()
    // One of them says it for all.
    if (said !== undefined) toasts.dismiss(said)
    said = toasts.show({
      level: 'error',
      title: 'A part of the window could not be loaded',
      detail: WHAT_TO_DO,
      action: { label: 'Reload', run: () => location.reload() },
    })
    throw error
  }
}
