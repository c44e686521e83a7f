/** What is known of a span beyond its place, in the words viewers show beside it. What is not known is left out. */

import { MODES, SPAN_INFERRED, SPAN_TRY } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import type { Slice } from './slice.ts'

export type Args = Readonly<Record<string, string | number>>

export function words(trace: Trace, slice: Slice): Args {
  if (slice.category === 'op') return opWords(trace, slice.row)
  if (slice.category === 'wait' || slice.category === 'hold') return lockWords(trace, slice)
  if (slice.category === 'phase' && Number.isNaN(trace.phase.cols.durationNs[slice.row]))
    return { end: 'not in the trace' }
  return {}
}

function opWords(trace: Trace, row: number): Args {
  const { cols } = trace.op
  const out: Record<string, string | number> = {}
  if (cols.inode[row] >= 0) out['inode'] = trace.inodes[cols.inode[row]]
  number(out, 'offset', cols.offset[row])
  number(out, 'length', cols.length[row])
  number(out, 'result', cols.result[row])
  number(out, 'wait_ns', cols.waitNs[row])
  if (cols.inferred[row] !== 0) out['inferred'] = 'begin or end was deduced'
  if (Number.isNaN(cols.durationNs[row])) out['end'] = 'not in the trace'
  return out
}

function lockWords(trace: Trace, { row, category }: Slice): Args {
  const { cols } = trace.lockSpan
  const lock = trace.locks[cols.lock[row]]
  const out: Record<string, string | number> = { lock: trace.lockClasses[lock.lockClass].name }
  if (lock.address !== undefined) out['address'] = lock.address
  if (lock.label !== undefined) out['label'] = lock.label
  if (lock.inode >= 0) out['inode'] = trace.inodes[lock.inode]
  out['mode'] = MODES[cols.mode[row]]
  const op = cols.op[row]
  if (category === 'hold' && op >= 0) out['op'] = trace.opKinds[trace.op.cols.kind[op]]
  if ((cols.flags[row] & SPAN_TRY) !== 0) out['trylock'] = 1
  if ((cols.flags[row] & SPAN_INFERRED) !== 0) out['inferred'] = 'which lock, who or when was deduced'
  const end = category === 'wait' ? cols.acquiredNs[row] : cols.releasedNs[row]
  const givenUp = category === 'wait' && cols.releasedNs[row] > cols.requestedNs[row]
  if (Number.isNaN(end)) out['end'] = givenUp ? 'given up' : 'not in the trace'
  return out
}

function number(out: Record<string, string | number>, key: string, value: number): void {
  if (!Number.isNaN(value)) out[key] = value
}
