/**
 * The comparison that is on the screen, for its panels: the result or what the runs so far come to, a badge per run, the
 * operation the charts are about, and which runs are hidden. What streams in reaches one panel per frame, because all of
 * them at once would take longer than one.
 */

import { computed, ref, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import { defineStore } from 'pinia'
import type { ComparedStrategy, Curve } from '#shared/contract/simulation.ts'
import type { AnyComparison, Fidelity, WorkloadSummary } from '#shared/contract/whatif.ts'
import { toldStrategies } from '#shared/whatif/told.ts'
import { mainOp } from '#shared/whatif/words.ts'
import { badgesOf } from '../../charts/run-look.ts'
import { compareKinds } from '../../theme/kinds.ts'
import { onceInAFrame } from '../../ui/frames.ts'
import { useComparisonStore, type Compared, type RunningComparison } from '../../stores/comparison.ts'
import type { CompareRequest } from '../../stores/comparison-setup.ts'

/** A scenario's, a replay's and recordings' comparison alike. */
export interface ShownResult {
  readonly kind: CompareRequest['kind']
  /** Begins the names of what is exported. */
  readonly name: string
  readonly title: string
  readonly question: string
  /** Filesystem; empty where recordings have different ones. */
  readonly fs: string
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly strategies: readonly ComparedStrategy[]
  readonly curve: Curve | null
  readonly assumptions: readonly string[]
  readonly fidelity: Fidelity | undefined
  readonly replayed: WorkloadSummary | undefined
  readonly wallMs: number
  /** Runs are still coming in. */
  readonly partial: boolean
  /** Schedules are searched for once they are. */
  readonly toSearch: boolean
  /** Of a first look, before whole runs are there. */
  readonly firstOps?: number
}

const QUESTIONS = {
  trace: 'How would this recorded workload have run under other locks?',
  traces: 'What differs between these recordings?',
} as const

export const useShownStore = defineStore('shown-comparison', () => {
  const comparison = useComparisonStore()
  const result = computed(() => partialOf(comparison.running) ?? (comparison.compared && wholeOf(comparison.compared)))
  const badges = computed(() => {
    const ids = result.value?.strategies.map(({ id }) => id) ?? []
    // A recording's name is a file's: too long for a badge.
    return result.value?.kind === 'traces' ? ids.map((_, i) => String.fromCharCode(65 + i)) : badgesOf(ids)
  })
  const ops = computed(() =>
    [...new Set(result.value?.strategies.flatMap((one) => one.ops.map(({ op }) => op)) ?? [])].sort(compareKinds),
  )
  const chosenOp = ref<string>()
  const op = computed(() =>
    chosenOp.value !== undefined && ops.value.includes(chosenOp.value)
      ? chosenOp.value
      : result.value && mainOp(result.value),
  )
  const hidden = ref<ReadonlySet<number>>(new Set())
  watch(
    () => result.value?.partial === true || comparison.compared,
    () => (hidden.value = new Set()),
  )

  function toggle(position: number): void {
    const next = new Set(hidden.value)
    if (!next.delete(position)) next.add(position)
    if (next.size < (result.value?.strategies.length ?? 0)) hidden.value = next
  }
  const exportName = computed(() =>
    result.value === undefined
      ? 'compare'
      : `${result.value.name}-${result.value.strategies.map(({ id }) => id.split(',')[0]).join('-')}`,
  )
  return { result, badges, ops, op, choose: (kind: string) => void (chosenOp.value = kind), hidden, toggle, exportName }
})

function wholeOf({ request, result }: Compared): ShownResult {
  const { baseline, seeds, assumptions, wallMs } = result
  const strategies = toldStrategies(result)
  const shared = {
    kind: request.kind,
    baseline,
    seeds,
    strategies,
    assumptions,
    wallMs,
    partial: false,
    toSearch: false,
  }
  return { ...shared, ...headOf(result) }
}

type Head = Pick<ShownResult, 'name' | 'title' | 'question' | 'fs' | 'curve' | 'fidelity' | 'replayed'>

function headOf(result: AnyComparison): Head {
  const none = { curve: null, fidelity: undefined, replayed: undefined }
  const { workload } = result
  if (workload.kind === 'scenario') {
    const { scenario, title, question, fs } = workload
    return {
      ...none,
      name: scenario,
      title: `${scenario} ${title}`,
      question,
      fs,
      curve: 'curve' in result ? result.curve : null,
    }
  }
  if (workload.kind === 'trace') {
    const { trace, fs } = workload
    const fidelity = 'fidelity' in result ? result.fidelity : undefined
    return { ...none, name: trace, title: trace, question: QUESTIONS.trace, fs, fidelity, replayed: workload }
  }
  return { ...none, name: 'traces', title: workload.names.join(' against '), question: QUESTIONS.traces, fs: '' }
}

/** Undefined until the first runs are there. */
function partialOf(running: RunningComparison | undefined): ShownResult | undefined {
  if (running?.partial === undefined) return undefined
  const { request, partial, progress } = running
  const scenario = request.kind === 'scenario' ? request.params.scenario : ''
  return {
    ...{ kind: request.kind, name: scenario || 'trace', title: scenario || 'Replay', question: '', fs: '' },
    ...partial,
    strategies: toldStrategies(partial),
    ...{ curve: null, assumptions: [], fidelity: undefined, replayed: undefined },
    wallMs: progress?.elapsedMs ?? 0,
    partial: true,
    toSearch: request.kind !== 'traces' && request.params.explore !== 0,
  }
}

/** The result, inside panels that are only there when there is one. */
export function useResult(): ComputedRef<ShownResult> {
  const shown = useShownStore()
  const mine = shallowRef(shown.result)
  watch(
    () => shown.result,
    onceInAFrame(() => take(mine, shown.result)),
  )
  return computed(() => {
    if (mine.value === undefined) throw new Error('assertion failed: no comparison is shown')
    return mine.value
  })
}

/** What a panel showed last stays when there is nothing any more: the panel goes then. */
function take(mine: ShallowRef<ShownResult | undefined>, result: ShownResult | undefined): void {
  if (result !== undefined) mine.value = result
}
