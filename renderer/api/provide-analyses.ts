/** The window's one cache of answers, for whoever asks analyses or makes their answers old. It does not ask. */

import { inject, type App, type InjectionKey } from 'vue'
import type { AnalysisCache } from './analysis-cache.ts'

const cacheKey: InjectionKey<AnalysisCache> = Symbol('analysis cache')

export function provideAnalyses(app: App, cache: AnalysisCache): void {
  app.provide(cacheKey, cache)
}

export function useAnalysisCache(): AnalysisCache {
  const cache = inject(cacheKey)
  if (!cache) throw new Error('assertion failed: no analysis cache is provided')
  return cache
}
