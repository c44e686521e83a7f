/**
 * The simulating thread of a recorded run: the model runs here, slice by slice, and its batches go to the thread that
 * writes, which may hold it back. It sees neither files nor SQL.
 */

import { isMainThread, parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import { RemoteSink, stopped } from './import-messages.ts'
import { recordSchedule } from './schedule-trace.ts'
import { runInto, type RunOutcome, type RunProgress, type RunSpec } from './sim-run.ts'

export interface SimulateData {
  readonly spec: RunSpec
  readonly toWriter: MessagePort
  readonly stop: Int32Array
}

export type SimulateMessage =
  | { readonly kind: 'progress'; readonly progress: RunProgress }
  | { readonly kind: 'ran'; readonly outcome: RunOutcome }
  | { readonly kind: 'failed'; readonly error: WireError }

async function run(port: MessagePort, { spec, toWriter, stop }: SimulateData): Promise<void> {
  const say = (message: SimulateMessage) => port.postMessage(message)
  const sink = new RemoteSink(toWriter)
  try {
    if (spec.schedule !== undefined) {
      say({ kind: 'ran', outcome: recordSchedule(spec.schedule, sink) })
      return
    }
    const outcome = await runInto(spec, sink, {
      stopped: () => stopped(stop),
      room: () => sink.room(),
      onProgress: (progress) => say({ kind: 'progress', progress }),
    })
    say({ kind: 'ran', outcome })
  } catch (thrown) {
    say({ kind: 'failed', error: toWireError(thrown) })
  }
}

if (!isMainThread && parentPort !== null) void run(parentPort, workerData as SimulateData)
