/**
 * User SQL, the engine's side. A running SQLite statement cannot be interrupted, so every statement runs in a process
 * that is killed to cancel it or when its time is up. One process that has finished is kept for the next statement.
 * What may run and how much may come back is decided in the process (sql-process.ts).
 */

import { ApiError, fromWireError, type WireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { QueryResult } from '#shared/contract/methods.ts'
import type { Child, ForkSql } from './spawn.ts'

/** An idle process goes after this long, so that nothing keeps an old file open. */
const IDLE_MS = 30_000

export interface SqlRequest {
  readonly path: string
  readonly sql: string
  readonly maxRows: number
}
export type SqlReply = { readonly result: QueryResult } | { readonly error: WireError }

export interface SqlRunner {
  run(request: SqlRequest, signal: AbortSignal): Promise<QueryResult>
  close(): void
}

interface Slot {
  readonly child: Child
  /** Takes the reply, or how the process ended. */
  settle: ((reply: SqlReply | { readonly ended: string }) => void) | undefined
}

export function createSqlRunner(fork: ForkSql): SqlRunner {
  const slots = createSlots(fork)
  return {
    async run(request, signal) {
      if (signal.aborted) throw cancelled()
      const slot = slots.take()
      let alive = false
      let timer: NodeJS.Timeout | undefined
      try {
        return await new Promise<QueryResult>((resolve, reject) => {
          slot.settle = (reply) => {
            alive = !('ended' in reply)
            if ('result' in reply) resolve(reply.result)
            else reject('error' in reply ? fromWireError(reply.error) : died(reply.ended))
          }
          signal.addEventListener('abort', () => reject(cancelled()), { once: true })
          timer = setTimeout(() => reject(tooLong()), limits.sqlSeconds * 1000)
          slot.child.send(request)
        })
      } finally {
        clearTimeout(timer)
        slots.giveBack(slot, alive)
      }
    },
    close: slots.close,
  }
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

function tooLong(): ApiError {
  return new ApiError(
    'limit',
    `the statement was stopped after ${limits.sqlSeconds} seconds`,
    'narrow it down or add a LIMIT',
  )
}

function died(how: string): ApiError {
  return new ApiError(
    'limit',
    `the statement ended its process (${how}), most likely for lack of memory`,
    'ask for less at a time',
  )
}
