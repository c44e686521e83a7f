/**
 * The writing thread of an import: batches in, a complete `.faultline` file out. It runs beside the parser so that both
 * cores work. The file is written beside its place and gets its name when it is complete and on disk; whatever ends the
 * import before, nothing is left. It never sees the input.
 */

import { basename } from 'node:path'
import { isMainThread, parentPort, type MessagePort } from 'node:worker_threads'
import { assert } from '#shared/base/assert.ts'
import { toWireError } from '#shared/base/errors.ts'
import type { TraceEnd } from '#shared/model/trace.ts'
import { explain } from '../store/database.ts'
import { Draft, refuseExisting } from '../store/draft.ts'
import { NewFile } from '../store/new-file.ts'
import { TraceWriter } from '../store/writer.ts'
import { giveWay } from './give-way.ts'
import { release, stopped, taken, type Batch, type WriterData, type WriterMessage } from './import-messages.ts'

/** The file being filled: a draft until `commit`. */
class Filling {
  readonly #names = { opKinds: [] as string[], phaseNames: [] as string[], inodes: [] as string[] }
  readonly #draft: Draft
  #file: NewFile | undefined
  #writer: TraceWriter | undefined

  constructor(out: string) {
    this.#draft = new Draft(out)
    this.#draft.create()
  }

  take(batch: Exclude<Batch, { readonly kind: 'end' }>): void {
    const writer = (this.#writer ??= this.#begin())
    switch (batch.kind) {
      case 'events':
        return writer.events(batch.chunk)
      case 'packed':
        return writer.packed(batch.chunk)
      case 'spans':
        this.#names.opKinds.push(...batch.names.opKinds)
        this.#names.phaseNames.push(...batch.names.phaseNames)
        this.#names.inodes.push(...batch.names.inodes)
        writer.spans(batch.batch)
        return release(batch.batch)
    }
  }

  finish(end: TraceEnd): void {
    this.#writer ??= this.#begin()
    this.#writer.end(end)
    this.#file?.finish()
  }

  commit(options: { readonly force: boolean }): void {
    this.#draft.commit(options)
  }

  /** What was not committed is gone. */
  letGo(): void {
    this.#file?.close()
    this.#draft.discard()
  }

  #begin(): TraceWriter {
    this.#file = new NewFile(this.#draft.path)
    const writer = new TraceWriter(this.#file)
    writer.begin(this.#names)
    return writer
  }
}

function run(port: MessagePort, { out, force, fromParser, stop }: WriterData): void {
  const say = (message: WriterMessage) => port.postMessage(message)
  let filling: Filling | undefined

  const give = (message: WriterMessage) => {
    filling?.letGo()
    say(message)
    fromParser.close()
  }

  const attempt = (act: () => void) => {
    try {
      act()
    } catch (thrown) {
      give({ kind: 'failed', error: toWireError(explain(thrown, basename(out))) })
    }
  }

  const take = (batch: Batch) => {
    assert(filling !== undefined, 'there is a file to fill')
    if (batch.kind !== 'end') return filling.take(batch)
    say({ kind: 'finishing' })
    filling.finish(batch.end)
    if (stopped(stop)) return fromParser.close()
    filling.commit({ force })
    give({ kind: 'written' })
  }

  fromParser.on('message', (batch: Batch) => {
    if (stopped(stop)) return fromParser.close()
    attempt(() => {
      take(batch)
      fromParser.postMessage(...taken(batch))
    })
  })
  fromParser.on('close', () => filling?.letGo())
  attempt(() => {
    if (!force) refuseExisting(out)
    filling = new Filling(out)
  })
}

if (!isMainThread) {
  giveWay()
  parentPort?.once('message', (data: WriterData) => run(parentPort as MessagePort, data))
}
