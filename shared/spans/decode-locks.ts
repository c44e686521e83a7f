/**
 * Payloads of lock:*, mmap_lock:* and xfs lock events. A trace of millions of lock events has a few thousand different
 * payloads, so each is parsed once and found again by its bytes; after that an event costs one hash and no string. Where
 * records are printed field by field, the same is said in other words: `name=… lockdep_addr=…`.
 */

import { ByteInterner } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import type { Decoder } from './decoder.ts'
import type { EventFields } from './fields.ts'
import { LCB_MUTEX, LCB_PERCPU, LCB_READ, LCB_RT, LCB_SPIN, LCB_WRITE } from './lock-names.ts'
import type { SpanBuilder } from './span-builder.ts'

/** Payload bytes to what they mean, parsed at first sight. One per event name where it may be given records. */
class PayloadCache<T> {
  readonly #interner = new ByteInterner('lock event payloads', limits.entities)
  readonly #parsed: T[] = []
  readonly #records = new ByteInterner('records of lock events', limits.entities)
  readonly #ofRecords: T[] = []
  readonly #parse: (spans: SpanBuilder, fields: EventFields) => T

  constructor(parse: (spans: SpanBuilder, fields: EventFields) => T) {
    this.#parse = parse
  }

  of(spans: SpanBuilder, fields: EventFields): T {
    const { record } = fields
    if (record !== undefined) {
      const id = this.#records.intern(record, fields.recordFrom, fields.recordTo)
      if (id === this.#ofRecords.length) this.#ofRecords.push(this.#parse(spans, fields))
      return this.#ofRecords[id]
    }
    const id = this.#interner.intern(fields.bytes, fields.from, fields.to)
    if (id === this.#parsed.length) this.#parsed.push(this.#parse(spans, fields))
    return this.#parsed[id]
  }
}

interface LockPayload {
  readonly lock: number
  readonly lockClass: number
  readonly behaviour: number
  readonly shared: boolean
  readonly tried: boolean
}

/** The fields of lock:*, flags before 1 for a try and 2 for a reader; their numbers may stand twice, `0x2 (2)`. */
const LOCK_FIELDS = /^(?:flags=(0x[0-9a-f]+|\d+)(?: \(\d+\))? )?name=(.*) lockdep_addr=(\S+)(?: \(-?\d+\))?$/

/** `ADDRESS [try ][read ]NAME`: the name is everything after the address and the optional words, blanks included. */
function lockPayload(acquire: boolean): (spans: SpanBuilder, fields: EventFields) => LockPayload {
  return (spans, fields) => {
    const text = fields.text()
    const raw = LOCK_FIELDS.exec(text)
    if (raw !== null) {
      const [, flags = '0', name, address] = raw
      const lock = spans.lockOf(name === '' ? '(unnamed)' : name, identity(address))
      return { ...lock, shared: (Number(flags) & 2) !== 0, tried: (Number(flags) & 1) !== 0 }
    }
    const blank = text.indexOf(' ')
    const address = blank === -1 ? text : text.slice(0, blank)
    let name = blank === -1 ? '' : text.slice(blank + 1)
    const tried = acquire && name.startsWith('try ')
    if (tried) name = name.slice(4)
    const shared = acquire && name.startsWith('read ')
    if (shared) name = name.slice(5)
    return { ...spans.lockOf(name === '' ? '(unnamed)' : name, identity(address)), shared, tried }
  }
}

/** `(____ptrval____)` and `(null)` stand for any address: no identity. */
function identity(address: string): string | undefined {
  return address.startsWith('(') ? undefined : address
}

interface ContentionPayload {
  readonly address: number
  readonly flags: number
  readonly result: number
}

const FLAG_WORDS: readonly (readonly [string, number])[] = [
  ['SPIN', LCB_SPIN],
  ['READ', LCB_READ],
  ['WRITE', LCB_WRITE],
  ['RT', LCB_RT],
  ['PERCPU', LCB_PERCPU],
  ['MUTEX', LCB_MUTEX],
]

/** `ADDRESS (flags=A|B)` or `ADDRESS (ret=N)`; field by field `lock_addr=ADDRESS flags=0x2 (2)`. */
function contentionPayload(spans: SpanBuilder, fields: EventFields): ContentionPayload {
  const text = fields.text()
  const [, first] = /^(?:lock_addr=)?(\S*)/.exec(text) ?? ['', '']
  const address = spans.contention.addressOf(identity(first))
  const words = /flags=([^)\s]*)/.exec(text)?.[1] ?? ''
  const numeric = /^(0x)?[0-9a-f]+$/i.test(words) ? Number.parseInt(words, words.startsWith('0x') ? 16 : 10) : 0
  const flags = words
    .split('|')
    .reduce((sum, word) => sum | (FLAG_WORDS.find(([name]) => name === word)?.[1] ?? 0), numeric)
  const result = Number(/ret=(?:0x\S+ \()?(-?\d+)/.exec(text)?.[1] ?? 0)
  return { address, flags, result }
}

interface MmapPayload {
  readonly lock: number
  readonly exclusive: boolean
  readonly success: boolean
}

/** `mm=ADDRESS memcg_path= write=true success=false`. */
function mmapPayload(spans: SpanBuilder, fields: EventFields): MmapPayload {
  const text = fields.text()
  const mm = /mm=(\S+)/.exec(text)?.[1] ?? '('
  return {
    lock: spans.mmLocks.mmapLock(identity(mm)),
    exclusive: / write=\(?(true|1)\b/.test(text),
    success: !/ success=\(?(false|0)\b/.test(text),
  }
}

const XFS_FLAGS: readonly (readonly [string, number])[] = [
  ['IOLOCK_EXCL', 1],
  ['IOLOCK_SHARED', 2],
  ['ILOCK_EXCL', 4],
  ['ILOCK_SHARED', 8],
  ['MMAPLOCK_EXCL', 0x10],
  ['MMAPLOCK_SHARED', 0x20],
]

interface XfsPayload {
  readonly inode: number
  readonly flags: number
}

/** `dev 7:1 ino 0x80 flags ILOCK_EXCL|0x5000000 caller F`; field by field `lock_flags=83886084`. */
function xfsPayload(spans: SpanBuilder, fields: EventFields): XfsPayload {
  const words = (/ (?:flags |lock_flags=)(\S+)/.exec(fields.text())?.[1] ?? '').split('|')
  const flags = words.reduce((sum, word) => {
    const named = XFS_FLAGS.find(([name]) => name === word)?.[1]
    return sum | (named ?? (/^(0x[0-9a-f]+|\d+)$/.test(word) ? Number(word) & 0x3f : 0))
  }, 0)
  return { inode: spans.inodes.of(fields), flags }
}

export function lockDecoders(): Readonly<Record<string, Decoder>> {
  return {
    ...lockdepDecoders(),
    contention_begin: cached(contentionPayload, ({ contention }, wait) => contention.begin(wait.address, wait.flags)),
    contention_end: cached(contentionPayload, ({ contention }, wait) => contention.end(wait.address, wait.result)),
    mmap_lock_start_locking: cached(mmapPayload, ({ mmLocks }, mm) => mmLocks.startLocking(mm.lock, mm.exclusive)),
    mmap_lock_acquire_returned: cached(mmapPayload, ({ mmLocks }, mm) =>
      mmLocks.acquireReturned(mm.lock, mm.exclusive, mm.success),
    ),
    mmap_lock_released: cached(mmapPayload, ({ mmLocks }, mm) => mmLocks.released(mm.lock)),
    xfs_ilock: cached(xfsPayload, ({ xfsLocks }, lock) => xfsLocks.ilock(lock.inode, lock.flags, false)),
    xfs_ilock_nowait: cached(xfsPayload, ({ xfsLocks }, lock) => xfsLocks.ilock(lock.inode, lock.flags, true)),
    xfs_ilock_demote: cached(xfsPayload, ({ xfsLocks }, lock) => xfsLocks.idemote(lock.inode, lock.flags)),
    xfs_iunlock: cached(xfsPayload, ({ xfsLocks }, lock) => xfsLocks.iunlock(lock.inode, lock.flags)),
  }
}

function cached<T>(
  parse: (spans: SpanBuilder, fields: EventFields) => T,
  tell: (spans: SpanBuilder, payload: T) => void,
): Decoder {
  const payloads = new PayloadCache(parse)
  return (spans, fields) => tell(spans, payloads.of(spans, fields))
}

/** Their records have texts of any length, so they come as text. */
function lockdepDecoders(): Readonly<Record<string, Decoder>> {
  const acquires = new PayloadCache(lockPayload(true))
  const others = new PayloadCache(lockPayload(false))
  return {
    lock_acquire(spans, fields) {
      const lock = acquires.of(spans, fields)
      spans.lockdep.acquire(lock.lock, lock.lockClass, lock.behaviour, lock)
    },
    lock_contended(spans, fields) {
      const lock = others.of(spans, fields)
      spans.lockdep.contended(lock.lock, lock.lockClass, lock.behaviour)
    },
    lock_acquired: (spans, fields) => spans.lockdep.acquired(others.of(spans, fields).lock),
    lock_release: (spans, fields) => spans.lockdep.release(others.of(spans, fields).lock),
  }
}
