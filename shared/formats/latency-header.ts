/**
 * The header of the latency tracers and of every trace in latency-format: which kernel, how many CPUs and events, and for
 * irqsoff, preemptoff, preemptirqsoff, wakeup, wakeup_rt and wakeup_dl the worst latency they found, whose it was, and
 * between which functions.
 *
 *     # irqsoff latency trace v1.1.5 on 3.8.0-test+
 *     # latency: 16 us, #4/4, CPU#0 | (M:preempt VP:0, KP:0, SP:0 HP:0 #P:4)
 *     #    | task: swapper/0-0 (uid:0 nice:0 policy:0 rt_prio:0)
 *     #  => started at: run_timer_softirq
 *     #  => ended at:   run_timer_softirq
 *
 * The latency becomes a mark over the trace's end, since that is where these tracers stop (kernel/trace/trace_irqsoff.c,
 * trace_sched_wakeup.c; the layout is print_trace_header of kernel/trace/trace.c).
 */

import { LATENCY_SUMMARY } from '../model/diagnostics.ts'
import type { Recorder } from '../spans/recorder.ts'

/** What was late, by tracer. */
const WHAT: Readonly<Record<string, string>> = {
  irqsoff: 'interrupts were off',
  preemptoff: 'preemption was off',
  preemptirqsoff: 'preemption or interrupts were off',
  wakeup: 'a woken task waited for its CPU',
  wakeup_rt: 'a woken real-time task waited for its CPU',
  wakeup_dl: 'a woken deadline task waited for its CPU',
}

export class LatencyHeader {
  cpus: number | undefined
  kernel: string | undefined
  lost: number | undefined
  readonly #recorder: Recorder
  #tracer = ''
  #latencyUs = 0
  #task = ''
  #started = ''
  #ended = ''
  #line = 0

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  /** A line that begins with `#`. */
  line(text: string, number: number): void {
    const kernel = /^# (\S+) latency trace v\S+ on (\S+)/.exec(text)
    if (kernel !== null) {
      this.#tracer = kernel[1]
      this.kernel = kernel[2]
      return
    }
    const cpus = /#P:(\d+)/.exec(text)
    if (cpus !== null) this.cpus = Math.max(this.cpus ?? 0, Number(cpus[1]))
    const latency = /^# latency: (\d+) us, #(\d+)\/(\d+)/.exec(text)
    if (latency !== null) {
      this.#latencyUs = Number(latency[1])
      this.#line = number
    }
    const entries = latency ?? /entries-in-buffer\/entries-written: ()(\d+)\/(\d+)/.exec(text)
    if (entries !== null) this.lost = (this.lost ?? 0) + Math.max(0, Number(entries[3]) - Number(entries[2]))
    this.#task = /\| task: (.*)$/.exec(text)?.[1] ?? this.#task
    this.#started = /=> started at: *(.*)$/.exec(text)?.[1].trim() ?? this.#started
    this.#ended = /=> ended at: *(.*)$/.exec(text)?.[1].trim() ?? this.#ended
  }

  /** After the last event: what the tracer found, as a remark and, where the trace has times, as a mark over it. */
  end(timesInferred: boolean): void {
    if (!Object.hasOwn(WHAT, this.#tracer) || this.#latencyUs === 0) return
    const { builder } = this.#recorder
    const between = this.#started === '' ? '' : `, from ${this.#started} to ${this.#ended}`
    const text = `${this.#tracer}: ${WHAT[this.#tracer]} for ${this.#latencyUs} us (task ${this.#task}${between})`
    builder.diagnose('info', LATENCY_SUMMARY, text, this.#line)
    if (timesInferred) return
    const endNs = builder.lastNs
    builder.annotate({ kind: 'latency', startNs: Math.max(0, endNs - this.#latencyUs * 1000), endNs, text })
  }
}
