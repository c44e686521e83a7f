/**
 * What is known of a system call: which operation it is, and where its arguments say where in the file. A call's operation
 * kind is the list's word (model/kinds.ts) where it has one, else its own name.
 */

import { key } from './fields.ts'

const FALLOC_FL_PUNCH_HOLE = 2

export interface Call {
  readonly kind: string
  readonly offset?: Uint8Array
  readonly length?: Uint8Array
  /** Argument positions of the same, for raw_syscalls. */
  readonly raw?: { readonly offset?: number; readonly length?: number; readonly mode?: number }
}

const OFFSET = key('offset')
const POS = key('pos')
const OFF = key('off')
const LEN = key('len')
const LEN_IN = key('len_in')
const LENGTH = key('length')
const COUNT = key('count')

const positioned = { offset: POS, length: COUNT, raw: { offset: 3, length: 2 } }
const streamed = { length: COUNT, raw: { length: 2 } }

export const CALLS: Readonly<Record<string, Call>> = {
  read: { kind: 'read', ...streamed },
  readv: { kind: 'read' },
  pread64: { kind: 'read', ...positioned },
  preadv: { kind: 'read' },
  preadv2: { kind: 'read' },
  write: { kind: 'write', ...streamed },
  writev: { kind: 'write' },
  pwrite64: { kind: 'write', ...positioned },
  pwritev: { kind: 'write' },
  pwritev2: { kind: 'write' },
  truncate: { kind: 'truncate', offset: LENGTH, raw: { offset: 1 } },
  ftruncate: { kind: 'truncate', offset: LENGTH, raw: { offset: 1 } },
  fallocate: { kind: 'fallocate', offset: OFFSET, length: LEN, raw: { mode: 1, offset: 2, length: 3 } },
  msync: { kind: 'msync', length: LEN, raw: { length: 1 } },
  mmap: { kind: 'mmap', offset: OFF, length: LEN, raw: { offset: 5, length: 1 } },
  munmap: { kind: 'munmap', length: LEN, raw: { length: 1 } },
  madvise: { kind: 'madvise', length: LEN_IN, raw: { length: 1 } },
}

export function kindOf(name: string, call: Call | undefined, mode: number): string {
  if (name === 'fallocate') return mode & FALLOC_FL_PUNCH_HOLE ? 'punch_hole' : 'fallocate'
  return call?.kind ?? name
}

/** The operation a system call is, its arguments unknown. */
export function kindOfCall(name: string): string {
  return kindOf(name, Object.hasOwn(CALLS, name) ? CALLS[name] : undefined, 0)
}
