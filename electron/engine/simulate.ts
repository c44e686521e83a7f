/**
 * The job that simulates: one run or several, into one `.faultline` file or into nothing. Each recorded run has a thread
 * that runs the model while this one compresses and writes; a run without a file needs no second thread. The file is
 * written beside its place and gets its name when every run is complete, so a failed, cancelled or killed job leaves
 * nothing under that name.
 */

import { MessageChannel } from 'node:worker_threads'
import { basename } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { ApiError, fromWireError } from '#shared/base/errors.ts'
import type { TraceSink } from '#shared/model/trace.ts'
import { explain } from '../store/database.ts'
import { Draft, refuseExisting } from '../store/draft.ts'
import { NewFile } from '../store/new-file.ts'
import { TraceWriter } from '../store/writer.ts'
import { withoutStoppedHooks } from '../strategy/pulse.ts'
import { taken, type Batch } from './import-messages.ts'
import type { JobContext } from './job-context.ts'
import { runInto, type RunOutcome, type RunProgress, type RunSpec } from './sim-run.ts'
import type { SimulateData, SimulateMessage } from './simulate-thread.ts'
import { spawnThread } from './spawn.ts'

export interface SimulateOptions extends JobContext {
  readonly runs: readonly RunSpec[]
  /** undefined: nothing is stored. */
  readonly out: string | undefined
  readonly force: boolean
}

export interface Simulated extends RunOutcome {
  /** Id of its trace in the file. */
  readonly trace: number | undefined
}

export async function simulateJob(options: SimulateOptions): Promise<readonly Simulated[]> {
  refuseCancelled(options)
  return withoutStoppedHooks(() => simulateAll(options))
}

async function simulateAll(options: SimulateOptions): Promise<readonly Simulated[]> {
  const { out, force } = options
  if (out === undefined) return inOrder(options, (spec, report) => discarding(spec, options, report))
  if (!force) refuseExisting(out)
  const draft = new Draft(out)
  let file: NewFile | undefined
  try {
    draft.create()
    const filled = (file = new NewFile(draft.path))
    const simulated = await inOrder(options, (spec, report) =>
      recording(spec, new TraceWriter(filled), options, report),
    )
    refuseCancelled(options)
    filled.finish()
    draft.commit({ force })
    return simulated
  } catch (error) {
    throw explain(error, basename(out))
  } finally {
    file?.close()
    draft.discard()
  }
}

type Report = (progress: RunProgress) => void

async function inOrder(
  { runs, onProgress }: SimulateOptions,
  run: (spec: RunSpec, report: Report) => Promise<Simulated>,
): Promise<readonly Simulated[]> {
  const started = performance.now()
  const done: Simulated[] = []
  let events = 0
  for (const spec of runs) {
    const report: Report = (progress) =>
      onProgress({
        stage: runs.length === 1 ? 'simulating' : `simulating ${spec.strategy ?? ''}`.trim(),
        done: progress.doneNs,
        total: progress.totalNs,
        unit: 'ns',
        events: events + progress.events,
        elapsedMs: Math.round(performance.now() - started),
      })
    const simulated = await run(spec, report)
    events += simulated.events
    done.push(simulated)
  }
  return done
}

const NOWHERE: TraceSink = { events: () => undefined, spans: () => undefined, end: () => undefined }

async function discarding(spec: RunSpec, { signal }: SimulateOptions, onProgress: Report): Promise<Simulated> {
  const stopped = () => signal.aborted
  const room = () => setImmediate()
  return { ...(await runInto(spec, NOWHERE, { stopped, room, onProgress })), trace: undefined }
}

/** Resolves when the run is over and its trace written; what went wrong on either side otherwise. */
async function recording(
  spec: RunSpec,
  writer: TraceWriter,
  { signal }: SimulateOptions,
  report: Report,
): Promise<Simulated> {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const { port1: toWriter, port2: fromModel } = new MessageChannel()
  const data: SimulateData = { spec, toWriter, stop }
  const thread = spawnThread('simulate-thread', data, [toWriter])
  const gone = new Promise((resolve) => thread.once('exit', resolve))
  // The model's thread has nothing to clean up, and a slice or a large world's making may take its time.
  const halt = () => {
    Atomics.store(stop, 0, 1)
    void thread.terminate()
  }
  signal.addEventListener('abort', halt, { once: true })
  try {
    const [outcome] = await Promise.all([
      new Promise<RunOutcome>((resolve, reject) => {
        thread.on('message', (message: SimulateMessage) => {
          if (message.kind === 'progress') report(message.progress)
          else if (message.kind === 'ran') resolve(message.outcome)
          else reject(fromWireError(message.error))
        })
        thread.on('error', reject)
        thread.on('exit', (code) => reject(new Error(`the model's thread ended without a result (exit ${code})`)))
      }),
      new Promise<void>((resolve, reject) => {
        const names = { opKinds: [] as string[], phaseNames: [] as string[], inodes: [] as string[] }
        writer.begin(names)
        fromModel.on('message', (batch: Batch) => {
          try {
            if (take(writer, names, batch)) resolve()
            fromModel.postMessage(...taken(batch))
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)))
          }
        })
      }),
    ])
    return { ...outcome, trace: writer.traceId }
  } catch (error) {
    refuseCancelled({ signal })
    throw error
  } finally {
    signal.removeEventListener('abort', halt)
    fromModel.close()
    halt()
    await gone
  }
}

/** True: it was the last one. */
function take(
  writer: TraceWriter,
  names: Record<'opKinds' | 'phaseNames' | 'inodes', string[]>,
  batch: Batch,
): boolean {
  switch (batch.kind) {
    case 'events':
      writer.events(batch.chunk)
      return false
    case 'packed':
      writer.packed(batch.chunk)
      return false
    case 'spans':
      names.opKinds.push(...batch.names.opKinds)
      names.phaseNames.push(...batch.names.phaseNames)
      names.inodes.push(...batch.names.inodes)
      writer.spans(batch.batch)
      return false
    case 'end':
      writer.end(batch.end)
      return true
  }
}

function refuseCancelled({ signal }: Pick<SimulateOptions, 'signal'>): void {
  if (signal.aborted) throw new ApiError('cancelled', 'the simulation was cancelled; nothing of it was kept')
}
