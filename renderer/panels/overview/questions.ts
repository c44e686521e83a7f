/**
 * What the Overview asks. A panel that lists a dimension asks without it, so that it marks what is chosen and still shows
 * the rest; with nothing chosen all of these are one question, asked once.
 */

import type { AnalysisParams } from '#shared/analysis/index.ts'
import { useAnalysis, type UsedAnalysis } from '../../api/use-analysis.ts'
import { useSelectionStore, type Dimension } from '../../stores/selection.ts'

export const BINS = 200
export const LOCKS = 12
export const TASKS = 48
export const WAITS = 30

export function useOverview(...without: Dimension[]): UsedAnalysis<'overview'> {
  const selection = useSelectionStore()
  return useAnalysis('overview', (): AnalysisParams<'overview'> => ({
    scope: selection.scopeWithout(...without),
    bins: BINS,
    locks: LOCKS,
    tasks: TASKS,
  }))
}
