/**
 * The window's entry: connect to the engine, put the stores and the frame on the page, open what the host was asked to
 * open. Everything else is in App.vue and below it.
 */

import './theme/tokens.css'
import './theme/base.css'
import './theme/forced-colors.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { analysisCache } from './api/analysis-cache.ts'
import { provideClient } from './api/client.ts'
import { reconnectingClient, socketDialer } from './api/connect.ts'
import { desktopBridge, portDialer } from './api/desktop.ts'
import { provideAnalyses } from './api/provide-analyses.ts'
import App from './App.vue'
import { useAppStore } from './stores/app.ts'
import { useFilesStore } from './stores/files.ts'
import { useKeptStore } from './stores/kept.ts'
import { useSettingsStore } from './stores/settings.ts'

const app = createApp(App)
app.use(createPinia())

const bridge = desktopBridge()
const client = reconnectingClient(bridge ? portDialer(bridge) : socketDialer(location), {
  onState: (state, trouble, again) => {
    const store = app.runWithContext(useAppStore)
    store.connection = state
    store.trouble = trouble
    if (state === 'open' && again) void app.runWithContext(useFilesStore).reopen()
  },
})
provideClient(app, client)
provideAnalyses(app, analysisCache(client))

/** A browser that has never shown this address does not know the theme: the engine's answer is waited for, not long. */
const KNOWS_LATE_MS = 150
const kept = app.runWithContext(() => useKeptStore())
const known = localStorage.getItem('faultline.settings') !== null
const late = new Promise((resolve) => setTimeout(resolve, known ? 0 : KNOWS_LATE_MS))
void Promise.race([kept.load(), late]).then(() => {
  app.runWithContext(() => useSettingsStore()).adoptKept(kept.values?.settings)
  app.mount('#app')
})
