/**
 * The writing thread of an import: batches in, a complete `.faultline` draft out. It runs beside the parser so that
 * both cores work. It never sees the input, and it never gives the draft its final name.
 */

import { isMainThread, parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { assert } from '#shared/base/assert.ts'
import { toWireError } from '#shared/base/errors.ts'
import { explain } from '../store/database.ts'
import { NewFile } from '../store/new-file.ts'
import { TraceWriter } from '../store/writer.ts'
import { stopped, taken, type Batch, type WriterData, type WriterMessage } from './import-messages.ts'

function run(port: MessagePort, { draft, target, fromParser, stop }: WriterData): void {
  const say = (message: WriterMessage) => port.postMessage(message)
  const names = { opKinds: [] as string[], phaseNames: [] as string[], inodes: [] as string[] }
  let file: NewFile | undefined
  let writer: TraceWriter | undefined

  const give = (message: WriterMessage) => {
    file?.close()
    say(message)
    fromParser.close()
  }

  const take = (batch: Batch) => {
    if (file === undefined) {
      file = new NewFile(draft)
      writer = new TraceWriter(file)
      writer.begin(names)
    }
    assert(writer !== undefined, 'a file that is filled has a writer')
    switch (batch.kind) {
      case 'events':
        return writer.events(batch.chunk)
      case 'packed':
        return writer.packed(batch.chunk)
      case 'spans':
        names.opKinds.push(...batch.names.opKinds)
        names.phaseNames.push(...batch.names.phaseNames)
        names.inodes.push(...batch.names.inodes)
        return writer.spans(batch.batch)
      case 'end':
        say({ kind: 'finishing' })
        writer.end(batch.end)
        file.finish()
        give({ kind: 'written' })
    }
  }

  fromParser.on('message', (batch: Batch) => {
    if (stopped(stop)) return fromParser.close()
    try {
      take(batch)
      fromParser.postMessage(...taken(batch))
    } catch (thrown) {
      give({ kind: 'failed', error: toWireError(explain(thrown, target)) })
    }
  })
  fromParser.on('close', () => file?.close())
}

if (!isMainThread && parentPort !== null) run(parentPort, workerData as WriterData)
