/**
 * What a report is made of, whoever asks for it: a comparison of scenarios or of a replayed trace, and what goes with it.
 * `viewOf` brings the two kinds of comparison to one shape, so that page and plain text are written once. It adds nothing
 * of its own: what a comparison does not know is not in the report either.
 */

import { ApiError } from '#shared/base/errors.ts'
import { formatCount } from '#shared/base/time.ts'
import type { ReplayResult } from '#shared/contract/exploration.ts'
import type { ComparedStrategy, CompareResult, Curve } from '#shared/contract/simulation.ts'
import type {
  AnyComparison,
  Fidelity,
  ScalingResult,
  SensitivityResult,
  TracesResult,
  WhatIfResult,
} from '#shared/contract/whatif.ts'
import { toldStrategies } from '#shared/whatif/told.ts'
import { formatTime } from './words.ts'

/** A schedule played back, chosen to be shown. */
export type Film = Pick<
  ReplayResult,
  'schedule' | 'subject' | 'strategy' | 'findings' | 'tasks' | 'preemptions' | 'steps' | 'initialState'
>

/** Of a recorded trace: what tells a reader how far to trust it. */
export interface TraceFacts {
  readonly id: number
  /** The file it is in, and whether there are others in it. */
  readonly file: string
  readonly alone: boolean
  readonly name: string
  readonly format: string
  readonly events: number
  /** null: the recording does not say. */
  readonly lost: number | null
  readonly durationNs: number | null
  readonly clock: string
  readonly kernel: string | null
  readonly cpus: number | null
}

export interface ReportInput {
  readonly result: AnyComparison
  /** How to make it again. */
  readonly command: string
  /** Faultline's own. */
  readonly version: string
  /** The replayed trace, or the compared ones. */
  readonly traces?: readonly TraceFacts[] | undefined
  readonly films?: readonly Film[] | undefined
  readonly sensitivity?: SensitivityResult | undefined
  readonly scaling?: ScalingResult | undefined
}

/** One list of sentences under a head. */
export interface Sentences {
  readonly head: string
  readonly lines: readonly string[]
}

export interface View {
  readonly title: string
  readonly question: string
  /** Recordings as they are: nothing was run, and what stands for runs is parts of their time. */
  readonly recorded: boolean
  /** What was run, in a sentence. */
  readonly made: string
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly strategies: readonly ComparedStrategy[]
  readonly curve: Curve | null
  readonly fidelity: Fidelity | undefined
  /** Names and values of each trace. */
  readonly facts: readonly (readonly (readonly [name: string, value: string])[])[]
  readonly params: readonly (readonly [name: string, value: string])[]
  readonly sentences: readonly Sentences[]
}

export function viewOf({ result, traces = [], version }: ReportInput): View {
  const seeds = `${result.seeds.length} runs per strategy, each with the same seeds (${seedsText(result.seeds)})`
  const shared = {
    baseline: result.baseline,
    seeds: result.seeds,
    strategies: toldStrategies(result),
    recorded: isRecorded(result),
    facts: traces.map(factsOf),
  }
  const assumed = { head: 'Assumed', lines: result.assumptions }
  if (isReplay(result)) {
    const { workload } = result
    const ops = `${formatCount(workload.ops)} operations of ${workload.tasks.length} tasks on ${workload.cpus} CPUs`
    return {
      ...shared,
      title: workload.trace,
      question: 'How would this recorded workload have run under other locks?',
      made: `A recorded trace replayed on ${workload.fs}: ${ops}, ${seeds}. Faultline ${version}.`,
      curve: null,
      fidelity: result.fidelity,
      params: [],
      sentences: [
        { head: 'From the trace', lines: workload.fromTrace },
        { head: 'Stayed default', lines: workload.defaults },
        { head: 'The trace cannot tell', lines: workload.missing },
        assumed,
      ],
    }
  }
  if (isRecorded(result)) {
    return {
      ...shared,
      title: result.workload.names.join(' against '),
      question: 'What differs between these recordings?',
      made: `Recordings as they are, cut into parts of their time (${result.strategies.map(({ runs }) => runs).join(', ')}). Faultline ${version}.`,
      curve: null,
      fidelity: undefined,
      params: [],
      sentences: [assumed],
    }
  }
  const { workload } = result
  return {
    ...shared,
    title: `${workload.scenario} ${workload.title}`,
    question: workload.question,
    made: `Simulated on ${workload.fs}: ${seeds}. Faultline ${version}.`,
    curve: result.curve,
    fidelity: undefined,
    params: Object.entries(workload.params).map(([name, value]) => [name, String(value)]),
    sentences: [assumed],
  }
}

function isReplay(result: AnyComparison): result is WhatIfResult {
  return result.workload.kind === 'trace'
}

function isRecorded(result: AnyComparison): result is TracesResult {
  return result.workload.kind === 'traces'
}

function seedsText(seeds: readonly number[]): string {
  return seeds.length === 1 ? String(seeds[0]) : `${seeds[0]} to ${seeds[seeds.length - 1]}`
}

function factsOf({
  file,
  name,
  format,
  events,
  lost,
  durationNs,
  clock,
  kernel,
  cpus,
}: TraceFacts): [string, string][] {
  return [
    ['trace', name],
    ['file', file],
    ['recorded as', format],
    ['kernel', kernel ?? 'not known'],
    ['CPUs', cpus === null ? 'not known' : String(cpus)],
    ['length', formatTime(durationNs)],
    ['clock', clock],
    ['events', formatCount(events)],
    ['lost while recording', lost === null ? 'not known' : `${formatCount(lost)} events`],
  ]
}

/** What came over the contract is a comparison, or it is refused: everything below reads it without asking again. */
export function comparisonOf(given: AnyComparison): AnyComparison {
  const { workload, strategies, seeds, assumptions } = given as Partial<CompareResult>
  const whole =
    typeof workload === 'object' &&
    [strategies, seeds, assumptions].every((list) => Array.isArray(list)) &&
    strategies?.every(({ id, ops, locks, cdf }) => typeof id === 'string' && [ops, locks, cdf].every(Array.isArray))
  if (whole !== true) throw new ApiError('bad-request', 'this is no comparison', 'compare something first')
  return given
}
