/** Words for what columns hold as numbers: tasks, operations, results. Unknown stays null, never a made-up word. */

import { FAULT_KINDS, MODES, type LockMode } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { NO_OP } from './scope.ts'

export interface TaskRef {
  readonly id: number
  readonly comm: string
  readonly pid: number
}

export function taskRef(trace: Trace, id: number): TaskRef {
  const { comm, pid } = trace.tasks[id]
  return { id, comm, pid }
}

/** The kind of the operation in this row; null for -1. */
export function opName(trace: Trace, op: number): string | null {
  return op === -1 ? null : trace.opKinds[trace.op.cols.kind[op]]
}

export function kindName(trace: Trace, kind: number): string {
  return kind === -1 ? NO_OP : trace.opKinds[kind]
}

export function modeName(mode: number): LockMode {
  return MODES[mode]
}

/** NaN, "not known", is null in results. */
export function known(value: number): number | null {
  return Number.isNaN(value) ? null : value
}

/** include/uapi/asm-generic/errno-base.h and errno.h; 512 … 517 are include/linux/errno.h, seen only by tracers. */
const ERRNO: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  7: 'E2BIG',
  9: 'EBADF',
  10: 'ECHILD',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  18: 'EXDEV',
  19: 'ENODEV',
  20: 'ENOTDIR',
  21: 'EISDIR',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  25: 'ENOTTY',
  26: 'ETXTBSY',
  27: 'EFBIG',
  28: 'ENOSPC',
  29: 'ESPIPE',
  30: 'EROFS',
  32: 'EPIPE',
  34: 'ERANGE',
  35: 'EDEADLK',
  36: 'ENAMETOOLONG',
  38: 'ENOSYS',
  40: 'ELOOP',
  61: 'ENODATA',
  75: 'EOVERFLOW',
  95: 'EOPNOTSUPP',
  110: 'ETIMEDOUT',
  116: 'ESTALE',
  117: 'EUCLEAN',
  122: 'EDQUOT',
  512: 'ERESTARTSYS',
  513: 'ERESTARTNOINTR',
  514: 'ERESTARTNOHAND',
  516: 'ERESTART_RESTARTBLOCK',
}

/** Largest error number a result can carry: MAX_ERRNO of include/linux/err.h. */
const MAX_ERRNO = 4095

export function isFailure(result: number): boolean {
  return result < 0 && result >= -MAX_ERRNO
}

export function failureName(kind: string, result: number): string {
  // Of a fault it means that the access raised SIGBUS, not that a pointer was bad.
  if (result === -14 && FAULT_KINDS.has(kind)) return 'SIGBUS'
  return ERRNO[-result] ?? `errno ${-result}`
}
