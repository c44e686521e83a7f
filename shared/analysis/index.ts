/** All analyses. The type of an analysis's parameters and result follows from its id. */
import type * as z from 'zod'
import { registry } from '../base/registry.ts'
import type { Trace } from '../model/trace.ts'
import * as all from './all.ts'

type Any = (typeof all)[keyof typeof all]
export type AnalysisId = Any['id']
type ById<Id extends AnalysisId> = Extract<Any, { readonly id: Id }>
/** What a caller passes: fields with defaults may be left out. */
export type AnalysisParams<Id extends AnalysisId> = z.input<ById<Id>['params']>
export type AnalysisResult<Id extends AnalysisId> = ReturnType<ById<Id>['run']>

/** An analysis with its types erased, for callers that have an id at run time; parameters are parsed before `run`. */
export interface ErasedAnalysis {
  readonly id: AnalysisId
  readonly title: string
  readonly about: string
  readonly params: z.ZodType
  run(trace: Trace, params: unknown): unknown
}

export const analyses = registry<ErasedAnalysis>('analysis', Object.values(all))
