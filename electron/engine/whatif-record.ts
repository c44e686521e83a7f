/**
 * Replays stored beside the trace they come from: one file with the recorded trace, whole, and as its children the first
 * seed's replay under each strategy, so that every page works on them and two can be laid side by side. Written beside its
 * place and renamed when all of it is complete.
 */

import { basename } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { ApiError } from '#shared/base/errors.ts'
import { copyTrace } from '../store/cut.ts'
import { connect, explain } from '../store/database.ts'
import { Draft, refuseExisting } from '../store/draft.ts'
import { NewFile } from '../store/new-file.ts'
import { openFile } from '../store/open.ts'
import { TraceWriter } from '../store/writer.ts'
import type { JobContext } from './job-context.ts'
import { replayInto, type ReplaySpec } from './whatif-run.ts'

export interface RecordOptions extends JobContext {
  readonly path: string
  readonly trace: number
  readonly out: string
  readonly force: boolean
  readonly replays: readonly ReplaySpec[]
}

/** Ids of the replays in the new file, in their order. */
export async function recordReplays(options: RecordOptions): Promise<readonly number[]> {
  const { out, force } = options
  if (!force) refuseExisting(out)
  const draft = new Draft(out)
  let file: NewFile | undefined
  try {
    draft.create()
    file = new NewFile(draft.path)
    const ids = await fill(file, options)
    file.finish()
    file = undefined
    markChildren(draft.path, ids)
    draft.commit({ force })
    return ids
  } catch (error) {
    throw explain(error, basename(out))
  } finally {
    file?.close()
    draft.discard()
  }
}

async function fill(file: NewFile, { path, trace, replays, signal, onProgress }: RecordOptions): Promise<number[]> {
  const started = performance.now()
  const report = (done: number) =>
    onProgress({
      stage: 'recording replays',
      done,
      total: replays.length + 1,
      unit: 'runs',
      events: null,
      elapsedMs: Math.round(performance.now() - started),
    })
  report(0)
  const db = openFile(path)
  try {
    const copying = copyTrace(db, trace, new TraceWriter(file))
    while (copying.next().done !== true) {
      await setImmediate()
      if (signal.aborted) throw new ApiError('cancelled', 'the comparison was cancelled')
    }
  } finally {
    db.close()
  }
  const ids: number[] = []
  for (const replay of replays) {
    report(ids.length + 1)
    const writer = new TraceWriter(file)
    await replayInto(replay, writer, () => signal.aborted)
    ids.push(writer.traceId)
  }
  return ids
}

/** The first trace of the file is the recorded one. */
export function markChildren(path: string, ids: readonly number[], parent = 1): void {
  const db = connect(path, { readonly: false, mustExist: true })
  try {
    const mark = db.prepare('UPDATE trace SET parent_trace_id = ? WHERE id = ?')
    for (const id of ids) mark.run(BigInt(parent), BigInt(id))
  } finally {
    db.close()
  }
}
