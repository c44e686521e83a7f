/**
 * A trace as a Perfetto protobuf trace: raw events as ftrace packets (scheduling events as Perfetto's own, so that CPUs and
 * thread states are drawn; all others with their name and fields), and the layout of tracks.ts as track events with interned
 * names, counters, and arrows from waits to the holds in their way. Field numbers: perfetto/trace/*.proto.
 *
 * Not in it: sched_* payloads of other tools' spelling are in the kernel's afterwards, names of idle tasks that are not
 * `swapper/N`, spans of a cut that begin before it (on the way back), payload bytes that are no UTF-8.
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { CARRIED_KEY, carriedMeta } from '../formats/carried-meta.ts'
import { eventArgs } from '../formats/event-args.ts'
import { GENERIC } from '../formats/perfetto/ftrace-events.ts'
import { stateNumber } from '../formats/perfetto/ftrace-text.ts'
import { BEFORE, STACK, noCpu } from '../formats/perfetto/own.ts'
import { EVENT_AFTER_LOSS, EVENT_CONTEXT } from '../model/kinds.ts'
import type { EventChunk, Trace } from '../model/trace.ts'
import type { ByteOut } from './out.ts'
import { processNames, taskPlace } from './places.ts'
import { PerfettoTracks } from './perfetto-tracks.ts'
import { ProtoOut } from './proto-out.ts'
import { layOut } from './tracks.ts'
import { ROWS_PER_STEP, type Exported } from './writer.ts'

const PACKET = 1
/** Sequence of what comes from the kernel; tracks have another. */
const FTRACE_SEQUENCE = 1
const BOOTTIME = 6
const MONOTONIC = 3
const REALTIME = 1
/** Bytes of a bundle after which another begins. */
const BUNDLE = 32 * 1024
/** TRACE_FLAG_* of include/linux/trace_events.h by CONTEXT_*. */
const CONTEXT_BITS = [0, 0x10, 0x08, 0x40]

export function* writePerfetto(source: Exported, out: ByteOut): Generator<number, void, void> {
  const { trace, events, window } = source
  const ftrace = new FtracePackets(trace, out)
  ftrace.begin()
  let rows = 0
  for (const chunk of events()) {
    for (let row = 0; row < chunk.length; row++) {
      if (chunk.ts[row] < window.from || chunk.ts[row] >= window.to) continue
      ftrace.event(chunk, row)
      if (++rows % ROWS_PER_STEP === 0) {
        ftrace.close()
        yield ROWS_PER_STEP
      }
    }
  }
  ftrace.close()
  yield rows % ROWS_PER_STEP
  const tracks = new PerfettoTracks(trace, out, ftrace.start)
  tracks.begin()
  yield* layOut(source, tracks)
}

class FtracePackets {
  readonly #trace: Trace
  readonly #out: ByteOut
  readonly #proto: ProtoOut
  /** The trace clock's reading at 0. */
  readonly start: bigint
  readonly #noCpu: number
  /** The bundle that is open: its CPU, and where its messages began. */
  #cpu = -1
  #packet = -1
  #bundle = -1

  constructor(trace: Trace, out: ByteOut) {
    this.#trace = trace
    this.#out = out
    this.#proto = new ProtoOut(out)
    this.#noCpu = noCpu(trace.meta)
    const start = BigInt(trace.meta.startClock)
    this.start = start >= 0n && start < 1n << 62n ? start : 0n
  }

  begin(): void {
    this.#clocks()
    this.#system()
    this.#tasks()
    this.#open(0, false)
    this.#generic(0, { pid: 0, context: 0 }, CARRIED_KEY, [['payload', carriedMeta(this.#trace)]])
  }

  event(chunk: EventChunk, row: number): void {
    const cpu = chunk.cpu[row] < 0 ? this.#noCpu : chunk.cpu[row]
    const flags = chunk.flags === undefined ? 0 : chunk.flags[row]
    const lost = (flags & EVENT_AFTER_LOSS) !== 0
    if (cpu !== this.#cpu || lost || this.#out.length - this.#packet > BUNDLE) this.#open(cpu, lost)
    const from = row === 0 ? 0 : chunk.argsEnd[row - 1]
    const payload = decodeUtf8(chunk.args, from, chunk.argsEnd[row])
    const name = this.#trace.eventNames[chunk.name[row]]
    const { pid } = this.#trace.tasks[chunk.task[row]]
    const who = { pid, context: flags & EVENT_CONTEXT }
    const ts = chunk.ts[row]
    if (flags > EVENT_CONTEXT) this.#generic(ts, who, BEFORE, [['payload', String(flags & ~EVENT_CONTEXT)]])
    if (!this.#own(ts, who, name, payload)) {
      const fields = Object.entries(eventArgs(name, payload))
      this.#generic(ts, who, name, [...fields, ['payload', payload]])
    }
    const stack = chunk.stack[row]
    if (stack >= 0) this.#generic(ts, who, STACK, [['payload', this.#trace.stacks[stack]]])
  }

  close(): void {
    if (this.#packet < 0) return
    this.#proto.end(this.#bundle)
    this.#proto.number(10, FTRACE_SEQUENCE)
    this.#proto.end(this.#packet)
    this.#packet = -1
    this.#cpu = -1
  }

  #open(cpu: number, lost: boolean): void {
    this.close()
    this.#packet = this.#proto.begin(PACKET)
    this.#bundle = this.#proto.begin(1)
    this.#proto.number(1, cpu)
    if (lost) this.#proto.number(3, 1)
    this.#cpu = cpu
  }

  /** What the clocks read at the trace's start, as far as it is known. */
  #clocks(): void {
    const { clock, startUnixNs } = this.#trace.meta
    const proto = this.#proto
    const packet = proto.begin(PACKET)
    const snapshot = proto.begin(6)
    const reading = (id: number, value: bigint) => {
      const one = proto.begin(1)
      proto.number(1, id)
      proto.bigNumber(2, value)
      proto.end(one)
    }
    reading(BOOTTIME, this.start)
    if (clock.startsWith('mono')) reading(MONOTONIC, this.start)
    if (startUnixNs !== undefined) reading(REALTIME, BigInt(startUnixNs))
    proto.number(2, BOOTTIME)
    proto.end(snapshot)
    proto.number(10, FTRACE_SEQUENCE)
    proto.end(packet)
  }

  #system(): void {
    const { kernel } = this.#trace.meta
    if (kernel === undefined) return
    const proto = this.#proto
    const packet = proto.begin(PACKET)
    const info = proto.begin(45)
    const names = proto.begin(1)
    proto.text(1, 'Linux')
    proto.text(3, kernel)
    proto.end(names)
    proto.end(info)
    proto.number(10, FTRACE_SEQUENCE)
    proto.end(packet)
  }

  /**
   * Threads and their names. A thread whose group the trace does not say is one of its own: without any, trace_processor takes it
   * for one of process 0. Processes are those the trace knows.
   */
  #tasks(): void {
    const proto = this.#proto
    const packet = proto.begin(PACKET)
    const tree = proto.begin(2)
    const groups = new Set<number>()
    const names = processNames(this.#trace)
    for (const [task, { pid, tgid, comm }] of this.#trace.tasks.entries()) {
      if (pid === 0) continue
      const group = taskPlace(this.#trace, task).pid
      if (tgid !== undefined && !groups.has(group)) {
        groups.add(group)
        const process = proto.begin(1)
        proto.number(1, group)
        proto.text(3, names.get(group) ?? comm)
        proto.end(process)
      }
      this.#thread(pid, tgid, comm)
    }
    const idle = this.#trace.tasks.find(({ pid }) => pid === 0)
    if (idle?.comm.startsWith('swapper') === true) this.#thread(0, 0, 'swapper')
    proto.end(tree)
    proto.number(10, FTRACE_SEQUENCE)
    proto.end(packet)
  }

  #thread(tid: number, tgid: number | undefined, name: string): void {
    const proto = this.#proto
    const thread = proto.begin(2)
    proto.number(1, tid)
    // A placeholder would stand before the names that scheduling events tell.
    if (name !== '<...>') proto.text(2, name)
    proto.number(3, tgid ?? tid)
    proto.end(thread)
  }

  #head(ts: number, { pid, context }: { readonly pid: number; readonly context: number }): number {
    const proto = this.#proto
    const event = proto.begin(2)
    if (this.start === 0n) proto.number(1, ts)
    else proto.bigNumber(1, this.start + BigInt(ts))
    proto.number(2, pid)
    if (context !== 0) proto.number(5, CONTEXT_BITS[context])
    return event
  }

  #generic(
    ts: number,
    who: { readonly pid: number; readonly context: number },
    name: string,
    fields: readonly (readonly [string, string | number])[],
  ): void {
    const proto = this.#proto
    const event = this.#head(ts, who)
    const generic = proto.begin(GENERIC)
    proto.text(1, name)
    for (const [key, value] of fields) {
      const field = proto.begin(2)
      proto.text(1, key)
      if (typeof value === 'string') proto.text(3, value)
      else if (Number.isInteger(value)) proto.number(4, value)
      else proto.text(3, String(value))
      proto.end(field)
    }
    proto.end(generic)
    proto.end(event)
  }

  /** Events Perfetto has a message of its own for. False: not this one. */
  #own(ts: number, who: { readonly pid: number; readonly context: number }, name: string, payload: string): boolean {
    if (name === 'sched_switch') return this.#switch(ts, who, payload)
    const number = WAKINGS[name]
    if (number !== undefined) return this.#waking(number, { ts, who, name, payload })
    if (name !== 'tracing_mark_write' || payload === '' || payload.trim() !== payload) return false
    const event = this.#head(ts, who)
    const print = this.#proto.begin(3)
    this.#proto.text(2, payload)
    this.#proto.end(print)
    this.#proto.end(event)
    return true
  }

  #switch(ts: number, who: { readonly pid: number; readonly context: number }, payload: string): boolean {
    const args = eventArgs('sched_switch', payload)
    const state = stateNumber(String(args['prev_state'] ?? ''))
    const numbers = [args['prev_pid'], args['prev_prio'], args['next_pid'], args['next_prio']]
    if (state === undefined || !numbers.every((value) => typeof value === 'number')) return false
    const proto = this.#proto
    const event = this.#head(ts, who)
    const message = proto.begin(4)
    proto.text(1, String(args['prev_comm'] ?? ''))
    proto.number(2, Number(args['prev_pid']))
    proto.number(3, Number(args['prev_prio']))
    proto.number(4, state)
    proto.text(5, String(args['next_comm'] ?? ''))
    proto.number(6, Number(args['next_pid']))
    proto.number(7, Number(args['next_prio']))
    proto.end(message)
    proto.end(event)
    return true
  }

  #waking(
    number: number,
    event: { ts: number; who: { pid: number; context: number }; name: string; payload: string },
  ): boolean {
    const args = eventArgs(event.name, event.payload)
    const cpu = Number(args['target_cpu'])
    if (typeof args['pid'] !== 'number' || typeof args['prio'] !== 'number' || !Number.isInteger(cpu)) return false
    const proto = this.#proto
    const head = this.#head(event.ts, event.who)
    const message = proto.begin(number)
    proto.text(1, String(args['comm'] ?? ''))
    proto.number(2, args['pid'])
    proto.number(3, args['prio'])
    proto.number(4, 1)
    proto.number(5, cpu)
    proto.end(message)
    proto.end(head)
    return true
  }
}

const WAKINGS: Readonly<Record<string, number | undefined>> = {
  sched_wakeup: 17,
  sched_waking: 20,
  sched_wakeup_new: 114,
}
