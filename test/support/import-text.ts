/**
 * Text to a whole trace, spans included, with the real reader, recorder and builder; assertTrace has run on what it gives.
 * `lines` writes hand-made events the short way: `at(US, PID, 'event: body')` with the task's name and CPU optional.
 */

import { assertTrace } from '#shared/model/check.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { EventChunk, Trace } from '#shared/model/trace.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { textReaders, type TextFormat } from './read-text.ts'

export interface Imported {
  readonly trace: Trace
  readonly chunks: readonly EventChunk[]
  /** The clock's reading at time 0, in ns. */
  readonly startNs: number
}

export function importText(bytes: Uint8Array, format: TextFormat = 'ftrace'): Imported {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', format))
  const reader = textReaders[format](recorder)
  reader.push(bytes)
  reader.end()
  recorder.end()
  const trace = collector.trace()
  assertTrace(trace)
  return { trace, chunks: collector.chunks, startNs: Number(trace.meta.startClock) }
}

export interface Where {
  readonly comm?: string
  readonly cpu?: number
  /** The third flag column: h hard interrupt, s softirq. */
  readonly irq?: string
}

/** One line of tracefs text, `us` microseconds after second 100. */
export function at(us: number, pid: number, body: string, where: Where = {}): string {
  const comm = where.comm ?? (pid === 0 ? '<idle>' : `task${pid}`)
  const cpu = String(where.cpu ?? 0).padStart(3, '0')
  const micros = String(us % 1_000_000).padStart(6, '0')
  const seconds = 100 + Math.floor(us / 1_000_000)
  return `${`${comm}-${pid}`.padStart(22)}  [${cpu}] ..${where.irq ?? '.'}..   ${seconds}.${micros}: ${body}`
}

/** A trace of hand-made lines. */
export function traceOf(...lines: readonly string[]): Trace {
  return importText(new TextEncoder().encode(`# tracer: nop\n#\n${lines.join('\n')}\n`)).trace
}

export interface OpView {
  readonly id: number
  readonly pid: number
  readonly kind: string
  readonly startNs: number
  readonly endNs: number
  readonly waitNs: number
  readonly inode: string | undefined
  readonly offset: number
  readonly length: number
  readonly result: number
  readonly inferred: boolean
}

export function opsOf(trace: Trace): OpView[] {
  const { length, cols } = trace.op
  return Array.from({ length }, (_, id) => ({
    id,
    pid: trace.tasks[cols.task[id]].pid,
    kind: trace.opKinds[cols.kind[id]],
    startNs: cols.startNs[id],
    endNs: cols.startNs[id] + cols.durationNs[id],
    waitNs: cols.waitNs[id],
    inode: trace.inodes[cols.inode[id]],
    offset: cols.offset[id],
    length: cols.length[id],
    result: cols.result[id],
    inferred: cols.inferred[id] === 1,
  }))
}

export interface LockView {
  readonly id: number
  readonly pid: number
  readonly class: string
  readonly kind: string
  readonly address: string | undefined
  readonly mode: 'exclusive' | 'shared'
  readonly flags: number
  readonly op: number
  readonly requestedNs: number
  readonly acquiredNs: number
  readonly releasedNs: number
}

export function locksOf(trace: Trace): LockView[] {
  const { length, cols } = trace.lockSpan
  return Array.from({ length }, (_, id) => {
    const lock = trace.locks[cols.lock[id]]
    return {
      id,
      pid: trace.tasks[cols.task[id]].pid,
      class: trace.lockClasses[lock.lockClass].name,
      kind: trace.lockClasses[lock.lockClass].kind,
      address: lock.address,
      mode: cols.mode[id] === 0 ? 'exclusive' : 'shared',
      flags: cols.flags[id],
      op: cols.op[id],
      requestedNs: cols.requestedNs[id],
      acquiredNs: cols.acquiredNs[id],
      releasedNs: cols.releasedNs[id],
    }
  })
}

export interface PhaseView {
  readonly name: string
  readonly op: number
  readonly startNs: number
  readonly endNs: number
  readonly depth: number
}

export function phasesOf(trace: Trace): PhaseView[] {
  const { length, cols } = trace.phase
  return Array.from({ length }, (_, id) => ({
    name: trace.phaseNames[cols.name[id]],
    op: cols.op[id],
    startNs: cols.startNs[id],
    endNs: cols.startNs[id] + cols.durationNs[id],
    depth: cols.depth[id],
  }))
}

export interface EdgeView {
  readonly waiter: number
  readonly holder: number
  readonly overlapNs: number
  readonly phase: string | undefined
  readonly kind: 'holder' | 'queued-writer'
}

export function edgesOf(trace: Trace): EdgeView[] {
  const { length, cols } = trace.waitEdge
  return Array.from({ length }, (_, id) => ({
    waiter: cols.waiter[id],
    holder: cols.holder[id],
    overlapNs: cols.overlapNs[id],
    phase: trace.phaseNames[cols.phase[id]],
    kind: cols.kind[id] === 0 ? 'holder' : 'queued-writer',
  }))
}

/** How often a diagnostic was given. */
export function diagnosed(trace: Trace, code: string): number {
  return trace.diagnostics.find((diagnostic) => diagnostic.code === code)?.count ?? 0
}
