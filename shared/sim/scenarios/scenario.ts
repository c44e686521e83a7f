/**
 * A scenario: a question, the actors that answer it, their parameters (a zod schema with units and ranges: the form, the
 * flags and the checks all come from it), the strategies worth comparing, and what is expected to come out, as assertions
 * that tests run. It says nothing about how a strategy works.
 */

import * as z from 'zod'
import type { Ns } from '../../model/trace.ts'
import type { CostId } from '../costs.ts'
import type { FairOptions } from '../kernel-options.ts'
import type { RunResult } from '../run-result.ts'
import type { World } from '../world.ts'

/** The machine a scenario wants for its parameters. */
export interface Machine {
  readonly cpus: number
  readonly blocks: number
  readonly slots?: number
  readonly eadr?: boolean
  /** Prices that make the question visible; the user's win. */
  readonly costs?: Readonly<Partial<Record<CostId, number>>>
  /** Simulated time after which no operation begins. */
  readonly durationNs: Ns
  /** Tasks may still be in an operation this long after the end before they count as hung. */
  readonly graceNs?: Ns
  /** CPUs and locks as the machine of a recording had them. */
  readonly recorded?: FairOptions
}

/** Runs the scenario with a strategy, and with parameters that differ from the defaults. */
export type Runner = (strategy: string, params?: Readonly<Record<string, unknown>>) => RunResult

export interface Expectation {
  /** What is expected, in a sentence. */
  readonly text: string
  readonly holds: (run: Runner) => boolean
}

export interface ScenarioOf<P extends z.ZodObject> {
  readonly id: string
  readonly title: string
  readonly question: string
  readonly about: string
  readonly params: P
  readonly strategies: readonly string[]
  /** Parameters of the size in which all its schedules can be searched: few actors, few pages. */
  readonly search: Partial<z.input<P>>
  machine(params: z.output<P>): Machine
  /** Files, mappings, tasks. */
  setUp(w: World, params: z.output<P>): void
  /** When all tasks have ended: tasks of the aftermath, if there are any. */
  settle?(w: World, params: z.output<P>): void
  readonly expected: readonly Expectation[]
}

/** With its types erased, for callers that have an id at run time; parameters are parsed before use. */
export interface Scenario {
  readonly id: string
  readonly title: string
  readonly question: string
  readonly about: string
  readonly params: z.ZodObject
  readonly strategies: readonly string[]
  /** What is made of a recorded trace has none. */
  readonly search?: Readonly<Record<string, unknown>>
  machine(params: Record<string, unknown>): Machine
  setUp(w: World, params: Record<string, unknown>): void
  settle?(w: World, params: Record<string, unknown>): void
  readonly expected: readonly Expectation[]
}

export function scenario<P extends z.ZodObject>(spec: ScenarioOf<P>): ScenarioOf<P> {
  return spec
}

export interface NumberParam {
  readonly label: string
  readonly unit: string
  readonly min: number
  readonly max: number
  readonly default: number
}

/** An integer parameter with its unit. */
export function amount(spec: NumberParam) {
  return z.int().min(spec.min).max(spec.max).default(spec.default).meta({ label: spec.label, unit: spec.unit })
}

export function choice<const T extends readonly [string, ...string[]]>(label: string, options: T, preset: T[number]) {
  return z
    .enum(options)
    .default(() => preset)
    .meta({ label, unit: '' })
}

export function toggle(label: string, preset: boolean) {
  return z.boolean().default(preset).meta({ label, unit: '' })
}

export const MS = 1_000_000

/** Of every scenario: how long the actors keep going. */
export function duration(ms: number) {
  return amount({ label: 'Simulated time', unit: 'ms', min: 1, max: 60_000, default: ms })
}

export function commitEvery(ms: number) {
  return amount({ label: 'Journal commits every', unit: 'ms', min: 0, max: 60_000, default: ms })
}

/** How often an invariant was found violated. */
export function count(result: RunResult, ...ids: readonly string[]): number {
  return ids.reduce((sum, id) => sum + (result.findingCounts[id] ?? 0), 0)
}

/** Nothing was found at all. */
export function clean(result: RunResult): boolean {
  return result.findings.length === 0 && result.hung.length === 0
}

/** Longest operation of a kind, ns. */
export function slowest(result: RunResult, kind: string): number {
  return result.opStats.find((one) => one.kind === kind)?.maxNs ?? 0
}

/** Starts the journal; 0 ms: no timer, commits only when asked for. */
export function startCommits(w: World, ms: number): void {
  w.startJournal(ms === 0 ? Infinity : ms * MS)
}
