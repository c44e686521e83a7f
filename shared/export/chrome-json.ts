/**
 * A trace as Chrome trace JSON (the "Trace Event Format"), object form, one event per line: names and order of processes and
 * threads, every raw event as an instant under its CPU, and the layout of tracks.ts as complete events, flows and counters.
 * Times are microseconds with three decimals, exact. Faultline reads the raw events again and makes its spans from them;
 * what it drew for others it passes over.
 *
 * Not in it: bytes of a payload that are no UTF-8, spans of a cut that begin before it (on the way back), and the clock's
 * own zero where its readings are too large for the numbers JSON readers have.
 */

import { decodeUtf8, encodeUtf8 } from '../base/bytes.ts'
import { CARRIED_KEY, carriedMeta } from '../formats/carried-meta.ts'
import { EVENT_CATEGORY } from '../formats/own-chrome-events.ts'
import type { EventChunk, Ns, Trace } from '../model/trace.ts'
import type { ByteOut } from './out.ts'
import { eventPlace, placeOf, processes, processNames, taskPlace, type Place } from './places.ts'
import type { Args } from './span-args.ts'
import { layOut, type Track, type TrackSink } from './tracks.ts'
import type { Slice } from './slice.ts'
import { ROWS_PER_STEP, type Exported } from './writer.ts'

export function* writeChromeJson(source: Exported, out: ByteOut): Generator<number, void, void> {
  const { trace, events, window } = source
  const json = new Json(trace, out)
  json.begin()
  let rows = 0
  for (const chunk of events()) {
    for (let row = 0; row < chunk.length; row++) {
      if (chunk.ts[row] < window.from || chunk.ts[row] >= window.to) continue
      json.event(chunk, row)
      if (++rows % ROWS_PER_STEP === 0) yield ROWS_PER_STEP
    }
  }
  yield rows % ROWS_PER_STEP
  yield* layOut(source, json)
  out.text('\n]}\n')
}

class Json implements TrackSink {
  readonly #trace: Trace
  readonly #out: ByteOut
  readonly #base: Ns
  /** Made at first sight: the beginning of an event's line by its name, its end by its task. */
  readonly #names: (Uint8Array | undefined)[] = []
  readonly #places: string[] = []
  /** CPUs whose lines of events have their names. */
  readonly #cpus = new Set<number>()
  #first = true
  #place: Place = { pid: 0, tid: 0 }
  #counter = ''

  constructor(trace: Trace, out: ByteOut) {
    this.#trace = trace
    this.#out = out
    const start = BigInt(trace.meta.startClock)
    // Beyond this a double has no nanoseconds left.
    this.#base = start >= 0n && start <= 4_000_000_000_000_000n ? Number(start) : 0
  }

  begin(): void {
    const trace = this.#trace
    const other = { [CARRIED_KEY]: carriedMeta(trace), producer: 'Faultline', zeroNs: String(this.#base) }
    this.#out.text(`{"displayTimeUnit":"ns","otherData":${JSON.stringify(other)},\n"traceEvents":[`)
    for (const [pid, name] of processNames(trace)) this.#named('process_name', { pid, tid: 0 }, name)
    for (const [pid, name] of Object.entries(processes)) this.#named('process_name', { pid: Number(pid), tid: 0 }, name)
    trace.tasks.forEach(({ comm }, task) => this.#named('thread_name', taskPlace(trace, task), comm))
    const cpus = trace.meta.cpus ?? 0
    for (let cpu = 0; cpu < cpus; cpu++) this.#cpu(cpu)
  }

  /** Not every trace says how many CPUs there were: one is named when an event is seen on it. */
  #cpu(cpu: number): void {
    if (this.#cpus.has(cpu)) return
    this.#cpus.add(cpu)
    this.#named('thread_name', eventPlace(cpu), cpu < 0 ? 'CPU not known' : `CPU ${cpu}`)
  }

  event(chunk: EventChunk, row: number): void {
    const out = this.#out
    this.#cpu(chunk.cpu[row])
    this.#comma()
    const name = chunk.name[row]
    const text = () =>
      `{"ph":"i","s":"t","cat":"${EVENT_CATEGORY}","name":${JSON.stringify(this.#trace.eventNames[name])},"pid":`
    out.copy((this.#names[name] ??= encodeUtf8(text())))
    const { pid, tid } = eventPlace(chunk.cpu[row])
    out.number(pid).text(',"tid":').number(tid).text(',"ts":')
    this.#time(chunk.ts[row])
    const task = chunk.task[row]
    out.text((this.#places[task] ??= this.#owner(task)))
    if (chunk.flags !== undefined && chunk.flags[row] !== 0) out.text(',"flags":').number(chunk.flags[row])
    out.text(',"payload":')
    this.#payload(chunk, row)
    if (chunk.stack[row] >= 0) out.text(`,"stack":${JSON.stringify(this.#trace.stacks[chunk.stack[row]])}`)
    out.text('}}')
  }

  #owner(task: number): string {
    const { pid, tgid, comm } = this.#trace.tasks[task]
    // Idle tasks share a number: each carries its own name.
    const idle = pid === 0 && comm !== '<idle>' ? `,"comm":${JSON.stringify(comm)}` : ''
    return `,"args":{"task":${pid}${tgid === undefined ? '' : `,"group":${tgid}`}${idle}`
  }

  track(track: Track): void {
    this.#place = placeOf(this.#trace, track)
    this.#counter = track.name
    if (track.kind === 'thread' || track.kind === 'counter') return
    this.#named('thread_name', this.#place, track.name)
    if (track.kind === 'locks') this.#sorted(track)
  }

  /** A task's locks stand right behind it. */
  #sorted({ task }: Track): void {
    const { pid, tid } = taskPlace(this.#trace, task)
    this.#meta('thread_sort_index', { pid, tid }, `"sort_index":${task * 2}`)
    this.#meta('thread_sort_index', this.#place, `"sort_index":${task * 2 + 1}`)
  }

  slice({ category, row, name, start, end }: Slice, args: Args, leaving: readonly number[]): void {
    const out = this.#out
    this.#line(`"ph":"X","cat":"${category}","name":${JSON.stringify(name)}`, start)
    out.text(',"dur":')
    this.#micros(end - start)
    const shown = { ...args, ...(category === 'op' ? { op: row } : category === 'running' ? {} : { span: row }) }
    out.text(`,"args":${JSON.stringify(shown)}}`)
    for (const edge of leaving) {
      this.#line(`"ph":"s","cat":"waits","name":"waits","id":${edge + 1}`, start)
      out.text('}')
    }
  }

  arrives(edge: number, at: Ns): void {
    this.#line(`"ph":"f","bp":"e","cat":"waits","name":"waits","id":${edge + 1}`, at)
    this.#out.text('}')
  }

  counter(at: Ns, value: number): void {
    this.#line(`"ph":"C","name":${JSON.stringify(this.#counter)}`, at)
    this.#out.text(`,"args":{"tasks":${value}}}`)
  }

  done(): void {
    // Nothing is open: complete events carry their lengths.
  }

  /** An event of the current track up to its time. */
  #line(what: string, at: Ns): void {
    this.#comma()
    const { pid, tid } = this.#place
    this.#out.text(`{${what},"pid":${pid},"tid":${tid},"ts":`)
    this.#time(at)
  }

  #named(what: string, place: Place, name: string): void {
    this.#meta(what, place, `"name":${JSON.stringify(name)}`)
  }

  #meta(what: string, { pid, tid }: Place, args: string): void {
    this.#comma()
    this.#out.text(`{"ph":"M","name":"${what}","pid":${pid},"tid":${tid},"args":{${args}}}`)
  }

  #comma(): void {
    this.#out.text(this.#first ? '\n' : ',\n')
    this.#first = false
  }

  #time(at: Ns): void {
    this.#micros(this.#base + at)
  }

  #micros(ns: Ns): void {
    const micros = Math.floor(ns / 1000)
    this.#out
      .number(micros)
      .byte(46)
      .number(ns - micros * 1000, 3)
  }

  /** A payload as a JSON string; most are plain ASCII and are copied. */
  #payload({ args, argsEnd }: EventChunk, row: number): void {
    const out = this.#out
    const from = row === 0 ? 0 : argsEnd[row - 1]
    const to = argsEnd[row]
    for (let i = from; i < to; i++) {
      const byte = args[i]
      if (byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c) continue
      out.text(JSON.stringify(decodeUtf8(args, from, to)))
      return
    }
    out.byte(0x22).copy(args, from, to).byte(0x22)
  }
}
