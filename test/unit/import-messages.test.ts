/**
 * The parser's side of the two threads of an import. A reader of a regular file may never give its thread's event loop a
 * turn: it has to learn all the same that the writer keeps up, or it compresses everything itself while that one waits.
 */

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { afterAll, expect, it } from 'vitest'
import { RemoteSink, taken, type Batch } from '#electron/engine/import-messages.ts'
import { limits } from '#shared/base/limits.ts'
import { TraceBuilder } from '#shared/model/builder.ts'

const { port1: toWriter, port2: fromParser } = new MessageChannel()
afterAll(() => toWriter.close())

it('a parser that is never idle leaves the compressing to a writer that keeps up', () => {
  const builder = new TraceBuilder(new RemoteSink(toWriter), 'test', 'test')
  const name = builder.eventNamed('tick')
  const task = builder.task(1, 0)
  const kinds = new Map<string, number>()
  const write = () => {
    for (;;) {
      const heard = receiveMessageOnPort(fromParser) as { readonly message: Batch } | undefined
      if (heard === undefined) return
      kinds.set(heard.message.kind, (kinds.get(heard.message.kind) ?? 0) + 1)
      fromParser.postMessage(...taken(heard.message))
    }
  }
  const chunks = limits.batchesInFlight * 2
  for (let i = 0; i < chunks * limits.eventsPerChunk; i++) {
    builder.event(i, 0, task, name, Buffer.alloc(0), 0, 0)
    if (i % 1000 === 0) write()
  }
  builder.end()
  write()
  expect(Object.fromEntries(kinds)).toEqual({ events: chunks, end: 1 })
})
