/**
 * Journals: handles, transactions and the thread that commits them. In jbd2 a handle is a shared hold on the running
 * transaction and a commit an exclusive one: starting a handle sleeps while the transaction is LOCKED or SWITCH, a commit
 * waits until its last handle stops. Both are lock-like (`jbd2_handle`, shared and exclusive), which is why they take part
 * in the lock order and in deadlocks (fs/jbd2/{transaction,commit}.c).
 *
 * XFS logs differently (fs/xfs/xfs_log_cil.c): a transaction's changes join the running checkpoint when it ends, and a
 * checkpoint waits for no open transaction. Its transactions reserve log space before they begin, in the order of asking, and
 * xfsaild pushes the tail. ext2 has no journal: a "handle" is nothing, changes reach the disk whenever.
 */

import { assert } from '../base/assert.ts'
import type { Ns } from '../model/trace.ts'
import { got, letGo, waits, wants } from './annotate.ts'
import { Changes } from './changes.ts'
import { ANNOTATED, MUTEX, WaitQueue, type SimLock } from './locks.ts'
import { LogSpace } from './log-space.ts'
import { lockMistake } from './finding.ts'
import type { Kernel } from './kernel.ts'
import { P } from './phases.ts'
import type { SimTask, Steps } from './task.ts'

export type JournalKind = 'jbd2' | 'cil' | 'none'
export type TransactionState = 'running' | 'locked' | 'switch' | 'flush' | 'commit' | 'callback' | 'finished'

export interface Transaction {
  readonly tid: number
  state: TransactionState
  /** When its first handle opened, NaN none yet. */
  startedAt: Ns
  /** Open handles. */
  updates: number
  /** What becomes durable with it, in order. */
  readonly changes: Changes
  /** Inodes whose data must reach the disk first (ordered mode). */
  readonly ordered: Set<number>
}

/** A task has one for good, and it is used again. */
interface Handle {
  readonly task: SimTask
  transaction: Transaction
  /** Nested starts; 0: not open. */
  depth: number
  /** cil: what joins the running checkpoint when the handle stops. */
  readonly late: ((transaction: Transaction) => void)[]
}

export interface JournalHooks {
  /** {submit data}: writes what ordered mode asks for. */
  writeOrdered(transaction: Transaction): Steps
  /** Log, flush, commit record: takes its time, then everything in the transaction is durable. */
  writeLog(): Steps
  /** Checkpoint: metadata blocks of a committed transaction go to their places. */
  writeHome(blocks: number): Steps
  /** After the commit record: freed blocks come back. */
  committed(transaction: Transaction): void
}

export class Journal {
  readonly kind: JournalKind
  running: Transaction
  committing: Transaction | undefined
  /** Commits done, and how long one takes (a moving average, j_average_commit_time). */
  commits = 0
  /** Told when a transaction has become durable: the power may fail there. */
  onCommit: (() => void) | undefined
  averageNs: Ns = 0
  readonly lock: SimLock
  /** xfs_trans_alloc takes freeze level 3. */
  readonly #transLock: SimLock
  readonly #kernel: Kernel
  readonly #hooks: JournalHooks
  /** By task number; undefined: it has none. */
  readonly #handles: (Handle | undefined)[] = []
  readonly #startWaiters = new WaitQueue('j_wait_transaction_locked')
  readonly #updateWaiters = new WaitQueue('j_wait_updates')
  readonly #commitWaiters = new WaitQueue('j_wait_done_commit')
  readonly #kjournald = new WaitQueue('j_wait_commit')
  readonly #grantWaiters = new WaitQueue('xlog_grant_head')
  readonly #aild = new WaitQueue('xfsaild')
  /** For a search: which transaction runs, and whether it takes handles. */
  readonly object: number
  /** Its open handles. Who opens and stops does not see the others, so they read what whoever asks for the count changes. */
  readonly #handlesObject: number
  /** What is durable; and what was asked for, read and changed as handles are. */
  readonly #doneObject: number
  readonly #wantedObject: number
  /** Undefined: the log is never full. */
  readonly #log: LogSpace | undefined
  #checkpointMutex: SimLock | undefined
  #committer: SimTask | undefined
  #lastSyncer: SimTask | undefined
  #wanted = 0
  #nextTid = 1

  constructor(kernel: Kernel, options: { kind: JournalKind; transLock: SimLock; hooks: JournalHooks; blocks: number }) {
    this.kind = options.kind
    this.#kernel = kernel
    this.#hooks = options.hooks
    this.#transLock = options.transLock
    this.lock = kernel.newLock(options.kind === 'jbd2' ? 'jbd2_handle' : 'log_force', ANNOTATED)
    this.object = kernel.objects(4)
    this.#handlesObject = this.object + 1
    this.#doneObject = this.object + 2
    this.#wantedObject = this.object + 3
    this.#log = options.kind !== 'none' && options.blocks > 0 ? new LogSpace(options.blocks) : undefined
    this.running = this.#newTransaction()
  }

  hasHandle(): boolean {
    return this.#handle() !== undefined
  }

  /** Would `stop` close the handle? */
  isLast(): boolean {
    return this.#handle()?.depth === 1
  }

  /** Opens a handle, or nests in the one the task has. Sleeps while the running transaction is closing. */
  *start(): Steps {
    const kernel = this.#kernel
    const open = this.#handle()
    if (open !== undefined) {
      open.depth++
      return
    }
    if (this.kind === 'jbd2') {
      const log = this.#log
      while (log?.roomy === false) yield* this.#makeRoom(log)
      wants(kernel, this.lock, 'shared')
      // What is left of the log is counted by everyone who opens a handle.
      if (kernel.see(this.object, log !== undefined)) yield
      while (this.running.state === 'locked' || this.running.state === 'switch' || log?.fits === false) {
        if (log?.fits === false) this.requestCommit()
        waits(kernel, this.lock, () => this.#committerOnly())
        if (kernel.sleepOn(this.#startWaiters, false)) yield
        kernel.touch(this.object, log !== undefined)
      }
      got(kernel, this.lock, 'shared')
      kernel.touch(this.#handlesObject, false)
      this.running.updates++
      log?.reserve()
    } else if (this.kind === 'cil') {
      if (kernel.lock(this.#transLock, 'shared')) yield
      if (this.#log !== undefined) yield* this.#grant(this.#log)
    }
    this.#opens(kernel.current)
  }

  /** `start`, where that takes no step: all but a few times in time order. False: nothing has happened. */
  startsAtOnce(): boolean {
    const kernel = this.#kernel
    const open = this.#handle()
    if (open !== undefined) {
      open.depth++
      return true
    }
    if (this.kind === 'jbd2') {
      const { state } = this.running
      if (!kernel.timed || this.#log !== undefined || state === 'locked' || state === 'switch') return false
      wants(kernel, this.lock, 'shared')
      got(kernel, this.lock, 'shared')
      this.running.updates++
    } else if (this.kind === 'cil') return false
    this.#opens(kernel.current)
    return true
  }

  #opens(task: SimTask): void {
    const { running } = this
    if (Number.isNaN(running.startedAt)) running.startedAt = this.#kernel.now
    const handle = this.#handles[task.id]
    if (handle === undefined) this.#handles[task.id] = { task, transaction: running, depth: 1, late: [] }
    else {
      handle.transaction = running
      handle.depth = 1
    }
  }

  stop(): void {
    const kernel = this.#kernel
    const handle = this.#handle()
    if (handle === undefined) {
      kernel.report('V12', () =>
        lockMistake(kernel.current, `stops a ${this.lock.className} it does not have`, this.lock),
      )
      return
    }
    if (--handle.depth > 0) return
    if (this.kind === 'cil') {
      kernel.touch(this.object, false)
      kernel.touch(this.#handlesObject, false)
      for (const join of handle.late) join(this.running)
      handle.late.length = 0
      if (this.#log !== undefined) this.#ungrant(this.#log)
      kernel.unlock(this.#transLock, 'shared')
    } else if (this.kind === 'jbd2') {
      letGo(kernel, this.lock)
      if (this.#log !== undefined) kernel.touch(this.object, true)
      this.#log?.giveBack()
      const { transaction } = handle
      // Once a commit has begun it may wait for the last one.
      const closing = transaction.state !== 'running'
      kernel.touch(this.#handlesObject, closing)
      if (--transaction.updates === 0 && closing) kernel.wake(this.#updateWaiters, 1)
    }
  }

  /** A metadata change of the current handle: `join` learns the transaction it belongs to. */
  join(join: (transaction: Transaction) => void): void {
    const handle = this.#handle()
    assert(handle !== undefined, 'metadata is changed inside a handle')
    if (this.kind === 'none') {
      this.#kernel.touch(this.object, false)
      this.#kernel.touch(this.#handlesObject, false)
    }
    if (this.kind === 'cil') handle.late.push(join)
    else join(this.kind === 'none' ? this.running : handle.transaction)
  }

  /** The transaction that what the running task changes belongs to; undefined where only its end tells (`join`). */
  get joined(): Transaction | undefined {
    return this.kind === 'jbd2' ? this.#handle()?.transaction : undefined
  }

  /** A metadata block the running task's handle changes, by a number of its own. */
  dirties(buffer: number): void {
    this.#log?.dirties(buffer)
  }

  /** fs/jbd2/checkpoint.c: __jbd2_log_wait_for_space. Whoever needs room makes it; a log of one transaction is committed. */
  *#makeRoom(log: LogSpace): Steps {
    const kernel = this.#kernel
    const mutex = (this.#checkpointMutex ??= kernel.newLock('&journal->j_checkpoint_mutex', MUTEX))
    if (kernel.lock(mutex, 'exclusive')) yield
    const oldest = log.roomy ? undefined : log.oldest((tid) => this.isDone(tid))
    if (oldest !== undefined) {
      yield* this.#hooks.writeHome(oldest.blocks)
      log.writtenHome(oldest)
    }
    kernel.unlock(mutex)
    if (oldest === undefined && !log.roomy) yield* this.waitCommit((this.committing ?? this.running).tid)
  }

  /** fs/xfs/xfs_log.c: xlog_grant_head_check. Who comes later waits behind those that wait, and those that were just woken. */
  *#grant(log: LogSpace): Steps {
    const kernel = this.#kernel
    const queue = this.#grantWaiters
    if (kernel.see(this.object, true)) yield
    for (let first = queue.waiters.length + queue.woken === 0; !first || log.grants === 0; first = true) {
      kernel.wake(this.#aild, 1)
      if (kernel.sleepOn(queue, true)) yield
      kernel.touch(this.object, true)
      queue.woken--
    }
    log.reserve()
    if (log.low) kernel.wake(this.#aild, 1)
    this.#roomLeft(log)
  }

  /** fs/xfs/xfs_log.c: xfs_log_ticket_ungrant. */
  #ungrant(log: LogSpace): void {
    this.#kernel.touch(this.object, true)
    log.giveBack()
    this.#roomLeft(log)
    if (this.#grantWaiters.waiters.length > 0) this.#kernel.wake(this.#aild, 1)
  }

  /** fs/xfs/xfs_log.c: xlog_grant_head_wake. As many of those that wait as there is room for, the first ones. */
  #roomLeft(log: LogSpace): void {
    const more = log.grants - this.#grantWaiters.woken
    if (more > 0) this.#kernel.wake(this.#grantWaiters, more)
  }

  /** fs/xfs/xfs_trans_ail.c: xfsaild writes the oldest items home; what no checkpoint has yet is forced to the log first. */
  *#pushTail(log: LogSpace): Steps {
    const kernel = this.#kernel
    for (;;) {
      while (log.clean || (!log.low && this.#grantWaiters.waiters.length === 0)) {
        if (kernel.sleepOn(this.#aild, true)) yield
      }
      const oldest = log.oldest((tid) => this.isDone(tid))
      if (oldest === undefined) yield* this.waitCommit((this.committing ?? this.running).tid)
      else {
        yield* this.#hooks.writeHome(oldest.blocks)
        kernel.touch(this.object, true)
        log.writtenHome(oldest)
        this.#roomLeft(log)
      }
    }
  }

  /** Its threads. */
  daemons(): readonly { readonly comm: string; readonly steps: Steps }[] {
    const committer = { comm: this.kind === 'cil' ? 'xfs-cil' : 'jbd2', steps: this.kjournald() }
    if (this.kind !== 'cil' || this.#log === undefined) return [committer]
    return [committer, { comm: 'xfsaild', steps: this.#pushTail(this.#log) }]
  }

  /** Asks for the commit of a transaction (default: the running one) without waiting. */
  requestCommit(tid = this.running.tid): void {
    this.#kernel.touch(this.object, false)
    this.#kernel.touch(this.#wantedObject, false)
    if (tid > this.#wanted) this.#wanted = tid
    this.#kernel.wake(this.#kjournald, 1)
  }

  /** log_wait_commit: sleeps until `tid` is durable. */
  *waitCommit(tid: number): Steps {
    const kernel = this.#kernel
    // Which transaction is meant was read off the running one.
    kernel.touch(this.object, false)
    if (this.isDone(tid)) return
    wants(kernel, this.lock, 'exclusive')
    this.requestCommit(tid)
    while (!this.isDone(tid)) {
      waits(kernel, this.lock, () => this.#committerOnly())
      if (kernel.sleepOn(this.#commitWaiters, false)) yield
    }
    got(kernel, this.lock, 'exclusive')
    letGo(kernel, this.lock)
  }

  /**
   * fsync batching (fs/jbd2/transaction.c: jbd2_journal_stop): who syncs, and was not the last to, leaves a young transaction
   * open as long as a commit takes on average, so that others can join it; `longest` bounds that (15 ms on ext4).
   */
  *waitForCompany(tid: number, longest: Ns): Steps {
    const kernel = this.#kernel
    const again = this.#lastSyncer === kernel.current
    this.#lastSyncer = kernel.current
    const ns = Math.min(this.averageNs, longest)
    const young = kernel.now - this.running.startedAt < ns
    if (kernel.timed && this.kind === 'jbd2' && !again && tid === this.running.tid && young && kernel.sleep(ns)) yield
  }

  /** kjournald2: commits when asked to. */
  *kjournald(): Steps {
    const kernel = this.#kernel
    this.#committer = kernel.current
    for (;;) {
      while (!this.#isAsked()) if (kernel.sleepOn(this.#kjournald, true)) yield
      kernel.sink.opBegin(kernel.current, 'commit', -1, this.running.tid, 0)
      yield* this.#commit()
      kernel.sink.opEnd(kernel.current, 0)
    }
  }

  /** A timer that asks for a commit of whatever there is; in a search as often as every actor goes round. */
  *timer(intervalNs: Ns, rounds: number): Steps {
    for (let round = 0; round < rounds; round++) {
      if (this.#kernel.sleep(intervalNs)) yield
      if (this.#kernel.see(this.object, false)) yield
      // A search asks whatever there is: to look would tie the timer to every handle, and a commit of nothing does nothing.
      if (!this.#kernel.timed || this.running.changes.length > 0 || this.running.updates > 0) this.requestCommit()
    }
  }

  #isAsked(): boolean {
    this.#kernel.touch(this.#wantedObject, true)
    return this.#wanted >= this.running.tid
  }

  isDone(tid: number): boolean {
    this.#kernel.touch(this.#doneObject, false)
    return tid < this.running.tid && (this.committing === undefined || tid < this.committing.tid)
  }

  *#commit(): Steps {
    const kernel = this.#kernel
    const transaction = this.running
    wants(kernel, this.lock, 'exclusive')
    kernel.enter(P.commit_locked)
    if (this.kind === 'jbd2') {
      if (kernel.see(this.object, true)) yield
      transaction.state = 'locked'
      kernel.touch(this.#handlesObject, true)
      while (transaction.updates > 0) {
        waits(kernel, this.lock, () => this.#tasksIn(transaction))
        if (kernel.sleepOn(this.#updateWaiters, true)) yield
      }
      transaction.state = 'switch'
      if (kernel.see(this.object, true)) yield
    } else {
      kernel.touch(this.object, true)
      kernel.touch(this.#handlesObject, true)
    }
    transaction.state = 'flush'
    this.committing = transaction
    this.#log?.commits(transaction.tid)
    this.running = this.#newTransaction()
    got(kernel, this.lock, 'exclusive')
    letGo(kernel, this.lock)
    kernel.leave(P.commit_locked)
    kernel.wake(this.#startWaiters, 0)
    const began = kernel.now
    yield* this.#hooks.writeOrdered(transaction)
    transaction.state = 'commit'
    yield* this.#hooks.writeLog()
    transaction.changes.happen()
    const took = kernel.now - began
    this.averageNs = this.commits === 0 ? took : Math.floor((took + 3 * this.averageNs) / 4)
    this.commits++
    this.onCommit?.()
    transaction.state = 'callback'
    this.#hooks.committed(transaction)
    transaction.state = 'finished'
    kernel.touch(this.#doneObject, true)
    this.committing = undefined
    kernel.wake(this.#commitWaiters, 0)
  }

  /** Of the running task. Tasks are numbered from 0, so the list has no holes once it is as long as this. */
  #handle(): Handle | undefined {
    const { id } = this.#kernel.current
    while (this.#handles.length <= id) this.#handles.push(undefined)
    const handle = this.#handles[id]
    return handle === undefined || handle.depth === 0 ? undefined : handle
  }

  #committerOnly(): SimTask[] {
    return this.#committer === undefined ? [] : [this.#committer]
  }

  #tasksIn(transaction: Transaction): SimTask[] {
    const inside: SimTask[] = []
    for (const handle of this.#handles) {
      if (handle !== undefined && handle.depth > 0 && handle.transaction === transaction) inside.push(handle.task)
    }
    return inside
  }

  #newTransaction(): Transaction {
    return {
      tid: this.#nextTid++,
      state: 'running',
      startedAt: NaN,
      updates: 0,
      changes: new Changes(),
      ordered: new Set(),
    }
  }
}
