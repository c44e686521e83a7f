/**
 * What power cuts say over the contract: all of them in all orders of a scenario or a race (V14, V15), and every place to cut
 * one schedule, with what recovery shows there, for a scrubber. Subjects are named as in schedules: `R10`, `SC2;faulters=2`.
 */

import * as z from 'zod'
import { limits } from '../base/limits.ts'
import type { CrashPoint, CrashReplay, CrashResult } from '../explore/crash.ts'

export type { CrashPoint, CrashReplay, CrashResult, CrashState, CrashViolation } from '../explore/crash.ts'

const cutting = {
  /** Random subsets of unflushed lines at each place, besides none, all and each single one. */
  subsets: z.int().min(0).max(1000).default(4),
  /** Of the random subsets. */
  seed: z.int().nonnegative().default(1),
  /** The power supply flushes the caches: every line survives. */
  eadr: z.boolean().default(false),
} as const

export const crashRunSchema = z.strictObject({
  subject: z.string().min(1).max(4096),
  /** `F`, or with overrides `F,tx=tx-before-locks`. */
  strategy: z.string().min(1).max(4096),
  slots: z.record(z.string().max(64), z.string().max(64)).default({}),
  /** null: no bound. */
  preemptions: z.int().min(0).max(20).nullable().default(2),
  /** Most schedules; left out: as many as the steps allow. */
  schedules: z.int().min(1).max(limits.exploreBudget).optional(),
  /** Most steps of all schedules together. */
  budget: z.int().min(1).max(limits.crashStepsMost).default(limits.crashSteps),
  ...cutting,
})

export const crashPointsSchema = z.strictObject({
  /** With a power cut in it (`R10;crash=7.none`) or without. */
  schedule: z.string().min(1).max(limits.scheduleChars),
  ...cutting,
})

export interface CrashRunResult extends CrashResult {
  readonly subject: string
  readonly strategy: string
  readonly wallMs: number
}

export interface CrashPointsResult {
  readonly subject: string
  readonly strategy: string
  readonly points: readonly CrashPoint[]
  /** The power cut that the schedule itself names; null: it names none. */
  readonly replay: (CrashReplay & { readonly point: number; readonly lines: string }) | null
}
