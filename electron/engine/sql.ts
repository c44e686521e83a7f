/**
 * User SQL, the engine's side. A running SQLite statement cannot be interrupted, so every statement runs in a process
 * that is killed to cancel it or when its time is up. One process that has finished is kept for the next statement.
 * What may run and how much may come back is decided in the process (sql-process.ts).
 */

import { ApiError, fromWireError, type WireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { QueryResult } from '#shared/contract/methods.ts'
import type { JobContext } from './job-context.ts'
import type { Child, ForkSql } from './spawn.ts'

/** An idle process goes after this long, so that nothing keeps an old file open. */
const IDLE_MS = 30_000

export interface SqlRequest {
  readonly path: string
  readonly sql: string
  readonly maxRows: number
}
/** The whole answer, written to a file that is not there yet. */
export interface SqlExport {
  readonly path: string
  readonly sql: string
  readonly out: string
  readonly format: 'csv' | 'ndjson'
}
export type SqlReply =
  | { readonly result: QueryResult }
  | { readonly written: number }
  | { readonly error: WireError }
  /** Rows so far; more is to come. */
  | { readonly progress: number }
type SqlEnd = Exclude<SqlReply, { readonly progress: number }>

export interface SqlRunner {
  run(request: SqlRequest, signal: AbortSignal): Promise<QueryResult>
  /** Resolves to the number of rows. A file that was begun stays when it fails: its caller made the place for it. */
  export(request: SqlExport, context: JobContext): Promise<number>
  close(): void
}

interface Slot {
  readonly child: Child
  /** Takes the reply, or how the process ended. */
  settle: ((reply: SqlReply | { readonly ended: string }) => void) | undefined
}

export function createSqlRunner(fork: ForkSql): SqlRunner {
  const slots = createSlots(fork)

  async function ask(request: SqlRequest | SqlExport, how: Asking): Promise<SqlEnd> {
    const { signal, seconds, onProgress } = how
    if (signal.aborted) throw cancelled()
    const slot = slots.take()
    let alive = false
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<SqlEnd>((resolve, reject) => {
        slot.settle = (reply) => {
          if ('progress' in reply) return onProgress?.(reply.progress)
          alive = !('ended' in reply)
          if ('ended' in reply) reject(died(reply.ended))
          else resolve(reply)
        }
        signal.addEventListener('abort', () => reject(cancelled()), { once: true })
        timer = setTimeout(() => reject(tooLong(seconds)), seconds * 1000)
        slot.child.send(request)
      })
    } finally {
      clearTimeout(timer)
      slots.giveBack(slot, alive)
    }
  }

  return {
    async run(request, signal) {
      const reply = await ask(request, { signal, seconds: limits.sqlSeconds })
      if ('result' in reply) return reply.result
      throw failed(reply)
    },
    async export(request, { signal, onProgress }) {
      const started = performance.now()
      const say = (done: number): void => {
        const elapsedMs = Math.round(performance.now() - started)
        onProgress({ stage: 'writing', done, total: null, unit: 'rows', events: null, elapsedMs })
      }
      const reply = await ask(request, { signal, seconds: limits.sqlExportSeconds, onProgress: say })
      if ('written' in reply) return reply.written
      throw failed(reply)
    },
    close: slots.close,
  }
}

interface Asking {
  readonly signal: AbortSignal
  readonly seconds: number
  readonly onProgress?: (rows: number) => void
}

function failed(reply: SqlEnd): Error {
  return 'error' in reply ? fromWireError(reply.error) : new Error('the SQL process answered something else')
}

/** The processes: at most limits.sqlProcesses busy, at most one idle. */
function createSlots(fork: ForkSql) {
  const busy = new Set<Slot>()
  let idle: Slot | undefined
  let idleTimer: NodeJS.Timeout | undefined

  function start(): Slot {
    const slot: Slot = { child: fork(), settle: undefined }
    slot.child.onMessage((message) => slot.settle?.(message as SqlReply))
    slot.child.onExit((how) => {
      if (idle === slot) idle = undefined
      slot.settle?.({ ended: how })
    })
    return slot
  }

  function close(): void {
    clearTimeout(idleTimer)
    for (const slot of busy) slot.child.kill()
    idle?.child.kill()
    idle = undefined
  }

  return {
    close,
    take(): Slot {
      if (busy.size >= limits.sqlProcesses) {
        throw new ApiError(
          'limit',
          `${limits.sqlProcesses} statements are running already`,
          'wait for one or cancel it',
        )
      }
      clearTimeout(idleTimer)
      const slot = idle ?? start()
      idle = undefined
      busy.add(slot)
      return slot
    },
    /** `alive`: it has answered. One that has not is in the middle of something and only killing ends that. */
    giveBack(slot: Slot, alive: boolean): void {
      busy.delete(slot)
      slot.settle = undefined
      if (!alive || idle !== undefined) return slot.child.kill()
      idle = slot
      idleTimer = setTimeout(() => {
        idle?.child.kill()
        idle = undefined
      }, IDLE_MS)
      idleTimer.unref()
    },
  }
}

function cancelled(): ApiError {
  return new ApiError('cancelled', 'the statement was cancelled')
}

function tooLong(seconds: number): ApiError {
  return new ApiError('limit', `the statement was stopped after ${seconds} seconds`, 'narrow it down or add a LIMIT')
}

function died(how: string): ApiError {
  return new ApiError(
    'limit',
    `the statement ended its process (${how}), most likely for lack of memory or of room for what it sorts`,
    'ask for less at a time',
  )
}
