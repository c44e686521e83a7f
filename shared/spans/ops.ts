/**
 * Operations: system calls, page faults, journal commits, writeback. A system call has both ends; a page fault has only
 * a begin (page_fault_user), so its end is the last event known to be its own (the release of mmap_lock, the end of the
 * file system's handler) before the task is seen in user mode again, and it stays open until then: the same touch can
 * fault again (a retry, a mapping that was removed under it, mkwrite after read) and is one operation. What is deduced
 * is marked `inferred`.
 */

import { limits } from '../base/limits.ts'
import { OP_KINDS } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import type { Phases } from './phases.ts'
import type { SpanState } from './state.ts'
import { OpFrame, type TaskTrack } from './track.ts'

/** Bits of an x86 page fault's error code (arch/x86/include/asm/trap_pf.h). */
const PF_PRESENT = 1
const PF_WRITE = 2
const PAGE = 4096
/** First address of the upper half: kernel memory. */
const KERNEL_SPACE = 2 ** 63
const EFAULT = -14
const ENOMEM = -12
/**
 * A touch that faults again, and again, is in user mode no longer than this in all: it has not done anything there. Long, for
 * virtual machines, whose CPUs may even stand still once.
 */
const SAME_TOUCH_NS = 400_000
const STOOD_STILL_NS = 5_000_000

/** Another buffer of the same recording tells of a call again within this time. */
const SAME_CALL_NS = 1000

/**
 * Who tells of a system call: raw_syscalls, or the event of its name. Recorded together they come as a pair, in either order and
 * with interrupts between them (kernel/entry/syscall-common.c calls one tracepoint after the other).
 */
export const TOLD_BY_NUMBER = 1
export const TOLD_BY_NAME = 2
type ToldBy = typeof TOLD_BY_NUMBER | typeof TOLD_BY_NAME

const MAKES_TASKS: ReadonlySet<string> = new Set(['fork', 'vfork', 'clone', 'clone3'])

/** exit and exit_group end with their task: that no event says so is no gap. */
export function neverReturns({ syscall }: OpFrame): boolean {
  return syscall === 'exit' || syscall === 'exit_group'
}

export interface SyscallArgs {
  /** The operation kind: a word of model/kinds.ts, or the call's own name. */
  readonly kind: string
  /** Bytes; NaN where the call has none. */
  readonly offset: number
  readonly length: number
}

export class Ops {
  readonly #state: SpanState
  readonly #phases: Phases
  /** The trace has raw_syscalls, so it shows every system call. */
  #sawNumbers = false
  /** Called when a task's outermost operation has ended. */
  onOutermostEnd: ((track: TaskTrack) => void) | undefined = undefined

  constructor(state: SpanState, phases: Phases) {
    this.#state = state
    this.#phases = phases
  }

  sysEnter(name: string, args: SyscallArgs, by: ToldBy): void {
    const track = this.#state.track
    this.#sawNumbers ||= by === TOLD_BY_NUMBER
    this.closeFaults(track)
    track.returned = ''
    const top = track.top()
    if (top?.syscall === name && ((top.toldBy & by) === 0 || top.startNs >= this.#state.ts - SAME_CALL_NS)) {
      top.toldBy |= by
      if (by === TOLD_BY_NUMBER) return
      top.kind = args.kind
      top.offset = args.offset
      top.length = args.length
      return
    }
    while (track.depth > 0) this.close(track, NaN)
    const frame = this.push(args.kind)
    frame.syscall = name
    frame.toldBy = by
    frame.offset = args.offset
    frame.length = args.length
  }

  sysExit(name: string, result: number, by: ToldBy): void {
    const track = this.#state.track
    // The second word of the same return.
    const again = track.returned === name && track.returnedBy !== by
    track.returned = again ? '' : name
    track.returnedBy = by
    if (again) return
    this.closeFaults(track)
    let at = track.depth - 1
    while (at >= 0 && track.ops[at].syscall === '') at--
    if (at < 0 || track.ops[at].syscall !== name) {
      // A new task comes into being inside the call that made it: it returns 0 there, and began elsewhere.
      if (track.depth === 0 && result === 0 && MAKES_TASKS.has(name)) return
      this.#state.builder.diagnose(
        'info',
        'exit-without-enter',
        'the end of a system call whose begin is not in the trace',
      )
      while (track.depth > 0) this.close(track, NaN)
      return
    }
    while (track.depth - 1 > at) this.close(track, track.ops[track.depth - 1].endNs)
    track.ops[at].result = result
    this.close(track, this.#state.ts)
  }

  /** page_fault_user, or page_fault_kernel on a user address. */
  fault(trap: FaultTrap): void {
    const state = this.#state
    const track = state.track
    const { inKernel, errorCode } = trap
    if (inKernel && trap.address >= KERNEL_SPACE) return
    const page = Math.floor(trap.address / PAGE)
    const top = track.top()
    if (top?.fault && page === top.page && inKernel === top.inKernel && this.#sameTouch(top, trap.ip)) {
      top.quiet = false
      state.mark(track)
      return
    }
    const comesBack = top?.fault === true && page === top.page && trap.ip === top.ip
    this.closeFaults(track)
    // A fault in user mode proves that no system call is running.
    if (!inKernel) while (track.depth > 0) this.close(track, NaN)
    const frame = this.push('fault')
    frame.fault = true
    frame.inferred = true
    frame.inKernel = inKernel
    frame.page = page
    frame.ip = trap.ip
    // What one instruction does to one page again and again is a loop: nothing stood still.
    frame.stoodStill = comesBack
    frame.accessTold = errorCode === errorCode
    frame.write = (errorCode & PF_WRITE) !== 0
    frame.present = (errorCode & PF_PRESENT) !== 0
  }

  /** An event that only a fault on a file raises. Opens the fault where its own begin is not in the trace. */
  fileFault(inode: number, offset: number): OpFrame {
    const track = this.#state.track
    let frame = track.top()
    if (frame === undefined || !frame.fault) {
      frame = this.push('fault')
      frame.fault = true
      frame.inferred = true
    } else if (frame.quiet) {
      frame.quiet = false
      this.#state.mark(track)
    }
    frame.file = true
    if (frame.inode < 0) frame.inode = inode
    if (offset === offset) frame.offset = offset
    frame.reaches(this.#state.ts)
    return frame
  }

  /** dax_pte_fault / dax_pmd_fault. */
  daxFault(fault: DaxFault): void {
    const frame = this.fileFault(fault.inode, fault.offset)
    if (!frame.accessTold) frame.write = fault.write
    frame.accessTold = true
    frame.private = fault.private
    frame.pmd = fault.pmd
    frame.length = fault.pmd ? 512 * PAGE : PAGE
  }

  /** dax_pte_fault_done / dax_pmd_fault_done, dax_insert_pfn_mkwrite. */
  daxFaultDone(outcome: FaultOutcome): void {
    const frame = this.#state.track.top()
    if (frame === undefined || !frame.fault) return
    frame.reaches(this.#state.ts)
    if (outcome.fallback) frame.pmd = false
    if (outcome.fallback || outcome.retry) return
    frame.done = true
    frame.result = outcome.sigbus ? EFAULT : outcome.oom ? ENOMEM : 0
    if (frame.page !== frame.page) this.#settle(frame)
  }

  /**
   * A fault takes mmap_lock again only when the handler asked for a retry (mm/memory.c, VM_FAULT_RETRY), and exclusively only
   * to let a stack grow, when it had it shared before (lock_mm_and_find_vma): else a fault that is still open is over.
   */
  mmapLockAsked(exclusive: boolean): void {
    const track = this.#state.track
    const top = track.top()
    if (!top?.fault) return
    if (exclusive && !top.quiet && !top.bounded) this.closeFaults(track)
    if (!top.quiet || exclusive || top.done || !top.file) return
    top.quiet = false
    this.#state.mark(track)
  }

  /** mmap_lock taken inside operation `op` was given back: a fault ends with it. */
  mmapLockReleased(op: number): void {
    const track = this.#state.track
    const top = track.top()
    if (!top?.fault || top.id !== op) return
    top.reaches(this.#state.ts)
    this.#settle(top)
  }

  /** Something inside the current operation names its file. */
  inode(inode: number): void {
    const frame = this.#state.track.current()
    if (frame !== undefined && frame.inode < 0) frame.inode = inode
  }

  /**
   * The file system is entered for what no fault does: one that is still open is over. Only a fault mapped with MAP_SYNC
   * writes back and syncs, when it is done otherwise (fs/dax.c: dax_finish_sync_fault).
   */
  leaveFaults(kind: string): void {
    const { track } = this.#state
    const top = track.top()
    if (top?.fault && !top.bounded && !(top.done && (kind === 'fsync' || kind === 'writeback'))) this.closeFaults(track)
  }

  /**
   * A fault waits where no signal but a deadly one ends it (state D): a task that sleeps otherwise has left it. Those that
   * userfaultfd or FUSE serve may be interrupted; their ends are not known then.
   */
  sleeps(track: TaskTrack): void {
    const top = track.top()
    if (!top?.fault || top.bounded) return
    // Nothing has ended it, and there is no system call to sleep in.
    if (this.#sawNumbers && track.depth === 1 && !top.quiet) top.endNs = NaN
    this.closeFaults(track)
  }

  /** An operation the trace shows only from inside the file system. */
  beginInner(kind: string, inode: number, offset: number, length: number): boolean {
    const track = this.#state.track
    // ext4_punch_hole has no exit event, so what follows the last step of such a punch ends it.
    const top = track.top()
    if (top?.kind === 'punch_hole' && top.inferred && top.endNs === top.endNs) this.close(track, top.endNs)
    if (track.currentId() >= 0) return false
    this.closeFaults(track)
    const frame = this.push(kind)
    frame.inferred = true
    frame.inode = inode
    frame.offset = offset
    frame.length = length
    return true
  }

  /** The outermost operation ends if it is of this kind. False: there is none. */
  endInner(kind: string, result = NaN): boolean {
    const track = this.#state.track
    const at = track.depth - 1
    if (at < 0 || track.ops[at].kind !== kind || track.ops[at].syscall !== '') return false
    if (result === result) track.ops[at].result = result
    this.close(track, this.#state.ts)
    return true
  }

  /** The innermost operation ends now: for events that mark both ends of every operation. */
  endTop(result: number): void {
    const { track, builder, ts } = this.#state
    const top = track.top()
    if (top === undefined) {
      builder.diagnose('info', 'exit-without-enter', 'the end of an operation whose begin is not in the trace')
      return
    }
    top.result = result
    this.close(track, ts)
  }

  /** Events with both ends of their own (a journal commit). */
  begin(kind: string): void {
    const track = this.#state.track
    while (track.depth > 0) this.close(track, track.ops[track.depth - 1].endNs)
    this.push(kind)
  }

  push(kind: string): OpFrame {
    const state = this.#state
    const track = state.track
    if (track.depth >= limits.opDepth) {
      state.builder.diagnose('warning', 'ops-too-deep', `operations nested deeper than ${limits.opDepth} were given up`)
      while (track.depth > 0) this.close(track, NaN)
    }
    const frame = (track.ops[track.depth] ??= new OpFrame()).reset()
    frame.id = state.builder.begin('op')
    frame.kind = kind
    frame.startNs = state.ts
    frame.cpu = state.cpu
    frame.phaseBase = track.phaseDepth
    track.depth++
    state.mark(track)
    return frame
  }

  /** Faults on top end where their last own event was. */
  closeFaults(track: TaskTrack): void {
    for (;;) {
      const top = track.top()
      if (top === undefined || (!top.fault && !top.quiet)) return
      this.close(track, top.endNs)
    }
  }

  /** Something begins that is not part of an operation that has gone quiet. */
  closeQuiet(track: TaskTrack): void {
    for (let top = track.top(); top?.quiet; top = track.top()) this.close(track, top.endNs)
  }

  /** Ends the innermost operation. Where its end is not known, deduced ones last until their last own event. */
  close(track: TaskTrack, known: Ns): void {
    const state = this.#state
    const frame = track.ops[track.depth - 1]
    const toldNs = known === known || !frame.inferred ? known : frame.endNs
    const endNs = toldNs < frame.insideNs ? frame.insideNs : toldNs
    this.#phases.closeFrom(track, frame, endNs)
    track.depth--
    if (track.depth > 0) track.ops[track.depth - 1].waitNs += frame.waitNs
    const builder = state.builder
    const at = builder.row('op', frame.id)
    const cols = builder.cols.op
    cols.task[at] = track.task
    cols.kind[at] = frame.fault ? faultKind(frame) : builder.opKinds.id(frame.kind)
    cols.startNs[at] = frame.startNs
    cols.durationNs[at] = state.elapsed(frame.startNs, endNs)
    cols.waitNs[at] = state.waitsKnown ? frame.waitNs : NaN
    cols.inode[at] = frame.inode
    cols.offset[at] = frame.offset
    cols.length[at] = frame.length
    cols.result[at] = frame.result
    cols.cpu[at] = frame.cpu
    cols.inferred[at] = frame.inferred ? 1 : 0
    frame.id = -1
    if (endNs !== endNs && !neverReturns(frame)) {
      builder.diagnose('info', 'unfinished-op', 'operations whose end is not in the trace have no duration')
    }
    state.mark(track)
    if (track.depth === 0) this.onOutermostEnd?.(track)
  }

  /** The instruction that faulted was run again: a retry, or its mapping was taken away before it got that far. */
  #sameTouch(top: OpFrame, ip: number): boolean {
    if (ip !== top.ip || top.result === EFAULT) return false
    const since = top.endNs === top.endNs ? top.endNs : top.startNs
    const userNs = this.#state.ts - since - top.offCpuNs
    if (top.userNs + userNs <= SAME_TOUCH_NS) {
      top.userNs += userNs
      return true
    }
    if (top.stoodStill || userNs > STOOD_STILL_NS) return false
    top.stoodStill = true
    return true
  }

  #settle(frame: OpFrame): void {
    if (frame.bounded) return
    frame.quiet = true
    this.#state.mark(this.#state.track)
  }
}

/** NaN where the trace does not say. */
export interface FaultTrap {
  readonly address: number
  readonly ip: number
  readonly errorCode: number
  readonly inKernel: boolean
}

export interface DaxFault {
  readonly inode: number
  readonly offset: number
  readonly write: boolean
  readonly private: boolean
  readonly pmd: boolean
}

export interface FaultOutcome {
  readonly fallback: boolean
  readonly retry: boolean
  readonly sigbus: boolean
  readonly oom: boolean
}

/** Fault kinds as columns have them: the builder numbers the kinds of model/kinds.ts first, in their order. */
const FAULT = OP_KINDS.indexOf('fault')
const PMD_FAULT = OP_KINDS.indexOf('pmd_fault')
const READ_FAULT = OP_KINDS.indexOf('read_fault')
const COW_FAULT = OP_KINDS.indexOf('cow_fault')
const MKWRITE = OP_KINDS.indexOf('mkwrite')
const WRITE_FAULT = OP_KINDS.indexOf('write_fault')

/**
 * Without an event of a file system the fault may be on anonymous memory, and most of those come for reads and writes alike: its
 * kind is not known.
 */
function faultKind(frame: OpFrame): number {
  if (!frame.file) return FAULT
  if (frame.pmd) return PMD_FAULT
  if (!frame.write) return frame.accessTold ? READ_FAULT : FAULT
  if (frame.private) return COW_FAULT
  return frame.present ? MKWRITE : WRITE_FAULT
}
