/**
 * The trap: which fault an access leads to (mm/memory.c: handle_pte_fault), shown as one operation each. A 2 MiB attempt
 * that falls back is an operation of its own before the 4 KiB one, as in a recorded trace.
 */

import { C } from '../costs.ts'
import type { Kernel } from '../kernel.ts'
import { entryBlock } from '../mapping.ts'
import { PTE_NONE, pteKind, writable, type Vma } from '../mm.ts'
import { P } from '../phases.ts'
import type { Steps, StepsOf } from '../task.ts'
import { ENOMEM, SIGBUS, type World } from '../world.ts'
import { writeProtectFault } from './cow.ts'
import { daxFault } from './dax-fault.ts'
import { entryAt } from './entry.ts'
import { timeIsDue, updateTime } from './file-time.ts'
import { lockVma, newFault, unlockVma, type Fault, type FaultOp, type FaultResult } from './fault.ts'
import { cacheFault } from './cache-fault.ts'
import { pageMkwrite } from './mkwrite.ts'
import { fitsHuge } from './pmd-fault.ts'

/** How a fault ended, as `result` of its operation: VM_FAULT_FALLBACK and _RETRY, or an errno. */
const RESULTS: Readonly<Partial<Record<FaultResult, number>>> = {
  fallback: 0x800,
  retry: 0x400,
  oom: ENOMEM,
  sigbus: SIGBUS,
}

export interface Access {
  readonly index: number
  readonly write: boolean
}

const READ: FaultOp = { kind: 'read_fault', steps: handle }
const WRITE: FaultOp = { kind: 'write_fault', steps: handle }
const COPY: FaultOp = { kind: 'cow_fault', steps: handle }
const PROTECTED_COPY: FaultOp = { kind: 'cow_fault', steps: protectedCopy }
const MKWRITE: FaultOp = { kind: 'mkwrite', steps: mkwrite }
const HUGE: FaultOp = { kind: 'pmd_fault', steps: daxFault }

/** The fault that an access without a suitable PTE leads to. */
export function faultOf(w: World, vma: Vma, at: Access): Fault {
  const { index, write } = at
  const pte = vma.pte(index)
  const kind = pteKind(pte)
  if (write && !vma.shared) {
    if (pte !== PTE_NONE) return newFault(w, vma, { index, write, op: PROTECTED_COPY })
    const twice = w.policy.cow.twoFaults === true
    return newFault(w, vma, { index, write: !twice, op: twice ? READ : COPY })
  }
  // ext4's pfn_mkwrite is the whole fault; where the block is durable already (no MAP_SYNC) nothing but the entry matters.
  if (write && ((kind === 'file' && !vma.sync) || (kind === 'page' && !w.inode(vma.inode).dax))) {
    return newFault(w, vma, { index, write, op: MKWRITE })
  }
  if (fitsHuge(w, vma, at) && kind === 'none') return newFault(w, vma, { index, write, op: HUGE, pmd: true })
  return newFault(w, vma, { index, write, op: write ? WRITE : READ })
}

/** One fault. False: SIGBUS. */
export function* pageFault(w: World, vma: Vma, at: Access): StepsOf<boolean> {
  const f = faultOf(w, vma, at)
  yield* trap(w, f)
  return f.result !== 'sigbus'
}

/** The fault from trap to return; `result` says how it ended, after a 2 MiB attempt that fell back the 4 KiB one. */
export function* trap(w: World, first: Fault): Steps {
  const { k } = w
  for (let f = first; ; f = newFault(w, f.vma, { index: f.index, write: f.write, op: f.write ? WRITE : READ })) {
    const held = k.current.held.length
    const pages = f.pmd ? 512 : 1
    w.opBegin(f.op.kind, f.vma.inode, (f.index - (f.index % pages)) * 4096, pages * 4096)
    if (w.run(P.trap, C.trap)) yield
    if (k.call(f.op.steps(w, f))) yield
    if (f.copy !== -1) f.vma.mm.dropUnmapped(f.copy)
    w.opEnd(f.op.kind, RESULTS[f.result] ?? 0)
    if (f.result === 'sigbus') w.checks?.leftBehind(f.inode, f.index)
    if (k.current.held.length > held) reportLeft(k, held)
    first.result = f.result
    if (!f.pmd || f.result !== 'fallback') return
  }
}

function reportLeft(k: Kernel, held: number): void {
  const left = k.current.held.slice(held).map((one) => one.lock.className)
  const message = `${k.current.comm} returns to user space holding ${left.join(', ')}`
  k.report('V12', () => ({ message, objects: left }))
}

function handle(w: World, f: Fault): Steps {
  return f.inode.dax ? daxFault(w, f) : cacheFault(w, f)
}

function* protectedCopy(w: World, f: Fault): Steps {
  f.result = (yield* writeProtectFault(w, f.vma, f.index)) ? 'done' : 'retry'
}

function mkwrite(w: World, f: Fault): Steps {
  return f.inode.dax ? daxMkwrite(w, f) : pageMkwrite(w, f)
}

/** fs/dax.c: dax_insert_pfn_mkwrite. Before entries (4.5) the PTE was made writable and nobody was told. */
function* daxMkwrite(w: World, f: Fault): Steps {
  const { k, policy } = w
  const { inode, index } = f
  if (lockVma(w, f)) yield
  if (w.run(P.vma_lookup, C.vmaLookup)) yield
  const freezable = policy.switches.faultsTakeSbPagefault
  if (freezable && k.lock(w.sbPagefault, 'shared')) yield
  if (timeIsDue(w, inode)) yield* updateTime(w, inode)
  if (policy.guard.enter !== undefined) yield* policy.guard.enter(w, f)
  if (k.see(inode.sizeObject, false)) yield
  if (index >= inode.size) f.result = 'sigbus'
  else if (policy.pairing.entries === true) yield* mkwriteEntry(w, f)
  else {
    // 4.5: dirty entries, not yet lockable (fs/dax.c: dax_pfn_mkwrite).
    if (policy.switches.fsyncFlushesMappings) {
      if (k.see(inode.entrySeen(index), true)) yield
      inode.mapping.dirty[index] = 1
    }
    yield* makeWritable(w, f)
  }
  if (w.prices.settle(w.k)) yield
  policy.guard.leave?.(w, f)
  if (w.prices.afterwards(w.k)) yield
  if (freezable) k.unlock(w.sbPagefault, 'shared')
  unlockVma(w, f)
}

function* mkwriteEntry(w: World, f: Fault): Steps {
  const { inode, index } = f
  const { pairing } = w.policy
  if (w.k.see(inode.entrySeen(index), false)) yield
  if (entryBlock(entryAt(inode, index)) === undefined) {
    // Not there any more: NOPAGE. Whoever removes the entry takes the PTE as well.
    f.result = 'retry'
    return
  }
  if (pairing.before !== undefined) yield* pairing.before(w, f)
  else if (pairing.after !== undefined) yield* pairing.after(w, f)
  if (f.entry !== undefined && entryBlock(f.entry.entry) !== undefined) {
    inode.mapping.dirty[f.entry.index] = 1
    yield* makeWritable(w, f)
  } else f.result = 'done'
  if (f.page !== undefined) {
    w.k.unlock(f.page.lock)
    f.page = undefined
  }
  pairing.leave?.(w, f)
}

function* makeWritable(w: World, f: Fault): Steps {
  const { k } = w
  const { vma, index } = f
  if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
  if (w.run(P.pte_set, C.pteSet)) yield
  if (k.see(vma.seen(index), true)) yield
  const pte = vma.pte(index)
  if (pteKind(pte) === 'file') w.setPte(vma, index, writable(pte))
  k.unlock(vma.ptl)
  f.result = 'done'
}
