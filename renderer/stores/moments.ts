/** Moments of the open trace are written as the user set it, from the first frame on. Called once, by the frame. */

import { watch } from 'vue'
import { setMoments } from '../ui/moments.ts'
import { useSettingsStore } from './settings.ts'
import { useTraceStore } from './trace.ts'

export function useMoments(): void {
  const settings = useSettingsStore()
  const trace = useTraceStore()
  watch(
    () => [settings.times, trace.info?.startUnixNs] as const,
    ([style, start]) => setMoments(style, start),
    { immediate: true, flush: 'sync' },
  )
}
