/**
 * sched_switch, sched_waking, sched_wakeup: tracefs and perf print `prev_pid=…`, trace-cmd report prints
 * `comm:pid [prio] S ==> comm:pid [prio]`. Command names may contain almost anything, so both are read from the right.
 * Where records are printed field by field the state is a number.
 */

import type { Decoder } from './decoder.ts'
import { key, type EventFields } from './fields.ts'
import { PREV_DEAD, PREV_RUNNING, PREV_SLEEPING, PREV_UNINTERRUPTIBLE } from './sched.ts'
import type { SpanBuilder } from './span-builder.ts'
import type { TaskTrack } from './track.ts'

const PREV_PID = key('prev_pid')
const PREV_STATE = key('prev_state')
const NEXT_PID = key('next_pid')
const NEXT_COMM = key('next_comm')
const PID = key('pid')
const COMM = key('comm')
/** fs/proc/array.c: task_state_array, the bits of a state field below the one that says preempted. */
const STATE_LETTERS = 'RSDTtXZPI'
const STATE_BITS = 0xff
const BRACKET = 0x5b
const COLON = 0x3a

function switched(spans: SpanBuilder, fields: EventFields): void {
  const nextPid = fields.number(NEXT_PID, true)
  if (nextPid === nextPid) {
    const state = fields.find(PREV_STATE, true)
    const bits = fields.numberAt(state, 10)
    const letter = bits === bits ? letterOf(bits) : fields.bytes[state]
    const next = taskOf(spans, nextPid, fields)
    spans.sched.switched(taskOf(spans, fields.number(PREV_PID, true)), prevState(letter), next)
    return
  }
  // "flwork:9065 [120] D ==> gcc:9048 [125]"
  const { bytes, from, to } = fields
  const arrow = lastArrow(bytes, from, to)
  const nextColon = colonBefore(bytes, to, arrow)
  const prevColon = colonBefore(bytes, arrow, from)
  if (arrow < 0 || nextColon < 0 || prevColon < 0) return
  const prev = taskOf(spans, fields.numberAt(prevColon + 1, 10))
  spans.sched.switched(prev, prevState(stateBefore(bytes, arrow)), taskOf(spans, fields.numberAt(nextColon + 1, 10)))
}

/** The task of a pid in the event; the event's own task where the pid is not readable. */
function taskOf(spans: SpanBuilder, pid: number, fields?: EventFields): TaskTrack {
  if (!(pid >= 0)) return spans.state.track
  const builder = spans.builder
  const task = builder.task(pid, spans.state.cpu)
  if (fields !== undefined && pid > 0 && builder.tasks[task].comm === '<...>') {
    const comm = fields.find(NEXT_COMM, true)
    const end = fields.find(NEXT_PID, true) - NEXT_PID.length - 2
    if (comm >= 0 && end > comm) builder.nameTask(task, fields.text(comm, end))
  }
  return spans.state.trackOf(task)
}

/** 256 is R+: only preempted. */
function letterOf(bits: number): number {
  const lowest = bits & STATE_BITS & -(bits & STATE_BITS)
  return STATE_LETTERS.charCodeAt(lowest === 0 ? 0 : 32 - Math.clz32(lowest))
}

function prevState(letter: number | undefined): number {
  if (letter === 0x52) return PREV_RUNNING // R, R+
  if (letter === 0x44) return PREV_UNINTERRUPTIBLE // D
  if (letter === 0x58 || letter === 0x5a) return PREV_DEAD // X, Z
  return PREV_SLEEPING
}

/** Index of the last " ==> ", -1 none. */
function lastArrow(bytes: Uint8Array, from: number, to: number): number {
  for (let i = to - 5; i >= from; i--) {
    if (bytes[i] === 0x20 && bytes[i + 1] === 0x3d && bytes[i + 2] === 0x3d && bytes[i + 3] === 0x3e) return i
  }
  return -1
}

/** The colon of the last "comm:pid [prio]" that ends before `end`. */
function colonBefore(bytes: Uint8Array, end: number, from: number): number {
  let i = end - 1
  while (i > from && bytes[i] !== BRACKET) i--
  while (i > from && bytes[i] !== COLON) i--
  return i > from ? i : -1
}

function stateBefore(bytes: Uint8Array, arrow: number): number {
  let i = arrow - 1
  while (i > 0 && bytes[i - 1] !== 0x20) i--
  return bytes[i]
}

function woken(waking: boolean): Decoder {
  return (spans, fields) => {
    let pid = fields.number(PID, true)
    if (pid !== pid) {
      const colon = colonBefore(fields.bytes, fields.to, fields.from)
      if (colon < 0) return
      pid = fields.numberAt(colon + 1, 10)
    }
    if (!(pid > 0)) return
    const { state, builder } = spans
    const idle = builder.tasks[state.track.task].pid === 0
    const track = taskOf(spans, pid)
    if (builder.tasks[track.task].comm === '<...>') {
      const comm = fields.find(COMM)
      const end = fields.find(PID, true) - PID.length - 2
      if (comm >= 0 && end > comm) builder.nameTask(track.task, fields.text(comm, end))
    }
    spans.sched.woken(track, waking, idle)
  }
}

export const schedDecoders: Readonly<Record<string, Decoder>> = {
  sched_switch: switched,
  sched_waking: woken(true),
  sched_wakeup: woken(false),
  sched_wakeup_new: woken(false),
}
