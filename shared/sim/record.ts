/**
 * From what a simulated kernel tells its sink to a trace like an imported one: the same raw events (lock_acquire … as
 * ftrace prints them, sched_switch, sched_waking, and op_begin … phase_end for what a real kernel shows only indirectly),
 * and spans through the one span builder of all formats, so that every analysis, page and export works unchanged. Payload
 * texts are made once per lock, task and phase; an event makes no string and no object. It invents nothing: what is a lock
 * in the model is a lock here, lock-like waiting (a journal handle, an entry bit) included.
 */

import { encodeUtf8 } from '../base/bytes.ts'
import type { TraceBuilder } from '../model/builder.ts'
import type { Ns, TraceMeta } from '../model/trace.ts'
import { BEHAVES_AS_LOCK } from '../spans/lock-names.ts'
import { CONTEXT_HARDIRQ, CONTEXT_TASK } from '../spans/recorder.ts'
import { PREV_DEAD, PREV_RUNNING, PREV_SLEEPING, PREV_UNINTERRUPTIBLE } from '../spans/sched.ts'
import { SpanBuilder } from '../spans/span-builder.ts'
import type { SpanState } from '../spans/state.ts'
import type { TaskTrack } from '../spans/track.ts'
import type { Finding } from './finding.ts'
import type { LockMode, SimLock } from './locks.ts'
import { addressOf, PayloadArena, PayloadLine } from './payload.ts'
import type { SimSink } from './sink.ts'
import type { SimTask } from './task.ts'

/** Device of the simulated inodes, `major:minor` as traces have it. */
const DEVICE = '259:0'
const PRIORITY = 120

const ACQUIRE = 0
const CONTENDED = 1
const ACQUIRED = 2
const RELEASE = 3
const PHASE_BEGIN = 4
const PHASE_END = 5
const OP_BEGIN = 6
const OP_END = 7
const SWITCH = 8
const WAKING = 9
const VIOLATION = 10
/** By the codes above. */
const EVENT_NAMES = [
  'lock_acquire',
  'lock_contended',
  'lock_acquired',
  'lock_release',
  'phase_begin',
  'phase_end',
  'op_begin',
  'op_end',
  'sched_switch',
  'sched_waking',
  'invariant_violated',
]

/** Ways to ask for a lock: bit 0 shared, bit 1 trylock. */
const HOW = [
  { shared: false, tried: false },
  { shared: true, tried: false },
  { shared: false, tried: true },
  { shared: true, tried: true },
] as const
const HOW_WORDS = ['', 'read ', 'try ', 'try read ']

/** Of a lock (and of a class of locks) in an array of numbers: its id, its class, a text for each way to ask. */
const LOCK = 6
const LOCK_CLASS = 1
const LOCK_TEXTS = 2
const NONE = -1

/** What is read of the kernel while it runs. */
export interface Clock {
  readonly now: Ns
}

export interface RecorderOptions {
  readonly builder: TraceBuilder
  /** Names of the phases by the numbers model code uses. */
  readonly phases: readonly string[]
}

/** What a kernel found violated: the first of each kind, and how many there were. */
export interface Findings {
  readonly findings: readonly Finding[]
  readonly findingCounts: ReadonlyMap<string, number>
}

export type RunMeta = Pick<TraceMeta, 'scenario' | 'strategy' | 'seed' | 'cpus' | 'digest'>

interface TaskIds {
  readonly task: number
  readonly track: TaskTrack
  /** `prev_comm=…prev_state=`, `next_comm=…`, `comm=…target_cpu=`. */
  readonly previous: number
  readonly next: number
  readonly woken: number
  /** Last CPU it was on. */
  cpu: number
}

export class SimRecorder implements SimSink {
  readonly builder: TraceBuilder
  readonly spans: SpanBuilder
  readonly #state: SpanState
  readonly #phases: readonly string[]
  readonly #names: readonly number[]
  readonly #arena = new PayloadArena()
  readonly #line = new PayloadLine(this.#arena)
  /** Of operations' payloads. */
  readonly #texts = {
    kind: this.#arena.add('kind='),
    inode: this.#arena.add(` dev=${DEVICE} ino=`),
    offset: this.#arena.add(' offset='),
    length: this.#arena.add(' length='),
    result: this.#arena.add('ret='),
  }
  #clock: Clock = { now: 0 }

  /** By the kernel's own numbers. */
  readonly #tasks: (TaskIds | undefined)[] = []
  readonly #idle: (TaskIds | undefined)[] = []
  /** Of each lock its id, its class and four texts, by way to ask; the first is also what contended, acquired and release print. */
  #locks = new Int32Array(0)
  /** By the kernel's number of a class: its id, -1 not known yet, and four texts, each with a lock's address before it. */
  readonly #lockClasses: number[] = []
  readonly #phaseTexts: number[] = []
  readonly #phaseIds: number[] = []
  readonly #inodes = new Map<number, number>()
  readonly #words = new Map<string, number>()
  /** The kind of the last operation, and its word: mostly the next is of the same. */
  #kind: string | undefined = undefined
  #kindWord = -1
  /** The inode asked for last, and its id. */
  #lastInode = -1
  #lastInodeId = -1
  /** Who runs on each CPU, undefined nobody. */
  readonly #running: (SimTask | undefined)[] = []
  /** The task whose trylock has not been answered yet. */
  #trying: SimTask | undefined

  constructor({ builder, phases }: RecorderOptions) {
    this.builder = builder
    this.spans = new SpanBuilder(builder)
    // A run with no wait in it is a run where nobody waited.
    this.#state = this.spans.state
    this.#state.showsWaits()
    this.#state.limitAsSimulated()
    this.#phases = phases
    this.#names = EVENT_NAMES.map((name) => {
      const bytes = encodeUtf8(name)
      return builder.eventNames.intern(bytes, 0, bytes.length)
    })
  }

  /** The kernel whose clock the events carry: it is made after its sink. */
  attach(clock: Clock): this {
    this.#clock = clock
    return this
  }

  lockAcquire(task: SimTask, lock: SimLock, mode: LockMode, trylock: boolean): void {
    this.#trying = trylock ? task : undefined
    // A trylock is printed only when it has worked (kernel/locking/mutex.c: mutex_trylock).
    if (!trylock) this.#asks(task, lock, mode === 'shared' ? 1 : 0)
  }

  lockContended(task: SimTask, lock: SimLock): void {
    const id = this.#lockEvent(CONTENDED, task, lock, 0)
    this.spans.lockdep.contended(id, this.#locks[lock.id * LOCK + LOCK_CLASS], BEHAVES_AS_LOCK)
  }

  lockAcquired(task: SimTask, lock: SimLock): void {
    if (this.#trying === task) {
      this.#trying = undefined
      this.#asks(task, lock, task.held[task.held.length - 1].mode === 'shared' ? 3 : 2)
    } else this.spans.lockdep.acquired(this.#lockEvent(ACQUIRED, task, lock, 0))
  }

  lockRelease(task: SimTask, lock: SimLock): void {
    this.spans.lockdep.release(this.#lockEvent(RELEASE, task, lock, 0))
  }

  phaseBegin(task: SimTask, phase: number): void {
    this.spans.phases.beginId(this.#phaseEvent(PHASE_BEGIN, task, phase))
  }

  phaseEnd(task: SimTask, phase: number): void {
    this.spans.phases.endId(this.#phaseEvent(PHASE_END, task, phase))
  }

  opBegin(task: SimTask, kind: string, inode: number, offset: number, length: number): void {
    const line = this.#line.clear().text(this.#texts.kind).text(this.#wordOf(kind))
    if (inode >= 0) line.text(this.#texts.inode).number(inode)
    if (offset === offset) line.text(this.#texts.offset).number(offset)
    if (length === length) line.text(this.#texts.length).number(length)
    this.#lineEvent(OP_BEGIN, task)
    const frame = this.spans.ops.push(kind)
    frame.inode = this.#inode(inode)
    frame.offset = offset
    frame.length = length
  }

  opEnd(task: SimTask, result: number): void {
    this.#line.clear().text(this.#texts.result).number(result)
    this.#lineEvent(OP_END, task)
    this.spans.ops.endTop(result)
  }

  switch(cpu: number, previous: SimTask | undefined, next: SimTask | undefined): void {
    const { now } = this.#clock
    const from = previous === undefined ? this.#idleOf(cpu) : this.#taskOf(previous)
    const to = next === undefined ? this.#idleOf(cpu) : this.#taskOf(next)
    this.#running[cpu] = next
    if (next !== undefined) to.cpu = cpu
    const state = this.#stateOf(from, previous)
    const line = this.#line.clear().text(from.previous).text(this.#word(STATE_WORDS[state])).text(to.next)
    this.builder.event(now, cpu, from.task, this.#names[SWITCH], line.bytes, 0, line.length)
    this.#state.on(from.track, now, cpu, CONTEXT_TASK)
    this.spans.sched.switched(from.track, state, to.track)
  }

  /** A timer or a device wakes from an interrupt, on the CPU the task ran on last. */
  wakeup(task: SimTask, by: SimTask | undefined): void {
    const { now } = this.#clock
    const woken = this.#taskOf(task)
    const cpu = by === undefined ? woken.cpu : this.#taskOf(by).cpu
    const waker = by ?? this.#running[cpu]
    const source = waker === undefined ? this.#idleOf(cpu) : this.#taskOf(waker)
    const line = this.#line.clear().text(woken.woken).number(woken.cpu)
    const context = by === undefined ? CONTEXT_HARDIRQ : CONTEXT_TASK
    this.builder.event(now, cpu, source.task, this.#names[WAKING], line.bytes, 0, line.length, context)
    this.#state.on(source.track, now, cpu, context)
    this.spans.sched.woken(woken.track, true, false)
  }

  finding(task: SimTask | undefined, invariant: string): void {
    const source = task ?? this.#running.find((running) => running !== undefined)
    this.#line.clear().text(this.#word(invariant))
    if (source !== undefined) this.#lineEvent(VIOLATION, source)
  }

  /** The run is over. What was violated becomes diagnostics and annotations; open spans have no known end. */
  finish(meta: RunMeta, found: Findings): void {
    const { builder } = this
    for (const finding of found.findings) this.#note(finding)
    for (const [invariant, count] of found.findingCounts) {
      const noted = found.findings.filter((finding) => finding.invariant === invariant).length
      if (count > noted) builder.diagnose('error', invariant, `${invariant} was violated`, undefined, count - noted)
    }
    Object.assign(builder.meta, { ...meta, clock: 'sim', lostEvents: 0 })
    this.spans.end()
    builder.end()
  }

  #note({ invariant, message, at, task }: Finding): void {
    const who = message.includes(task.comm) ? '' : `${task.comm}: `
    this.builder.diagnose('error', invariant, `at ${at} ns: ${who}${message}`)
    this.builder.annotate({ kind: 'violation', startNs: at, endNs: undefined, text: `${invariant}: ${who}${message}` })
  }

  #asks(task: SimTask, lock: SimLock, how: number): void {
    const id = this.#lockEvent(ACQUIRE, task, lock, how)
    this.spans.lockdep.acquire(id, this.#locks[lock.id * LOCK + LOCK_CLASS], BEHAVES_AS_LOCK, HOW[how])
  }

  /** Returns the lock's id in the trace. */
  #lockEvent(code: number, task: SimTask, lock: SimLock, how: number): number {
    const at = lock.id * LOCK
    if (at >= this.#locks.length || this.#locks[at] === NONE) this.#newLock(lock)
    let text = this.#locks[at + LOCK_TEXTS + how]
    if (text === NONE) text = this.#locks[at + LOCK_TEXTS + how] = this.#lockText(lock, how)
    this.#event(code, task, text)
    return this.#locks[at]
  }

  /** Returns the id of the phase's name. */
  #phaseEvent(code: number, task: SimTask, phase: number): number {
    let text = this.#phaseTexts[phase]
    if (text === undefined) {
      text = this.#phaseTexts[phase] = this.#arena.add(`name=${this.#phases[phase]}`)
      this.#phaseIds[phase] = this.builder.phaseNames.id(this.#phases[phase])
    }
    this.#event(code, task, text)
    return this.#phaseIds[phase]
  }

  /** An event whose payload is a text of the arena; spans are told next. */
  #event(code: number, task: SimTask, text: number): void {
    const { now } = this.#clock
    const ids = this.#tasks[task.id] ?? this.#newTask(task)
    const arena = this.#arena
    this.builder.event(now, ids.cpu, ids.task, this.#names[code], arena.bytes, arena.from[text], arena.to[text])
    this.#state.on(ids.track, now, ids.cpu, CONTEXT_TASK)
  }

  /** An event whose payload is the line. */
  #lineEvent(code: number, task: SimTask): void {
    const { now } = this.#clock
    const ids = this.#taskOf(task)
    this.builder.event(now, ids.cpu, ids.task, this.#names[code], this.#line.bytes, 0, this.#line.length)
    this.#state.on(ids.track, now, ids.cpu, CONTEXT_TASK)
  }

  #lockText({ id, classNumber }: SimLock, how: number): number {
    return this.#arena.addAddressed(id, this.#lockClasses[classNumber * LOCK + LOCK_TEXTS + how])
  }

  #newLock(lock: SimLock): void {
    const { id, classNumber } = lock
    const at = id * LOCK
    if (at >= this.#locks.length) this.#roomForLocks(at + LOCK)
    const known = this.#lockClasses.length > classNumber * LOCK ? this.#lockClasses[classNumber * LOCK] : NONE
    const lockClass = known === NONE ? this.#newClass(lock) : known
    const inode = this.#inode(lock.inode)
    this.#locks[at] = this.builder.newLock({ lockClass, address: addressOf(id), label: undefined, inode })
    this.#locks[at + LOCK_CLASS] = lockClass
  }

  #roomForLocks(least: number): void {
    const next = new Int32Array(Math.max(this.#locks.length * 2, least, 64 * LOCK)).fill(NONE)
    next.set(this.#locks)
    this.#locks = next
  }

  #newClass({ className, classNumber, spec }: SimLock): number {
    const at = classNumber * LOCK
    while (this.#lockClasses.length < at + LOCK) this.#lockClasses.push(NONE)
    HOW_WORDS.forEach((word, how) => {
      this.#lockClasses[at + LOCK_TEXTS + how] = this.#arena.add(`${word}${className}`)
    })
    return (this.#lockClasses[at] = this.builder.lockClass(className, spec.kind))
  }

  #taskOf(task: SimTask): TaskIds {
    return this.#tasks[task.id] ?? this.#newTask(task)
  }

  #newTask({ id, pid, comm }: SimTask): TaskIds {
    return (this.#tasks[id] = this.#named(this.builder.task(pid, 0), pid, comm))
  }

  #idleOf(cpu: number): TaskIds {
    const known = this.#idle[cpu]
    if (known !== undefined) return known
    const ids = this.#named(this.builder.task(0, cpu), 0, `swapper/${cpu}`)
    ids.cpu = cpu
    return (this.#idle[cpu] = ids)
  }

  #named(task: number, pid: number, comm: string): TaskIds {
    if (pid !== 0) this.builder.nameTask(task, comm)
    return {
      task,
      track: this.#state.trackOf(task),
      previous: this.#arena.add(`prev_comm=${comm} prev_pid=${pid} prev_prio=${PRIORITY} prev_state=`),
      next: this.#arena.add(` ==> next_comm=${comm} next_pid=${pid} next_prio=${PRIORITY}`),
      woken: this.#arena.add(`comm=${comm} pid=${pid} prio=${PRIORITY} target_cpu=`),
      cpu: 0,
    }
  }

  /** Sleeping inside an operation is waiting for something it needs, as the kernel's uninterruptible sleep. */
  #stateOf({ track }: TaskIds, previous: SimTask | undefined): number {
    if (previous === undefined || previous.state === 'runnable') return PREV_RUNNING
    if (previous.state === 'done') return PREV_DEAD
    const inside = track.depth > 0
    return previous.state === 'blocked' || inside ? PREV_UNINTERRUPTIBLE : PREV_SLEEPING
  }

  #wordOf(kind: string): number {
    if (kind === this.#kind) return this.#kindWord
    this.#kind = kind
    return (this.#kindWord = this.#word(kind))
  }

  #inode(inode: number): number {
    if (inode < 0 || inode === this.#lastInode) return inode < 0 ? -1 : this.#lastInodeId
    this.#lastInode = inode
    return (this.#lastInodeId = this.#inodeId(inode))
  }

  #inodeId(inode: number): number {
    let id = this.#inodes.get(inode)
    if (id === undefined) this.#inodes.set(inode, (id = this.builder.inodes.id(`${DEVICE}:${inode}`)))
    return id
  }

  #word(text: string): number {
    let id = this.#words.get(text)
    if (id === undefined) this.#words.set(text, (id = this.#arena.add(text)))
    return id
  }
}

/** By PREV_*. */
const STATE_WORDS = ['R', 'S', 'D', 'X']
