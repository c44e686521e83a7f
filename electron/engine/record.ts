/**
 * The job that records: an instance of the kernel's tracing with the events of a question and the call stacks of waits, the
 * command let go inside its filter, buffers emptied while it runs, then a trace.dat, then its import. Whatever ends it (the
 * command, the time, stop, a full disk, a mistake, cancelling), the instance is removed; what was read before a stop becomes the
 * trace.
 */

import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { ParsedParams } from '#shared/contract/methods.ts'
import type { RecordResult } from '#shared/contract/record.ts'
import { Buffers, type Counts } from '../record/buffers.ts'
import { refuseMissing } from '../record/command.ts'
import { chooseEvents, isThere, tracepointsOf, type Chosen } from '../record/events.ts'
import { Instance, WAIT } from '../record/instance.ts'
import { TaskNames, runningTasks, seesWholeMachine } from '../record/task-names.ts'
import { writeTraceDat, type DatSource } from '../record/trace-dat.ts'
import { findTracefs, type Tracefs } from '../record/tracefs.ts'
import { Workload, type Ended } from '../record/workload.ts'
import { explain } from '../store/database.ts'
import { Draft, refuseUnwritable, workFolder } from '../store/draft.ts'
import { importTrace } from './import.ts'
import type { JobContext } from './job-context.ts'

/** How often buffers are emptied. Half-filled pages take a page each, so not more often than needed. */
const DRAIN_MS = 25
/** Default buffers: a share of what memory is free, all CPUs together. */
const MEMORY_SHARE = 0.1
const BUFFER_KIB = 64 * 1024
/** The kernel's page, and so the sub-buffer's: `buffer_subbuf_size_kb` of a new instance is one page. */
const KIB = 1024

export interface RecordOptions extends JobContext {
  readonly what: Omit<ParsedParams<'record.run'>, 'out' | 'raw'>
  readonly out: string
  readonly raw: string | undefined
  /** Not 0: end the recording and import it. */
  readonly stop: Int32Array
}

export async function recordJob(options: RecordOptions): Promise<Omit<RecordResult, 'opened'>> {
  const { what, out, raw, signal, onProgress } = options
  const tracefs = findTracefs()
  const chosen = chooseEvents(tracepointsOf(tracefs), what.events)
  refuse(options)
  const folder = workFolder(out)
  const instance = new Instance(tracefs, folder)
  try {
    makeFolder(folder, out)
    instance.make()
    const recorded = await record({ tracefs, instance, chosen, folder }, options)
    if (signal.aborted) throw new ApiError('cancelled', 'the recording was cancelled')
    const { files, clock, names, page, stats, ...facts } = recorded
    const tracepoints = chosen.tracepoints.filter((tracepoint) => isThere(tracefs, tracepoint))
    const source = { tracefs, clock, tracepoints, names, cpus: files, page, stats }
    const kept = raw === undefined ? null : keep(source, raw, what.force, facts.notes)
    const dat = kept ?? join(folder, 'trace.dat')
    if (kept === null) write(dat, source, out)
    for (const { path } of files) rmSync(path)
    const importing = { source: dat, name: basename(out, '.faultline'), out, format: 'trace-dat', force: what.force }
    const imported = await importTrace({ ...importing, signal, onProgress }).catch((error: unknown) => {
      throw kept === null ? error : withKept(error, kept)
    })
    return {
      file: out,
      raw: kept,
      ...facts,
      events: imported.events,
      sets: chosen.sets,
      tracepoints: chosen.tracepoints.length,
      imported,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    instance.release()
  }
}

/** What can be known to fail is refused before anything is set up. */
function refuse({ what, out, raw }: RecordOptions): void {
  const { command, cwd, allTasks } = what
  if (raw !== undefined && resolve(raw) === resolve(out)) {
    throw new ApiError(
      'bad-request',
      `${basename(out)} cannot be both the recording and its import`,
      'give --raw another name',
    )
  }
  for (const path of [out, raw]) if (path !== undefined) refuseUnwritable(path, what)
  if (command.length === 0) return
  refuseMissing(command[0], cwd)
  if (!allTasks && !seesWholeMachine()) {
    throw new ApiError(
      'unsupported',
      "this process is in a PID namespace of its own (a container): the kernel's filter goes by the numbers of the whole machine",
      'record every task (--all-tasks), or run it in the PID namespace of the host',
    )
  }
}

/** The recording under the name its user wants it, or null and a note why not: it is imported all the same. */
function keep(source: DatSource, raw: string, force: boolean, notes: string[]): string | null {
  const draft = new Draft(raw)
  try {
    write(draft.path, source, raw)
    draft.commit({ force })
    return raw
  } catch (error) {
    draft.discard()
    notes.push(`the recording itself is not kept: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

function write(path: string, source: DatSource, out: string): void {
  try {
    writeTraceDat(path, source)
  } catch (error) {
    throw explain(error, out)
  }
}

function withKept(error: unknown, kept: string): unknown {
  if (!(error instanceof ApiError)) return error
  const advice = `import what was recorded again: faultline import ${kept}`
  return new ApiError(error.code, error.message, error.hint === undefined ? advice : `${error.hint}; ${advice}`)
}

function makeFolder(folder: string, out: string): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    throw explain(error, out)
  }
}

interface Place {
  readonly tracefs: Tracefs
  readonly instance: Instance
  readonly chosen: Chosen
  readonly folder: string
}

async function record({ tracefs, instance, chosen, folder }: Place, options: RecordOptions) {
  const { what } = options
  const notes: string[] = []
  let buffers: Buffers | undefined
  let workload: Workload | undefined
  try {
    const bufferKiB = setUp(instance, chosen, what, notes)
    const page = pageBytes(instance)
    const names = new TaskNames(tracefs)
    if (what.command.length > 0) {
      const env = { FAULTLINE_TRACE_MARKER: join(instance.path, 'trace_marker') }
      workload = new Workload(what.command, { output: what.output, cwd: what.cwd, env })
      if (!what.allTasks) onlyFor(instance, workload.pid, chosen)
    }
    buffers = new Buffers(instance.path, folder, page)
    instance.set('tracing_on', '1')
    instance.trySet('trace_marker', `faultline: recording begins: ${what.command.join(' ')}`.slice(0, 1000))
    const started = performance.now()
    workload?.start()
    const { exit, full } = await untilOver({ buffers, workload, names, started, out: options.out }, options)
    if (instance.read('tracing_on').trim() === '0') {
      notes.push('somebody switched the tracing off before the end: what happened after that is not in the trace')
    }
    instance.trySet('trace_marker', 'faultline: recording ends')
    instance.set('tracing_on', '0')
    const seconds = (performance.now() - started) / 1000
    if (full === undefined) buffers.drainAll()
    else notes.push(`the recording ended early: ${full}`)
    const counts = buffers.counts()
    const { files, stats } = buffers
    remarks(notes, { tracefs, chosen, counts })
    return {
      ...totals(counts, files),
      files,
      stats,
      clock: instance.read('trace_clock'),
      names: names.end(),
      page,
      bufferKiB,
      seconds,
      exit,
      notes,
    }
  } finally {
    buffers?.close()
    workload?.tellToEnd()
    if (!(await instance.remove())) {
      notes.push(
        'somebody has a file of the tracing instance open: its events are switched off, and it is removed when that is closed',
      )
    }
  }
}

/** Everything but the filter; returns the size of each CPU's buffer. */
function setUp(instance: Instance, { tracepoints }: Chosen, what: RecordOptions['what'], notes: string[]): number {
  instance.set('tracing_on', '0')
  instance.set('trace_clock', 'mono')
  instance.set('buffer_size_kb', String((what.bufferMiB ?? 0) * KIB || defaultBuffer()))
  // Written over, not stopped, when full: a page says what was lost before it, and the newest events are the ones wanted.
  instance.trySet('options/overwrite', '1')
  if (!instance.trySet('options/copy_trace_marker', '1')) {
    notes.push(
      'this kernel keeps trace_marker writes out of instances: a program that writes marks finds ours in FAULTLINE_TRACE_MARKER',
    )
  }
  for (const tracepoint of tracepoints) instance.set(`events/${tracepoint}/enable`, '1')
  // Who asked for a lock is on the stack: of waits alone, since a stack costs as much as twenty events.
  if (tracepoints.includes(WAIT)) instance.trySet(`events/${WAIT}/trigger`, 'stacktrace')
  return Number(/\d+/.exec(instance.read('buffer_size_kb'))?.[0] ?? 0)
}

function defaultBuffer(): number {
  const available = Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0)
  const share = Math.floor((available * MEMORY_SHARE) / availableParallelism())
  return Math.max(1024, Math.min(BUFFER_KIB, share))
}

/** Kernels since 6.8 can have larger sub-buffers; an instance begins with one page. */
function pageBytes(instance: Instance): number {
  try {
    return Number(instance.read('buffer_subbuf_size_kb')) * KIB
  } catch {
    // Before 6.8 it was always a page, and every page of the kernels we know is read in multiples of 4 KiB.
    return 4096
  }
}

/** The command, what it forks, and the kernel's threads that work for a file system: they hold what it waits for. */
function onlyFor(instance: Instance, pid: number, { tracepoints }: Chosen): void {
  instance.set('options/event-fork', '1')
  instance.set('set_event_pid', String(pid))
  const journals = tracepoints.some((name) => /^(jbd2|xfs)\//.test(name))
  if (!journals) return
  for (const { pid: kernel, name } of runningTasks()) {
    if (/^(jbd2\/|xfs|kswapd)|-flush-/.test(name)) instance.set('set_event_pid', `${kernel}\n`, 'a')
  }
}

interface Running {
  readonly buffers: Buffers
  readonly workload: Workload | undefined
  readonly names: TaskNames
  readonly started: number
  readonly out: string
}

interface Over {
  readonly exit: Ended | null
  /** Why nothing more could be written. */
  readonly full?: string
}

/** Empties the buffers until the command ends, the time is up, it is stopped or cancelled, or the disk is full. */
async function untilOver(
  { buffers, workload, names, started, out }: Running,
  { what, signal, stop, onProgress }: RecordOptions,
): Promise<Over> {
  let bytes = 0
  for (;;) {
    try {
      bytes += buffers.drain()
    } catch (error) {
      const why = explain(error, out)
      if (!(why instanceof ApiError)) throw error
      return { exit: null, full: why.message }
    }
    names.tick(performance.now())
    const elapsedMs = Math.round(performance.now() - started)
    const counts = buffers.counts()
    const lost = counts.reduce((sum, one) => sum + one.lost, 0)
    onProgress({
      stage: lost === 0 ? 'recording' : `recording, ${lost} events lost`,
      done: bytes,
      total: null,
      unit: 'bytes',
      events: counts.reduce((sum, { events }) => sum + events, 0),
      elapsedMs,
    })
    if (workload?.over === true) return { exit: await workload.ended }
    if (signal.aborted || Atomics.load(stop, 0) !== 0) return { exit: null }
    if (what.seconds !== undefined && elapsedMs >= what.seconds * 1000) return { exit: null }
    if (bytes > limits.recordBytes) return { exit: null }
    await sleep(DRAIN_MS)
  }
}

function totals(counts: readonly Counts[], files: readonly { readonly bytes: number }[]) {
  const sum = (of: (one: Counts) => number) => counts.reduce((total, one) => total + of(one), 0)
  return {
    records: sum(({ events }) => events),
    lost: sum(({ lost }) => lost),
    lostPerCpu: counts.filter(({ lost }) => lost > 0).map(({ cpu, lost }) => ({ cpu, lost })),
    bytes: files.reduce((total, { bytes }) => total + bytes, 0),
    cpus: counts.length,
  }
}

function remarks(
  notes: string[],
  found: {
    readonly tracefs: Tracefs
    readonly chosen: Chosen
    readonly counts: readonly Counts[]
  },
): void {
  const { tracefs, chosen, counts } = found
  const lost = counts.reduce((sum, one) => sum + one.lost, 0)
  if (lost > 0) notes.push(`${lost} events were lost: record fewer events or give more buffer (--buffer)`)
  const gone = chosen.tracepoints.filter((tracepoint) => !isThere(tracefs, tracepoint))
  if (gone.length > 0) notes.push(`a module was unloaded meanwhile: ${gone.join(', ')}`)
}
