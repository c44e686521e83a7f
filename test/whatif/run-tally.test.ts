/**
 * Figures that are added up while a run goes are those that the analyses give for its trace, to the last digit: every
 * scenario under the strategies it is made for, and recordings under several. Both listen to the same run.
 */

import { describe, expect, it } from 'vitest'
import { modelOf } from '#electron/engine/whatif-run.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import { prepare, runSlices, type RunSpec } from '#shared/sim/run.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import type { SimSink } from '#shared/sim/sink.ts'
import { figuresOf, type RunFigures } from '#shared/whatif/figures.ts'
import { pilotOf } from '#shared/whatif/replay.ts'
import { RunTally } from '#shared/whatif/run-tally.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { beginning, workloadOf } from '#shared/whatif/workload.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'

/** Tells two listeners the same. */
function both(a: SimSink, b: SimSink): SimSink {
  const tell =
    <K extends keyof SimSink>(name: K) =>
    (...said: Parameters<SimSink[K]>) => {
      ;(a[name] as (...args: typeof said) => void)(...said)
      ;(b[name] as (...args: typeof said) => void)(...said)
    }
  return {
    lockAcquire: tell('lockAcquire'),
    lockContended: tell('lockContended'),
    lockAcquired: tell('lockAcquired'),
    lockRelease: tell('lockRelease'),
    phaseBegin: tell('phaseBegin'),
    phaseEnd: tell('phaseEnd'),
    opBegin: tell('opBegin'),
    opEnd: tell('opEnd'),
    switch: tell('switch'),
    wakeup: tell('wakeup'),
    finding: tell('finding'),
  }
}

interface Heard {
  readonly tallied: RunFigures
  readonly analysed: RunFigures
  readonly events: readonly [tally: number, trace: number]
}

function heard(spec: RunSpec, maxEvents: number): Heard {
  const tally = new RunTally()
  const collector = new TraceCollector()
  const builder = new TraceBuilder(collector, 'run', 'simulation')
  builder.keepsEvents = false
  const recorder = new SimRecorder({ builder, phases: PHASES })
  const prepared = prepare(spec, { sink: both(recorder, tally), timed: true })
  const { k } = prepared.world
  recorder.attach(k)
  tally.attach(k)
  const slices = runSlices(prepared, { maxEvents })
  let slice = slices.next()
  while (slice.done !== true) slice = slices.next()
  const { simulatedNs, digest } = slice.value
  recorder.finish({ scenario: 'S', strategy: 'K', seed: '1', cpus: 4, digest }, k)
  const daemons = new Set(k.tasks.filter(({ daemon }) => daemon).map(({ pid }) => pid))
  const counted = (pid: number) => !daemons.has(pid)
  return {
    events: [tally.events, builder.eventCount],
    tallied: tally.finish(slice.value),
    analysed: figuresOf(collector.trace(), simulatedNs, counted),
  }
}

/** Also where a scenario does not name them. */
const EVERYWHERE = ['A', 'E', 'K', 'G', 'H1']

/** Runs are cut here, in the middle of things: what is open then counts, too. */
const EVENTS = 8_000

describe.each(scenarios.items.map(({ id }) => id))('%s', (scenario) => {
  const { strategies: own } = scenarios.get(scenario)
  it.each([...new Set([...own, ...EVERYWHERE])])('under %s', (strategy) => {
    let result: Heard
    try {
      result = heard({ scenario, strategy, seed: 3 }, EVENTS)
    } catch (error) {
      // Some scenarios are about what some strategies or filesystems do not have.
      expect(own).not.toContain(strategy)
      expect(error).toHaveProperty('code')
      return
    }
    // A trace shows no access that took no fault: the run counts its work itself.
    expect(result.tallied).toEqual({ ...result.analysed, opsPerSecond: expect.any(Number) as number })
    expect(result.events[0]).toBe(result.events[1])
  })
})

describeWithCorpus('recordings', () => {
  const names = [
    'dax/dax-ext4-small',
    'dax/dax-ext2-small',
    'dax/dax-xfs-small',
    'dax/dax-ext4-medium',
    'host/medium-ext4',
  ]
  it.each(names)('%s', (name) => {
    const workload = beginning(workloadOf(importText(readCorpus(`${name}.trace.txt`)).trace), 1_000)
    const pilot = pilotOf(workload, parseStrategy('K'), workload.fs)
    for (const strategy of ['K,guardMode=exclusive', 'G', 'E']) {
      const spec = modelOf({ workload, pilot, strategy, seed: 2, demands: 'drawn', baseline: 'K' })
      const { tallied, analysed, events } = heard(spec, 50_000_000)
      expect(tallied).toEqual(analysed)
      expect(events[0]).toBe(events[1])
    }
  })
})
