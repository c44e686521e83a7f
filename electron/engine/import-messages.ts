/**
 * What the three threads of an import say to each other, and the sink that stands in the parsing thread for the writer
 * in the other one. Columns are transferred, not copied. No more than limits.batchesInFlight batches wait between the
 * two: the parser asks `room()` between two pieces of input, so a slow disk slows the parser instead of filling memory.
 */

import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { buffersOf } from '#shared/base/columns.ts'
import type { WireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { ImportSummary } from '#shared/contract/files.ts'
import type { Alignment } from '#shared/formats/joined.ts'
import type { NamedPath } from './kernel-symbols.ts'
import type { FilePart } from './source.ts'
import { packChunk, type PackedChunk } from '../store/event-chunks.ts'
import type { EventArrays, EventChunk, GrowingNames, SpanBatch, TraceEnd, TraceSink } from '#shared/model/trace.ts'

/** A path, or the bytes themselves. */
export type ImportSource = string | Uint8Array

/** A further trace on the same axis. */
export interface JoinedSource {
  readonly source: ImportSource | FilePart
  readonly name: string
  readonly offsetNs: number
}

/** Traces that become one: those after the first, and how they are brought together. */
export interface Joining {
  readonly more: readonly JoinedSource[]
  readonly align: Alignment
  /** They are the CPUs of one text, this many. */
  readonly cpus?: number
}

export interface ParserData {
  readonly kallsyms?: NamedPath | undefined
  readonly joining?: Joining | undefined
  readonly source: ImportSource
  readonly name: string
  readonly format: string | undefined
  readonly toWriter: MessagePort
  readonly stop: Int32Array
}

export interface WriterData {
  readonly out: string
  /** Replace an existing file. */
  readonly force: boolean
  readonly fromParser: MessagePort
  readonly stop: Int32Array
}

/** Parser to writer. `names` are the words that are new since the last batch. */
export type Batch =
  | { readonly kind: 'events'; readonly chunk: EventChunk }
  | { readonly kind: 'packed'; readonly chunk: PackedChunk }
  | { readonly kind: 'spans'; readonly batch: SpanBatch; readonly names: GrowingNames }
  | { readonly kind: 'end'; readonly end: TraceEnd }

/** Writer to parser: one batch is out of the way; the arrays of a chunk can be filled again. */
export interface Taken {
  readonly spare?: EventArrays
}

/** The answer to a batch, and what moves back with it. */
export function taken(batch: Batch): readonly [Taken, ArrayBuffer[]] {
  if (batch.kind !== 'events') return [{}, []]
  const spare = wholeArrays(batch.chunk)
  return [{ spare }, Object.values(spare).map((array: ArrayBufferView) => array.buffer as ArrayBuffer)]
}

/** The rows of a batch are written: their memory need not wait for the collector, which much of it would call. */
export function release({ ids, rows }: SpanBatch): void {
  for (const buffer of [ids.buffer as ArrayBuffer, ...buffersOf(rows)]) buffer.transfer(0)
}

/** The arrays a chunk was cut from. */
export function wholeArrays({ ts, cpu, task, name, stack, argsEnd, args }: EventChunk): EventArrays {
  return {
    ts: new Float64Array(ts.buffer),
    cpu: new Int32Array(cpu.buffer),
    task: new Uint32Array(task.buffer),
    name: new Uint16Array(name.buffer),
    stack: new Int32Array(stack.buffer),
    argsEnd: new Uint32Array(argsEnd.buffer),
    args: new Uint8Array(args.buffer),
  }
}

/** What the parser knows of the summary; the rest is the caller's. */
export type Parsed = Omit<ImportSummary, 'file' | 'wallMs'>

export type ParserMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number | null; readonly events: number }
  | { readonly kind: 'parsed'; readonly parsed: Parsed }
  | { readonly kind: 'failed'; readonly error: WireError }

export type WriterMessage =
  { readonly kind: 'finishing' } | { readonly kind: 'written' } | { readonly kind: 'failed'; readonly error: WireError }

/** stop[0] is not 0 any more once the import was cancelled or has failed elsewhere. */
export function stopped(stop: Int32Array): boolean {
  return Atomics.load(stop, 0) !== 0
}

export class RemoteSink implements TraceSink {
  readonly keepsRecords = true
  readonly #port: MessagePort
  readonly #sent = { opKinds: 0, phaseNames: 0, inodes: 0 }
  #names: GrowingNames = { opKinds: [], phaseNames: [], inodes: [] }
  readonly #spares: EventArrays[] = []
  #inFlight = 0
  #wake: (() => void) | undefined
  /** What the writer is told last, for the summary. */
  ended: TraceEnd | undefined

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (message: Taken) => {
      this.#took(message)
      this.#wake?.()
    })
  }

  begin(names: GrowingNames): void {
    this.#names = names
  }

  /** The thread that has time compresses: with batches waiting for the writer it is this one. */
  events(chunk: EventChunk): void {
    this.#hear()
    if (this.#inFlight > limits.batchesInFlight / 4) {
      this.#send({ kind: 'packed', chunk: packChunk(chunk) }, [])
      this.#spares.push(wholeArrays(chunk))
      return
    }
    const columns = [chunk.ts, chunk.cpu, chunk.task, chunk.name, chunk.stack, chunk.argsEnd, chunk.args]
    if (chunk.flags !== undefined) columns.push(chunk.flags)
    this.#send(
      { kind: 'events', chunk },
      columns.map(({ buffer }) => buffer as ArrayBuffer),
    )
  }

  spareEvents(): EventArrays | undefined {
    return this.#spares.pop()
  }

  spans(batch: SpanBatch): void {
    const names = {
      opKinds: this.#fresh('opKinds'),
      phaseNames: this.#fresh('phaseNames'),
      inodes: this.#fresh('inodes'),
    }
    this.#send({ kind: 'spans', batch, names }, [batch.ids.buffer as ArrayBuffer, ...buffersOf(batch.rows)])
  }

  end(end: TraceEnd): void {
    this.ended = end
    this.#send({ kind: 'end', end }, [])
  }

  /** Resolves when the writer has kept up. */
  async room(): Promise<void> {
    while (this.#inFlight > limits.batchesInFlight) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** What the writer said meanwhile: reading a file, this thread may not come to listen for a long time. */
  #hear(): void {
    for (;;) {
      const heard = receiveMessageOnPort(this.#port) as { readonly message: Taken } | undefined
      if (heard === undefined) return
      this.#took(heard.message)
    }
  }

  #took({ spare }: Taken): void {
    this.#inFlight--
    if (spare !== undefined) this.#spares.push(spare)
  }

  #fresh(kind: keyof GrowingNames): readonly string[] {
    const fresh = this.#names[kind].slice(this.#sent[kind])
    this.#sent[kind] += fresh.length
    return fresh
  }

  #send(message: Batch, transfer: ArrayBuffer[]): void {
    this.#inFlight++
    this.#port.postMessage(message, transfer)
  }
}
