/**
 * What is chosen to be compared, as a part of the view: links carry it, and a window that is opened again has it. Only what
 * differs from what the page begins with is written. Results are not carried: the same choice gives the same figures. A link
 * comes from outside, so every value is checked; names that this program does not know stay visible as unknown.
 */

import { parseChosen, chosenText, type Texts } from '../panels/simulate/form.ts'
import {
  CURVE_VALUES,
  SCHEDULES,
  SEEDS,
  SUBJECTS,
  type SubjectKind,
  type useComparisonSetup,
} from './comparison-setup.ts'
import { useHistoryStore } from './history.ts'
import { asRecord } from './kept.ts'
import { SEED, useSimulationStore } from './simulation.ts'
import { useTraceStore } from './trace.ts'
import { traceKey } from './files.ts'

interface ChosenComparison {
  readonly kind?: SubjectKind
  readonly scenario?: string
  readonly params?: Texts
  readonly costs?: Texts
  readonly fs?: string
  readonly seed?: string
  readonly seeds?: string
  readonly schedules?: string
  readonly strategies?: readonly string[]
  readonly arrival?: string
  /** Values of the curve; empty: none is drawn. */
  readonly curve?: string
  /** Of the open file: which of its traces, and which is laid beside it. */
  readonly traces?: readonly number[]
}

const LONGEST_TEXT = 400
const MOST = 64

/** `setup` is the store's own part, before the store is made of it. */
export function useComparisonPart(setup: ReturnType<typeof useComparisonSetup>): void {
  const simulation = useSimulationStore()
  const trace = useTraceStore()

  function read(): ChosenComparison | undefined {
    const { scenario, texts, costs, filesystem, seed, catalog } = simulation
    if (catalog === undefined) return undefined
    const kind = setup.kind.value
    const usual = setup.usual.value.join(' ')
    const strategies = setup.chosen.value.map(chosenText)
    const traces = [setup.first.value, setup.second.value]
      .filter((choice) => choice !== undefined && choice.file === trace.file)
      .map((choice) => choice?.trace ?? 0)
    const value: ChosenComparison = {
      ...(kind === 'scenario' ? {} : { kind }),
      ...(scenario === undefined || scenario.id === catalog.scenarios[0]?.id ? {} : { scenario: scenario.id }),
      ...(Object.keys(texts).length === 0 ? {} : { params: texts }),
      ...(Object.keys(costs).length === 0 ? {} : { costs }),
      ...(filesystem === '' ? {} : { fs: filesystem }),
      ...(seed === String(SEED.default) ? {} : { seed }),
      ...(setup.seeds.value === String(SEEDS.default) ? {} : { seeds: setup.seeds.value }),
      ...(setup.schedules.value === String(SCHEDULES.default) ? {} : { schedules: setup.schedules.value }),
      ...(strategies.join(' ') === usual ? {} : { strategies }),
      ...(setup.arrivalText.value === '' ? {} : { arrival: setup.arrivalText.value }),
      ...curveOf(setup),
      ...(kind === 'scenario' || traces.length === 0 ? {} : { traces }),
    }
    return Object.keys(value).length === 0 ? undefined : value
  }

  function write(value: ChosenComparison | undefined): void {
    if (value === undefined) return
    // Strategies and values belong to a scenario, which only the catalogue knows.
    void simulation.load().then(() => show(value))
  }

  function show(value: ChosenComparison): void {
    setup.kind.value = value.kind ?? 'scenario'
    if (value.scenario !== undefined) simulation.choose(value.scenario)
    for (const [name, text] of Object.entries(value.params ?? {})) simulation.setText(name, text)
    for (const [name, text] of Object.entries(value.costs ?? {})) simulation.setCost(name, text)
    simulation.filesystem = value.fs ?? ''
    simulation.seed = value.seed ?? String(SEED.default)
    setup.seeds.value = value.seeds ?? String(SEEDS.default)
    setup.schedules.value = value.schedules ?? String(SCHEDULES.default)
    if (value.strategies !== undefined) setup.setChosen(value.strategies.map(parseChosen))
    setup.arrivalText.value = value.arrival ?? ''
    setup.withCurve.value = value.curve !== ''
    if (value.curve !== undefined && value.curve !== '') setup.curveText.value = value.curve
    const [first, second] = value.traces ?? []
    if (trace.file === undefined) return
    if (first !== undefined) setup.firstKey.value = traceKey(trace.file, first)
    if (second !== undefined) setup.secondKey.value = traceKey(trace.file, second)
  }

  useHistoryStore().part<ChosenComparison>({ id: 'compare', page: 'compare', read, write, parse })
}

function curveOf({ withCurve, curveText }: ReturnType<typeof useComparisonSetup>): Pick<ChosenComparison, 'curve'> {
  if (!withCurve.value) return { curve: '' }
  return curveText.value === CURVE_VALUES ? {} : { curve: curveText.value }
}

function parse(value: unknown): ChosenComparison | undefined {
  const given = asRecord(value)
  const kind = SUBJECTS.find(({ id }) => id === given['kind'])?.id
  const texts = Object.fromEntries(
    (['scenario', 'fs', 'seed', 'seeds', 'schedules', 'arrival', 'curve'] as const).flatMap((name) => {
      const text = textOf(given[name])
      return text === undefined ? [] : [[name, text]]
    }),
  )
  const { strategies, traces } = given
  return {
    ...texts,
    ...(kind === undefined ? {} : { kind }),
    ...(given['params'] === undefined ? {} : { params: textsOf(given['params']) }),
    ...(given['costs'] === undefined ? {} : { costs: textsOf(given['costs']) }),
    ...(Array.isArray(strategies) ? { strategies: strategies.flatMap((one) => textOf(one) ?? []).slice(0, MOST) } : {}),
    ...(Array.isArray(traces) ? { traces: traces.filter((one) => Number.isSafeInteger(one)).slice(0, 2) } : {}),
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= LONGEST_TEXT ? value : undefined
}

function textsOf(value: unknown): Texts {
  return Object.fromEntries(
    Object.entries(asRecord(value))
      .flatMap(([name, text]) => (textOf(text) === undefined ? [] : [[name, String(text)] as const]))
      .slice(0, MOST),
  )
}
