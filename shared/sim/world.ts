/**
 * A world: one simulated machine with a filesystem, its device and journal, inodes, address spaces, prices, and the policy
 * that says how faults are locked. Operations (ops/) are generators over it. It holds state and the few helpers every
 * operation needs; what an operation does is not here.
 *
 * Not modelled: several filesystems at once, memory pressure other than an explicit reclaimer, interrupts, NUMA.
 */

import { assert } from '../base/assert.ts'
import type { Ns } from '../model/trace.ts'
import { Allocator } from './allocator.ts'
import { C, Prices } from './costs.ts'
import { GARBAGE } from './content.ts'
import { Channel, Device } from './device.ts'
import { Dirtying } from './dirtying.ts'
import { blockOf, Extents, isMapped, written, unwritten } from './extents.ts'
import type { Filesystem } from './fs/fs.ts'
import { Inode } from './inode.ts'
import type { Checks } from './invariants/checks.ts'
import { Journal } from './journal.ts'
import { Kernel } from './kernel.ts'
import { PERCPU_RWSEM, RWSEM, SPINLOCK, WaitQueue, type SimLock } from './locks.ts'
import { AddressSpace, type Page } from './mapping.ts'
import { ColdMetadata } from './metadata.ts'
import { Mm, PTE_NONE, pteKind, PteTable, pteTarget, samePlace, Vma, type Pte } from './mm.ts'
import { writeAll, writeOrdered } from './ops/writeback.ts'
import { P } from './phases.ts'
import type { Policy } from './policies/slots.ts'
import { PteAllocs } from './pte-allocs.ts'
import { RangeLocks } from './range-lock.ts'
import { Space } from './space.ts'
import { Stats } from './stats.ts'
import type { Steps } from './task.ts'
import { IMMAP, MACHINE, type FileSpec, type WorldOptions } from './world-options.ts'

export { EBUSY, EFBIG, EINVAL, ENOMEM, ENOSPC, MACHINE, SIGBUS } from './world-options.ts'
export type { FileSpec, MachineCostId, WorldOptions } from './world-options.ts'

export class World {
  readonly k: Kernel
  readonly prices: Prices
  readonly policy: Policy
  readonly fs: Filesystem
  readonly device: Device
  readonly allocator: Allocator
  readonly journal: Journal
  readonly inodes: Inode[] = []
  readonly mms: Mm[] = []
  readonly stats = new Stats()
  readonly pteAllocs: PteAllocs
  /** Freeze levels 1-3. */
  readonly sbWrite: SimLock
  readonly sbPagefault: SimLock
  readonly sbIntwrite: SimLock
  /** Those who wait for devices to be done with pages. */
  readonly dmaQueue = new WaitQueue('dma')
  /** Blocks with a dirty copy in the block device's own page cache (ops/block-device.ts). */
  readonly aliases = new Set<number>()
  /** What a recorded commit's log write took: asleep, and on a CPU (copying, where the device is memory). */
  logTimes: ((commit: number) => { readonly sleepNs: Ns; readonly workNs: Ns }) | undefined
  /** Tasks inside an operation that a replay begins and ends as a whole: what it is made of is none of its own. */
  readonly inWhole = new Set<number>()
  /** The freezer has all levels. */
  frozen = false
  readonly frozenObject: number
  /** The oracle; undefined where only speed is wanted. */
  checks: Checks | undefined
  /** No operation begins after this. */
  stopAt: Ns = Infinity
  maxOps = Infinity
  /** Search: how often each actor goes round. Its own count, because a common one would depend on who was first. */
  rounds = Infinity
  readonly cpus: number
  readonly dax: boolean
  /** Undefined: as many pages may be dirty as like. */
  readonly dirtying: Dirtying | undefined
  /** Undefined: all metadata is in memory when the run begins. */
  readonly cold: ColdMetadata | undefined
  readonly #vmas: Vma[] = []
  readonly #ptes = new PteTable()
  readonly #blockObjects: number
  readonly space: Space
  #serial = 0
  readonly #pmemWrites = new Channel()
  readonly #pmemReads = new Channel()
  #diskFree: Ns = 0

  constructor(options: WorldOptions) {
    this.policy = options.policy
    this.fs = options.fs
    this.cpus = options.cpus
    this.dax = options.dax
    this.prices = new Prices(options.costs, options.jitter)
    const machine = { ...MACHINE, sharedLine: this.prices.median('sharedCacheLine'), ...options.machine }
    this.k = new Kernel({
      cpus: options.cpus,
      seed: options.seed,
      sink: options.sink,
      timed: options.timed,
      costs: machine,
      recorded: options.recorded,
    })
    this.pteAllocs = new PteAllocs(this.k, this.stats)
    this.device = new Device({ blocks: options.blocks, slots: options.slots ?? 4, eadr: options.eadr === true })
    this.allocator = new Allocator(options.blocks)
    this.#blockObjects = this.k.objects(options.blocks)
    this.space = new Space(this.k, this.allocator)
    this.frozenObject = this.k.objects(1)
    this.sbWrite = this.k.newLock('sb_writers', PERCPU_RWSEM)
    this.sbPagefault = this.k.newLock('sb_pagefaults', PERCPU_RWSEM)
    this.sbIntwrite = this.k.newLock('sb_internal', PERCPU_RWSEM)
    this.journal = new Journal(this.k, {
      kind: this.fs.journal,
      transLock: this.sbIntwrite,
      hooks: {
        writeOrdered: (transaction) => writeOrdered(this, transaction),
        writeLog: () => this.#writeLog(),
        writeHome: (blocks) => this.#ioFor(P.checkpoint, this.prices.draw(this.k, C.writebackPage) * blocks),
        committed: (transaction) => this.#committed(transaction.tid),
      },
      blocks: machine.journalBlocks,
    })
    this.dirtying = machine.dirtyPages > 0 ? new Dirtying(this.k, machine.dirtyPages) : undefined
    this.cold = machine.coldMetadata > 0 ? new ColdMetadata(this, options.blocks) : undefined
  }

  // ---- setting up ----

  newFile(spec: FileSpec): Inode {
    const { k } = this
    const number = this.inodes.length + 1
    const immap = IMMAP[this.policy.switches.unmapLock]
    const guardLock = this.policy.guard.id === 'inval' ? 'mapping.invalidate_lock' : this.fs.faultLock
    const inode = new Inode({
      number,
      dax: spec.dax,
      pages: spec.pages,
      size: spec.size ?? spec.pages,
      extents: new Extents(spec.pages),
      ranges: new RangeLocks(k, number, spec.pages),
      rwsem: k.newLock('&sb->s_type->i_mutex_key', RWSEM, number),
      mapLock: k.newLock(this.fs.mapLock.className, this.fs.mapLock.spec, number),
      mapping: new AddressSpace({
        kernel: k,
        inode: number,
        pages: spec.pages,
        slots: this.device.slots,
        immap: k.newLock(immap.name, immap.spec, number),
        invalidateLock: k.newLock(guardLock, RWSEM, number),
      }),
      object: k.objects(4 + 3 * spec.pages),
    })
    this.inodes.push(inode)
    if (spec.blocks !== undefined && spec.blocks !== 'holes') {
      this.preallocate(inode, { from: 0, to: inode.size, kind: spec.blocks })
    }
    return inode
  }

  /** Gives pages blocks, durably, before the run begins. */
  preallocate(inode: Inode, range: { from: number; to: number; kind: 'written' | 'unwritten' }): void {
    const { kind } = range
    for (let index = range.from; index < range.to; index++) {
      const block = this.allocator.allocate(inode.number, index)
      assert(block !== undefined, 'the device has room for what a scenario preallocates')
      if (kind === 'written') this.device.fill(block, 0, true)
      inode.extents.tree[index] = kind === 'written' ? written(block) : unwritten(block)
      inode.extents.durable[index] = inode.extents.tree[index]
      if (this.cold === undefined) inode.extents.publish(index)
      else this.cold.stands(inode.number, index)
    }
  }

  /** Puts a page with its block's bytes into the cache, before the run begins. */
  cachePage(inode: Inode, index: number): void {
    const page = inode.mapping.addPage(index)
    const mapping = inode.extents.tree[index]
    page.uptodate = true
    if (!isMapped(mapping)) return
    page.block = blockOf(mapping)
    for (let slot = 0; slot < this.device.slots; slot++) page.content[slot] = this.device.read(page.block, slot)
  }

  inode(number: number): Inode {
    return this.inodes[number - 1]
  }

  newMm(): Mm {
    const name = this.policy.guard.id === 'inval' ? '&mm->mmap_lock' : '&mm->mmap_sem'
    const mm = new Mm(this.mms.length, this.k.newLock(name, RWSEM))
    this.mms.push(mm)
    return mm
  }

  /** Maps pages of a file; not an operation, so it takes no time. */
  map(
    mm: Mm,
    inode: Inode,
    options: { from?: number; pages?: number; shared?: boolean; sync?: boolean; pmd?: boolean } = {},
  ): Vma {
    const from = options.from ?? 0
    const pages = options.pages ?? inode.pages - from
    const vma = new Vma({
      id: this.#vmas.length,
      mm,
      inode: inode.number,
      pgoff: from,
      pages,
      table: this.#ptes,
      shared: options.shared ?? true,
      sync: options.sync === true,
      pmd: options.pmd === true,
      ptl: this.k.newLock('ptlock_ptr(ptdesc)', SPINLOCK),
      object: this.k.objects(pages),
      lock: this.policy.switches.vmaLock ? this.k.newLock('&vma->vm_lock->lock', RWSEM) : undefined,
    })
    this.#vmas.push(vma)
    mm.vmas.push(vma)
    inode.mapping.vmas.push(vma)
    if (vma.pmd) inode.hugeMapped = true
    return vma
  }

  /** Gives the vma's pages a fresh start, as a new process would have, whoever holds the table's lock; takes no time. */
  remap(vma: Vma): void {
    this.k.touch(vma.ptl.id, false)
    const { ptes } = vma
    for (let i = 0; i < vma.pages; i++) {
      const pte = ptes[i]
      this.k.touch(vma.seen(vma.pgoff + i), pte !== PTE_NONE)
      if (pte === PTE_NONE) continue
      this.pteCleared(vma, vma.pgoff + i, pte)
      this.pteGone(vma, vma.pgoff + i, pte)
      vma.set(vma.pgoff + i, PTE_NONE)
    }
  }

  /** kjournald2, and a timer that commits every `commitIntervalNs`. */
  startJournal(commitIntervalNs: Ns): void {
    for (const { comm, steps } of this.journal.daemons()) this.k.spawn(comm, steps, { daemon: true })
    const flush = this.dirtying?.flush(() => writeAll(this))
    if (flush !== undefined) this.k.spawn('flush', flush, { daemon: true })
    if (commitIntervalNs === Infinity) return
    this.k.spawn('commit-timer', this.journal.timer(commitIntervalNs, this.rounds), { daemon: true })
  }

  /** Block as an object for `see`. */
  blockObject(block: number): number {
    return this.#blockObjects + block
  }

  // ---- page tables ----

  /** Sets a PTE; what it replaces is gone at once. */
  setPte(vma: Vma, index: number, pte: Pte): void {
    const old = vma.pte(index)
    if (samePlace(old, pte)) {
      vma.set(index, pte)
      return
    }
    if (old !== PTE_NONE) {
      this.pteCleared(vma, index, old)
      this.pteGone(vma, index, old)
    }
    vma.set(index, pte)
    if (pteKind(pte) === 'page') this.#mapCount(this.#pageOf(vma, pte), 1)
    if (pteKind(pte) === 'anon') vma.mm.copyMapped(pteTarget(pte))
    this.checks?.pteSet(vma, index, pte)
  }

  /** Takes a PTE out with the local TLB entry; for one the task itself has just put in. */
  clearAtOnce(vma: Vma, index: number): void {
    const old = vma.pte(index)
    if (old === PTE_NONE) return
    this.k.touch(vma.seen(index), true)
    this.pteCleared(vma, index, old)
    this.pteGone(vma, index, old)
    vma.set(index, PTE_NONE)
  }

  /** No CPU has the PTE any more, in no TLB. */
  pteGone(vma: Vma, index: number, pte: Pte): void {
    this.checks?.pteGone(vma, index, pte)
    if (pteKind(pte) === 'anon') vma.mm.copyGone(pteTarget(pte))
  }

  /** The page a PTE pointed to has one mapping less. */
  pteCleared(vma: Vma, _index: number, pte: Pte): void {
    if (pteKind(pte) !== 'page') return
    const page = this.#pageOf(vma, pte)
    this.#mapCount(page, -1)
    this.inode(vma.inode).mapping.drop(page)
  }

  /** Those who map and unmap do not see each other, so they read what whoever asks for the count changes. */
  #mapCount(page: Page, by: number): void {
    page.mapped += by
    this.k.touch(page.object + 1, false)
  }

  pageMapped(page: Page): boolean {
    this.k.touch(page.object + 1, true)
    return page.mapped > 0
  }

  /** A reference: the page's number names no other page meanwhile. */
  keepPage(page: Page): void {
    page.refs++
  }

  releasePage(inode: Inode, page: Page): void {
    page.refs--
    inode.mapping.drop(page)
  }

  #pageOf(vma: Vma, pte: Pte): Page {
    const page = this.inode(vma.inode).mapping.allPages[pteTarget(pte)]
    assert(page !== undefined, 'a mapped page exists')
    return page
  }

  // ---- time ----

  /** Work of one cost, shown as a phase. */
  run(phase: number, cost: number): boolean {
    return this.k.work(phase, this.prices.draw(this.k, cost))
  }

  runTimes(phase: number, cost: number, times: number): boolean {
    return this.k.work(phase, this.prices.draw(this.k, cost) * times)
  }

  /** Writing `pages` pages of pmem: at the price of the CPU, or of the device where its writers saturate it. */
  pmemWrite(phase: number, cost: number, pages: number): boolean {
    const share = this.prices.draw(this.k, C.pmemWriteShare) * pages
    return this.k.work(phase, this.#pmemWrites.takes(this.k.now, share, this.prices.draw(this.k, cost)))
  }

  /** Page after page, each at a price of its own, as one piece of work. */
  pmemWriteEach(phase: number, cost: number, pages: number): boolean {
    let ns = 0
    for (let page = 0; page < pages; page++) {
      const share = this.prices.draw(this.k, C.pmemWriteShare)
      ns += this.#pmemWrites.takes(this.k.now + ns, share, this.prices.draw(this.k, cost))
    }
    return this.k.work(phase, ns)
  }

  pmemRead(phase: number, cost: number): boolean {
    const share = this.prices.draw(this.k, C.pmemReadShare)
    return this.k.work(phase, this.#pmemReads.takes(this.k.now, share, this.prices.draw(this.k, cost)))
  }

  /** yield(): lets others run if there are any. */
  yieldCpu(): boolean {
    return this.k.timed ? this.k.work(P.yield_cpu, 1_000) : this.k.sleep(0)
  }

  /** A price added to whatever the task does next. */
  owe(cost: number): void {
    this.k.current.owed += this.prices.draw(this.k, cost)
  }

  /** I/O on the shared disk or log device: the task sleeps until its turn is over. */
  io(phase: number, cost: number): Steps {
    return this.#ioFor(phase, this.prices.draw(this.k, cost))
  }

  *#ioFor(phase: number, ns: Ns): Steps {
    const { k } = this
    k.enter(phase)
    const start = Math.max(k.now, this.#diskFree)
    this.#diskFree = start + (k.stretch === undefined ? ns : k.stretch(k.current, ns))
    if (ns > 0 && k.sleep(this.#diskFree - k.now)) yield
    k.leave(phase)
  }

  /** Actors make few rounds, which are counted: a search goes through all orders of what they do. */
  get inSearch(): boolean {
    return this.rounds !== Infinity
  }

  /** May another round of the current actor's loop begin? To be asked once for each. */
  goesOn(): boolean {
    return this.inSearch ? this.k.current.rounds++ < this.rounds : this.inTime()
  }

  /** Within a round: may the next operation begin? A search has no clock, and a round of it is made whole. */
  inTime(): boolean {
    return this.inSearch || (this.k.now < this.stopAt && this.stats.ops < this.maxOps)
  }

  // ---- operations ----

  opBegin(kind: string, inode: number, offset: number, length: number): void {
    if (this.inWhole.size > 0 && this.inWhole.has(this.k.current.id)) return
    this.stats.begin(this.k.current, this.k.now)
    this.k.sink.opBegin(this.k.current, kind, inode, offset, length)
  }

  opEnd(kind: string, result: number): void {
    if (this.inWhole.size > 0 && this.inWhole.has(this.k.current.id)) return
    this.stats.end(this.k.current, { kind, result, now: this.k.now })
    this.k.sink.opEnd(this.k.current, result)
  }

  /** Serial number of the last tag. */
  get lastSerial(): number {
    return this.#serial
  }

  /** A new tag for what a store or write() by a user of `inode` leaves behind: its serial number and the inode. */
  tag(inode: Inode): number {
    this.#serial = (this.#serial + 1) & 0x3ff_ffff
    return this.#serial * 16 + (inode.number & 15) + 16
  }

  // ---- transactions ----

  /** Opens a handle (or nests), the waiting and the price included. */
  *txStart(): Steps {
    const { k, journal } = this
    const nested = journal.kind === 'none' || journal.hasHandle()
    if (!nested) k.enter(P.journal)
    if (!journal.startsAtOnce() && k.call(journal.start())) yield
    if (nested) return
    if (this.run(P.journal, C.handleStart)) yield
    k.leave(P.journal)
    k.enter(P.handle)
  }

  *txStop(): Steps {
    if (this.txEnds()) yield
    this.txEnded()
  }

  /** `txStop` for who is called too often for a generator of its own: the time it takes, and what it does then. */
  txEnds(): boolean {
    return this.journal.kind !== 'none' && this.journal.isLast() && this.run(P.handle_stop, C.handleStop)
  }

  txEnded(): void {
    const { journal } = this
    const last = journal.isLast()
    // ext2 counts free blocks per CPU (ext2_has_free_blocks): what an operation frees is seen by others when it is over.
    if (journal.kind === 'none' && last) journal.join(({ tid }) => this.#committed(tid))
    journal.stop()
    if (journal.kind !== 'none' && last) this.k.leave(P.handle)
  }

  /** Metadata of an inode changes in the current handle; `durably` happens when it commits. */
  change(inode: Inode, durably: () => void, what: 'data' | 'times' = 'data'): void {
    this.changes(inode)
    this.journal.join((transaction) => {
      transaction.changes.add(durably)
      inode.syncTid = transaction.tid
      if (what === 'data') inode.dataTid = transaction.tid
    })
  }

  /** Metadata of an inode is about to change. */
  changes(inode: Inode): void {
    this.journal.dirties(inode.number)
    this.checks?.changed('metadata of', inode)
    this.k.touch(inode.tidObject, false)
  }

  /** A block just allocated: what it holds are its last owner's bytes. */
  claim(inode: Inode, block: number): void {
    this.stats.bump('blocks allocated')
    this.space.taken()
    this.k.touch(this.blockObject(block), true)
    if (!inode.dax || this.policy.switches.cleansAliases) this.aliases.delete(block)
    const last = this.allocator.lastOwner(block)
    if (last === -1) this.device.fill(block, GARBAGE, true)
    else this.device.disown(block, last)
    this.checks?.allocated(block)
  }

  /** Frees a block in the current handle. */
  free(block: number): void {
    this.journal.join(({ tid }) => this.space.free(block, tid))
  }

  #committed(tid: number): void {
    for (const block of this.space.committed(tid, this.journal.kind === 'none')) this.checks?.reusable(block)
  }

  /** The log blocks with a flush, then the commit record (3.12, steps 4 to 6). */
  *#writeLog(): Steps {
    const times = this.logTimes?.(this.journal.commits)
    const ns = times?.sleepNs ?? this.prices.draw(this.k, C.logWrite)
    if (times !== undefined && this.k.work(P.log_io, times.workNs)) yield
    yield* this.#ioFor(P.log_io, ns - Math.floor(ns / 3))
    yield* this.#ioFor(P.commit_io, Math.floor(ns / 3))
  }
}
