/**
 * The names and lines that tests of the span builder share: two lock addresses, an mm, a fault, a mapping, a write, and what a
 * trace made of them is looked at by. Times are microseconds, as in `at`.
 */
import type { Trace } from '#shared/model/trace.ts'
import { at, locksOf, opsOf } from './import-text.ts'

export const A = '00000000aaaaaaaa'
export const B = '00000000bbbbbbbb'
export const MM = 'mm=00000000cccccccc memcg_path='
/** A percpu-rwsem, told of by its name and by unnamed waits. */
export const PERCPU = '&sbi->s_writepages_rwsem'

export const FAULT = 'page_fault_user: address=0x7f0000001008 ip=0x4020a0 error_code=0x6'
export const MAP = 'ext4_ext_map_blocks_enter: dev 259,0 ino 12 lblk 1 len 1 flags CREATE'
/** Times are far from the trace's begin: a sum where a difference belongs shows. */
export const first = at(0, 99, 'sched_wakeup: comm=x pid=98 prio=120 target_cpu=000')

export const write = (us: number): string => at(us, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)')
export const written = (us: number): string => at(us, 1, 'sys_write -> 0x2')

/** Operations as kind, start, end. */
export const opTimes = (trace: Trace) =>
  opsOf(trace).map(({ kind, startNs, endNs }) => [kind, startNs / 1000, endNs / 1000])

/** Lock spans as class, mode, got, given back. */
export const held = (trace: Trace) =>
  locksOf(trace).map((span) => [span.class, span.mode, span.acquiredNs / 1000, span.releasedNs / 1000])

export const codes = (trace: Trace): string[] => trace.diagnostics.map(({ code }) => code)
