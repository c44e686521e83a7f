/**
 * What the user set about the window itself. Every setting is one of a few words; what is damaged or foreign means its
 * default. Kept with the engine across restarts, and in the browser's local storage so that the theme is right from the
 * first frame on. Nothing about traces is stored here.
 */

import { defineStore } from 'pinia'
import { computed, reactive, ref, toRefs, watch } from 'vue'
import { desktopBridge } from '../api/desktop.ts'
import { applyTheme, type Theme } from '../theme/tokens.ts'
import { asRecord, useKeptStore } from './kept.ts'

const STORAGE_KEY = 'faultline.settings'

/** Each setting's words; the first is the default. */
const SETTINGS = {
  theme: ['system', 'light', 'dark'],
  /** `auto`: a rail in narrow windows, else the full sidebar. */
  sidebar: ['auto', 'rail'],
  density: ['compact', 'relaxed'],
  /** What the wheel does over the timeline; `ask`: it has not been asked yet. Ctrl and the wheel do the other. */
  wheel: ['ask', 'scroll', 'zoom'],
  /** What dragging does over the timeline; Shift and dragging do the other. */
  drag: ['select', 'pan'],
  /** Moments of a trace: the unit that fits, ns or seconds since its start, or the time of day where it is known. */
  times: ['auto', 'ns', 's', 'clock'],
  /** Open what was open last time. */
  reopen: ['yes', 'no'],
} as const
type Words = typeof SETTINGS
export type SettingName = keyof Words
export type Settings = { -readonly [K in SettingName]: Words[K][number] }
export type ThemeSetting = Settings['theme']

/** Habits of other viewers as one choice. */
export const NAVIGATION = {
  faultline: { wheel: 'scroll', drag: 'select' },
  classic: { wheel: 'zoom', drag: 'select' },
  map: { wheel: 'zoom', drag: 'pan' },
} as const satisfies Record<string, Pick<Settings, 'wheel' | 'drag'>>
export type NavigationPreset = keyof typeof NAVIGATION

const NAMES = Object.keys(SETTINGS) as SettingName[]

function checked(stored: Readonly<Record<string, unknown>>): Settings {
  const one = (name: SettingName): string =>
    SETTINGS[name].find((word: string) => word === stored[name]) ?? SETTINGS[name][0]
  return Object.fromEntries(NAMES.map((name) => [name, one(name)])) as Settings
}

function parsed(text: string | null): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(text ?? 'null'))
  } catch {
    return {} // not ours or cut off: the defaults are right
  }
}

export const useSettingsStore = defineStore('settings', () => {
  const kept = useKeptStore()
  const settings = reactive(checked(parsed(localStorage.getItem(STORAGE_KEY))))
  const { effectiveTheme, toggleTheme } = useThemeOf(settings)
  watch(
    () => settings.density,
    (density) => (document.documentElement.dataset.density = density),
    { immediate: true, flush: 'sync' },
  )
  let adopting = false
  watch(
    () => ({ ...settings }),
    (now) => {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(now))
      if (!adopting) kept.keep('settings', snapshot)
    },
    { flush: 'sync' },
  )
  /** What the engine kept counts more than what this browser did; nothing kept changes nothing. */
  function adoptKept(value: unknown): void {
    if (value === undefined) return
    adopting = true
    adopt(value)
    adopting = false
  }
  const adopt = (value: unknown): void => void Object.assign(settings, checked(asRecord(value)))

  function toggleSidebar(): void {
    settings.sidebar = settings.sidebar === 'rail' ? 'auto' : 'rail'
  }
  const navigation = computed<NavigationPreset | undefined>(() =>
    (Object.keys(NAVIGATION) as NavigationPreset[]).find(
      (preset) => NAVIGATION[preset].wheel === settings.wheel && NAVIGATION[preset].drag === settings.drag,
    ),
  )
  const setNavigation = (preset: NavigationPreset): void => void Object.assign(settings, NAVIGATION[preset])
  const snapshot = (): Settings => ({ ...settings })
  const reset = (): void => void Object.assign(settings, checked({}))
  const isDefault = computed(() => NAMES.every((name) => settings[name] === SETTINGS[name][0]))

  return {
    ...toRefs(settings),
    effectiveTheme,
    navigation,
    isDefault,
    adopt,
    adoptKept,
    snapshot,
    toggleTheme,
    toggleSidebar,
    setNavigation,
    reset,
  }
})

/** The theme the settings mean, and everywhere it is seen. */
function useThemeOf(settings: Settings) {
  const media = matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(media.matches)
  const bridge = desktopBridge()
  media.addEventListener('change', (event) => {
    // In the desktop window a theme of its own is the system's as well, as far as the page can see.
    if (bridge === undefined || settings.theme === 'system') systemDark.value = event.matches
  })

  const effectiveTheme = computed<Theme>(() =>
    settings.theme === 'system' ? (systemDark.value ? 'dark' : 'light') : settings.theme,
  )
  watch(effectiveTheme, applyTheme, { immediate: true, flush: 'sync' })
  /** The native menu and dialogs go along. */
  watch(
    () => settings.theme,
    (theme) => void bridge?.useTheme(theme).catch(() => undefined),
    { immediate: true },
  )

  /** The other one of light and dark; back to following the system when that is what the system has. */
  function toggleTheme(): void {
    const next = effectiveTheme.value === 'dark' ? 'light' : 'dark'
    settings.theme = (next === 'dark') === systemDark.value ? 'system' : next
  }
  return { effectiveTheme, toggleTheme }
}
