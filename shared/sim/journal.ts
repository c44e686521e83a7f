/**
 * jbd2: handles, transactions and kjournald. A handle is a shared hold on the running transaction, a commit an exclusive
 * one: starting a handle sleeps while the transaction is LOCKED or SWITCH, a commit waits until its last handle stops.
 * Both are lock-like (`jbd2_handle`, shared and exclusive), which is why they take part in the lock order and in
 * deadlocks (DOMAIN.md 2.2, 3.12). Metadata changes become durable when their transaction has committed; data blocks
 * freed in it are reusable from then on.
 */

import { assert } from '../base/assert.ts'
import type { Ns } from '../model/trace.ts'
import { got, letGo, waits, wants } from './annotate.ts'
import { RWSEM, WaitQueue, type SimLock } from './locks.ts'
import type { Kernel } from './kernel.ts'
import type { SimTask, Steps } from './task.ts'

export type TransactionState = 'running' | 'locked' | 'switch' | 'flush' | 'commit' | 'finished'

export interface Transaction {
  readonly tid: number
  state: TransactionState
  /** Open handles. */
  updates: number
  /** What becomes durable with it, in order. */
  readonly changes: (() => void)[]
  /** Inodes whose data must reach the disk first (ordered mode). */
  readonly ordered: Set<number>
}

export interface Handle {
  readonly transaction: Transaction
  /** Nested starts. */
  depth: number
}

export interface JournalHooks {
  /** {submit data}: writes what ordered mode asks for. */
  writeOrdered(transaction: Transaction): Steps
  /** Log, flush, commit record: takes its time, then everything in the transaction is durable. */
  writeLog(transaction: Transaction): Steps
  /** After the commit record: freed blocks come back. */
  committed(transaction: Transaction): void
}

export class Journal {
  running: Transaction
  committing: Transaction | undefined
  /** Commits done. */
  commits = 0
  readonly lock: SimLock
  readonly #kernel: Kernel
  readonly #hooks: JournalHooks
  readonly #handles = new Map<SimTask, Handle>()
  readonly #startWaiters = new WaitQueue('j_wait_transaction_locked')
  readonly #updateWaiters = new WaitQueue('j_wait_updates')
  readonly #commitWaiters = new WaitQueue('j_wait_done_commit')
  readonly #kjournald = new WaitQueue('j_wait_commit')
  #wanted = 0
  #nextTid = 1

  constructor(kernel: Kernel, hooks: JournalHooks) {
    this.#kernel = kernel
    this.#hooks = hooks
    this.lock = kernel.newLock('jbd2_handle', RWSEM)
    this.running = this.#newTransaction()
  }

  handleOf(task: SimTask): Handle | undefined {
    return this.#handles.get(task)
  }

  /** Opens a handle, or nests in the one the task has. Sleeps while the running transaction is closing. */
  *start(): Steps {
    const kernel = this.#kernel
    const task = kernel.current
    const open = this.#handles.get(task)
    if (open !== undefined) {
      open.depth++
      return
    }
    wants(kernel, this.lock, 'shared')
    if (kernel.see(this.lock.id, true)) yield
    while (this.running.state === 'locked' || this.running.state === 'switch') {
      waits(kernel, this.lock)
      if (kernel.sleepOn(this.#startWaiters, false)) yield
    }
    got(kernel, this.lock, 'shared')
    this.running.updates++
    this.#handles.set(task, { transaction: this.running, depth: 1 })
  }

  stop(): void {
    const kernel = this.#kernel
    const handle = this.#handles.get(kernel.current)
    if (handle === undefined) {
      kernel.report('V12', `${kernel.current.comm} stops a handle it does not have`)
      return
    }
    if (--handle.depth > 0) return
    this.#handles.delete(kernel.current)
    letGo(kernel, this.lock)
    if (--handle.transaction.updates === 0) kernel.wake(this.#updateWaiters, 1)
  }

  /** The transaction metadata of the current handle goes into. */
  current(): Transaction {
    const handle = this.#handles.get(this.#kernel.current)
    assert(handle !== undefined, 'metadata is changed inside a handle')
    return handle.transaction
  }

  /** Asks for the commit of a transaction (default: the running one) without waiting. */
  requestCommit(tid = this.running.tid): void {
    if (tid > this.#wanted) this.#wanted = tid
    this.#kernel.wake(this.#kjournald, 1)
  }

  /** log_wait_commit: sleeps until `tid` is durable. */
  *waitCommit(tid: number): Steps {
    const kernel = this.#kernel
    if (this.#isDone(tid)) return
    wants(kernel, this.lock, 'exclusive')
    this.requestCommit(tid)
    while (!this.#isDone(tid)) {
      waits(kernel, this.lock)
      if (kernel.sleepOn(this.#commitWaiters, false)) yield
    }
    got(kernel, this.lock, 'exclusive')
    letGo(kernel, this.lock)
  }

  /** kjournald2: commits when asked to, and every `intervalNs`. */
  *kjournald(): Steps {
    const kernel = this.#kernel
    for (;;) {
      while (this.#wanted < this.running.tid) {
        if (kernel.sleepOn(this.#kjournald, true)) yield
      }
      yield* this.#commit()
    }
  }

  /** A timer that asks for a commit of whatever there is. */
  *timer(intervalNs: Ns): Steps {
    for (;;) {
      if (this.#kernel.sleep(intervalNs)) yield
      if (this.running.changes.length > 0 || this.running.updates > 0) this.requestCommit()
    }
  }

  *#commit(): Steps {
    const kernel = this.#kernel
    const transaction = this.running
    wants(kernel, this.lock, 'exclusive')
    transaction.state = 'locked'
    while (transaction.updates > 0) {
      waits(kernel, this.lock)
      if (kernel.sleepOn(this.#updateWaiters, true)) yield
    }
    transaction.state = 'switch'
    if (kernel.see(this.lock.id, true)) yield
    transaction.state = 'flush'
    this.committing = transaction
    this.running = this.#newTransaction()
    got(kernel, this.lock, 'exclusive')
    letGo(kernel, this.lock)
    kernel.wake(this.#startWaiters, 0)
    yield* this.#hooks.writeOrdered(transaction)
    transaction.state = 'commit'
    yield* this.#hooks.writeLog(transaction)
    for (const change of transaction.changes) change()
    transaction.state = 'finished'
    this.committing = undefined
    this.commits++
    this.#hooks.committed(transaction)
    kernel.wake(this.#commitWaiters, 0)
  }

  #isDone(tid: number): boolean {
    return tid < this.running.tid && (this.committing === undefined || tid < this.committing.tid)
  }

  #newTransaction(): Transaction {
    return { tid: this.#nextTid++, state: 'running', updates: 0, changes: [], ordered: new Set() }
  }
}
