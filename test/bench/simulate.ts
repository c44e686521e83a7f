/**
 * Simulated runs: happenings a second on one core with spans, columns and the oracle on, by number of tasks, and end to
 * end into a file as a user sees it, with the memory that takes. The best of a few runs counts: the rest is the machine's
 * other work.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { TraceBuilder } from '#shared/model/builder.ts'
import type { TraceSink } from '#shared/model/trace.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import { prepare, runSlices } from '#shared/sim/run.ts'
import { repoRoot } from '../support/corpus.ts'
import { measure, printFigures, type Figure } from './measure.ts'

const NOWHERE: TraceSink = { events: () => undefined, spans: () => undefined, end: () => undefined }
const RUNS = 4
const FAULTLINE = join(repoRoot, 'bin/faultline.mjs')

export async function benchSimulate(folder: string): Promise<boolean> {
  const recorded = ['E', 'F', 'K'].map((strategy) => recordedRate(strategy, { durationMs: 200 }))
  const byTasks = [1, 16, 64, 256].map((threads) => recordedRate('F', { threads, durationMs: 100 }))
  const short = await stored(folder, 50)
  const long = await stored(folder, 600)
  const figures: Figure[] = [
    ...['E', 'F', 'K'].map((strategy, i): Figure => ({
      what: `SC1 under ${strategy}, recorded into columns`,
      value: recorded[i] / 1e6,
      unit: 'M/s',
      bound: { kind: 'min', value: 3 },
    })),
    ...[1, 16, 64, 256].map((threads, i): Figure => ({
      what: `SC1 under F, ${threads} tasks: per event`,
      value: 1e9 / byTasks[i],
      unit: 'ns',
    })),
    { what: 'end to end into SQLite', value: long.rate / 1e6, unit: 'M/s', bound: { kind: 'min', value: 1 } },
    { what: `memory for ${Math.round(short.events / 1e5) / 10} M events`, value: short.peakMiB ?? NaN, unit: 'MiB' },
    { what: `memory for ${Math.round(long.events / 1e5) / 10} M events`, value: long.peakMiB ?? NaN, unit: 'MiB' },
  ]
  return printFigures('simulation', figures)
}

/** Events per second of the best run. */
function recordedRate(strategy: string, params: Readonly<Record<string, number>>): number {
  let best = 0
  for (let i = 0; i < RUNS; i++) {
    const builder = new TraceBuilder(NOWHERE, 'bench', 'simulation')
    const recorder = new SimRecorder({ builder, phases: PHASES })
    const prepared = prepare({ scenario: 'SC1', strategy, params }, { sink: recorder, timed: true })
    recorder.attach(prepared.world.k)
    const began = performance.now()
    const slices = runSlices(prepared)
    while (slices.next().done !== true);
    best = Math.max(best, (builder.eventCount / (performance.now() - began)) * 1000)
  }
  return best
}

async function stored(folder: string, durationMs: number) {
  const out = join(folder, 'bench.faultline')
  const set = ['--set', `durationMs=${durationMs}`]
  const args = [
    FAULTLINE,
    'simulate',
    '--scenario',
    'SC1',
    '--strategy',
    'E',
    ...set,
    '--out',
    out,
    '--json',
    '--force',
  ]
  const { stdout, peakMiB } = await measure(process.execPath, args)
  rmSync(out)
  const { events, wallMs } = JSON.parse(stdout) as { events: number; wallMs: number }
  return { events, rate: (events / wallMs) * 1000, peakMiB }
}
