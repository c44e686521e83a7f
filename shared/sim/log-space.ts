/**
 * The room a journal has. jbd2: credits that open handles reserve of the running transaction, which may fill a quarter of the
 * log, and the blocks of transactions that are committed but not yet written home (fs/jbd2/transaction.c:
 * add_transaction_credits; checkpoint.c). XFS: a transaction reserves its worst case of the whole log before it begins, and the
 * tail is pushed when less than a quarter is free (fs/xfs/xfs_log.c: xlog_grant_head_check, xlog_grant_push_threshold).
 * It counts; who waits for it is journal.ts.
 */

import { assert } from '../base/assert.ts'

/** Blocks jbd2 wants at least (JBD2_MIN_JOURNAL_BLOCKS). */
export const LEAST_JOURNAL = 1024
/** What a handle asks for: ext4_punch_hole's 41 blocks, seen in a trace; the others ask for about as many. */
const CREDITS = 41
/** A descriptor and a commit record. */
const FRAME = 2

interface Committed {
  readonly tid: number
  readonly blocks: number
}

export class LogSpace {
  readonly #blocks: number
  /** Blocks one transaction may have (jbd2_journal_get_max_txn_bufs). */
  readonly #most: number
  #reserved = 0
  #buffers = new Set<number>()
  #used = 0
  /** Committed, not yet written home, oldest first. */
  readonly #waiting: Committed[] = []

  constructor(blocks: number) {
    assert(blocks >= LEAST_JOURNAL, 'a journal has its least size')
    this.#blocks = blocks
    this.#most = Math.floor(blocks / 4)
  }

  /** May another handle join the running transaction? */
  get fits(): boolean {
    return this.#reserved + this.#buffers.size + CREDITS <= this.#most
  }

  /** XFS: reservations to be had. What is reserved, in the running checkpoint and not yet written home takes room. */
  get grants(): number {
    return Math.max(0, Math.floor(this.#free / CREDITS))
  }

  /** XFS: is the tail to be pushed? */
  get low(): boolean {
    return this.#free < this.#most
  }

  /** Nothing is in the log, nor on its way there: only open transactions have room. */
  get clean(): boolean {
    return this.#used === 0 && this.#buffers.size === 0
  }

  get #free(): number {
    return this.#blocks - this.#used - this.#buffers.size - this.#reserved
  }

  /** Is there room in the log for a whole transaction? */
  get roomy(): boolean {
    return this.#blocks - this.#used >= this.#most
  }

  reserve(): void {
    this.#reserved += CREDITS
  }

  /** What a handle did not use goes back. */
  giveBack(): void {
    this.#reserved -= CREDITS
  }

  /** A metadata block of the running transaction, by any number that tells it from others. */
  dirties(buffer: number): void {
    this.#buffers.add(buffer)
  }

  /** The running transaction goes to the log. */
  commits(tid: number): void {
    const blocks = this.#buffers.size + FRAME
    this.#buffers = new Set()
    this.#used += blocks
    this.#waiting.push({ tid, blocks })
  }

  /** The oldest transaction that is done and not written home; undefined: there is none yet. */
  oldest(isDone: (tid: number) => boolean): Committed | undefined {
    const first = this.#waiting.at(0)
    return first !== undefined && isDone(first.tid) ? first : undefined
  }

  writtenHome(transaction: Committed): void {
    const at = this.#waiting.indexOf(transaction)
    if (at === -1) return
    this.#waiting.splice(at, 1)
    this.#used -= transaction.blocks
  }
}
