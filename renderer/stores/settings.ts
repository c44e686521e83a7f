/**
 * What the user set about the window itself. Kept in the browser's local storage under one key; damaged or foreign
 * content there means the defaults. Nothing about traces is stored here.
 */

import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { applyTheme, type Theme } from '../theme/tokens.ts'

const STORAGE_KEY = 'faultline.settings'
export const THEMES = ['system', 'light', 'dark'] as const
export type ThemeSetting = (typeof THEMES)[number]

interface Stored {
  readonly theme: ThemeSetting
  /** `auto`: a rail in narrow windows, else the full sidebar. */
  readonly sidebar: 'auto' | 'rail'
}

function read(): Stored {
  const stored: Record<string, unknown> = parsed(localStorage.getItem(STORAGE_KEY))
  return {
    theme: THEMES.find((theme) => theme === stored.theme) ?? 'system',
    sidebar: stored.sidebar === 'rail' ? 'rail' : 'auto',
  }
}

function parsed(text: string | null): Record<string, unknown> {
  if (text === null) return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {} // not ours or cut off: the defaults are right
  }
}

export const useSettingsStore = defineStore('settings', () => {
  const start = read()
  const theme = ref<ThemeSetting>(start.theme)
  const sidebar = ref<Stored['sidebar']>(start.sidebar)
  const media = matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(media.matches)
  media.addEventListener('change', (event) => (systemDark.value = event.matches))

  const effectiveTheme = computed<Theme>(() =>
    theme.value === 'system' ? (systemDark.value ? 'dark' : 'light') : theme.value,
  )
  watch(effectiveTheme, applyTheme, { immediate: true, flush: 'sync' })
  watch([theme, sidebar], () =>
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ theme: theme.value, sidebar: sidebar.value } satisfies Stored)),
  )

  /** The other one of light and dark; back to following the system when that is what the system has. */
  function toggleTheme(): void {
    const next = effectiveTheme.value === 'dark' ? 'light' : 'dark'
    theme.value = (next === 'dark') === systemDark.value ? 'system' : next
  }
  function toggleSidebar(): void {
    sidebar.value = sidebar.value === 'rail' ? 'auto' : 'rail'
  }

  return { theme, sidebar, effectiveTheme, toggleTheme, toggleSidebar }
})
