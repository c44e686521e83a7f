/** One simulated run for benchmarks: into columns or not, timed by the CPU time of the whole process, its garbage collector and compilers included. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { wholeArrays } from '#electron/engine/import-messages.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import type { EventArrays, EventChunk, SpanBatch, TraceSink } from '#shared/model/trace.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import { prepare, runSlices, type RunSpec } from '#shared/sim/run.ts'
import type { RunResult } from '#shared/sim/run-result.ts'

export interface Ran {
  /** Raw events of the trace; without one, happenings. */
  readonly events: number
  readonly cpuNs: number
  /** Rows of each table, where the run is recorded. */
  readonly rows: Readonly<Record<string, number>>
  readonly result: RunResult
}

/** Takes a trace and keeps nothing of it but how much it was. */
export class Dropping implements TraceSink {
  batches = 0
  bytes = 0
  readonly rows: Record<string, number> = {}
  #spare: EventArrays | undefined

  events(chunk: EventChunk): void {
    this.batches++
    this.bytes += chunk.args.length + chunk.length * 30
    this.#spare = wholeArrays(chunk)
  }

  /** Arrays are filled again, as in a run that is stored. */
  spareEvents(): EventArrays | undefined {
    return this.#spare
  }

  spans({ table, ids }: SpanBatch): void {
    this.batches++
    this.rows[table] = (this.rows[table] ?? 0) + ids.length
    this.bytes += ids.byteLength
  }

  end(): void {
    this.batches++
  }
}

const NO_META = { scenario: undefined, strategy: undefined, seed: undefined, cpus: undefined }

export function runOnce(spec: RunSpec, options: { recorded: boolean; onSlice?: (events: number) => void }): Ran {
  const sink = new Dropping()
  const builder = new TraceBuilder(sink, 'bench', 'simulation')
  const recorder = new SimRecorder({ builder, phases: PHASES })
  const prepared = prepare(spec, { sink: options.recorded ? recorder : undefined, timed: true })
  recorder.attach(prepared.world.k)
  const before = process.cpuUsage()
  const slices = runSlices(prepared)
  let slice = slices.next()
  while (slice.done !== true) {
    options.onSlice?.(prepared.sink.events)
    slice = slices.next()
  }
  if (options.recorded) recorder.finish({ ...NO_META, digest: slice.value.digest }, prepared.world.k)
  const { user, system } = process.cpuUsage(before)
  const events = options.recorded ? builder.eventCount : prepared.sink.events
  return { events, cpuNs: (user + system) * 1000, rows: sink.rows, result: slice.value }
}

/** The quickest of a few runs: the rest is the machine's other work. */
export function best(spec: RunSpec, options: { recorded: boolean }, runs = 4): Ran {
  let found: Ran | undefined
  for (let i = 0; i < runs; i++) {
    const ran = runOnce(spec, options)
    if (found === undefined || ran.cpuNs < found.cpuNs) found = ran
  }
  if (found === undefined) throw new Error('at least one run')
  return found
}

export interface RunAsked {
  readonly spec: RunSpec
  readonly recorded: boolean
  readonly runs: number
  /** Runs before those, which do not count. */
  readonly warmUp?: number
}

export type Alone = Pick<Ran, 'events' | 'cpuNs' | 'rows'> & Pick<RunResult, 'ops' | 'opsPerSecond'>

/** In a process of its own, as a user runs it: what other runs taught the compilers does not count. */
export function bestAlone(asked: RunAsked): Alone {
  const args = [join(import.meta.dirname, 'simulated-alone.ts'), JSON.stringify(asked)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the run exited ${status}: ${stderr.slice(-1000)}`)
  return JSON.parse(stdout) as Alone
}
