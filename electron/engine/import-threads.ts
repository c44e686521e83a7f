/**
 * How an import that runs in two threads ends: with what was parsed once both have done their part, or with why one of
 * them could not. It does not start them and knows nothing of files.
 */

import type { Worker } from 'node:worker_threads'
import { fromWireError } from '#shared/base/errors.ts'
import type { Parsed, ParserMessage, WriterMessage } from './import-messages.ts'

export interface Heard {
  /** Makes both threads end soon. Called at the end whatever came of it, and perhaps more than once. */
  halt(): void
  parsing(progress: Extract<ParserMessage, { kind: 'progress' }>): void
  writing(): void
}

/** A thread that ended without a word. */
class Silent extends Error {}

/** Resolves or rejects when both threads are gone: only then is nothing open any more, and the draft can be moved. */
export async function parsedAndWritten(
  { parser, writer }: { readonly parser: Worker; readonly writer: Worker },
  heard: Heard,
): Promise<Parsed> {
  const ends = [gone(parser), gone(writer)]
  const outcomes = [
    outcome<ParserMessage, Parsed>(parser, 'the parser', (message) => {
      if (message.kind === 'progress') heard.parsing(message)
      return message.kind === 'parsed' ? message.parsed : undefined
    }),
    outcome<WriterMessage, true>(writer, 'the writer', (message) => {
      if (message.kind === 'finishing') heard.writing()
      return message.kind === 'written' ? true : undefined
    }),
  ] as const
  // All it read is on its way to the writer: while that finishes, the parser's memory can be given back.
  void outcomes[0].then(() => parser.terminate()).catch(() => undefined)
  try {
    const [parsed] = await Promise.all(outcomes)
    return parsed
  } catch (first) {
    heard.halt()
    throw await cause(outcomes, first)
  } finally {
    heard.halt()
    await Promise.all(ends)
  }
}

/**
 * When one thread fails the other goes too, without a word, and what is heard of two threads comes in any order: the one
 * that said why is right. A thread's messages have all been heard when it is gone.
 */
async function cause(outcomes: readonly Promise<unknown>[], first: unknown): Promise<unknown> {
  const settled = await Promise.allSettled(outcomes)
  const reasons = settled.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []))
  return first instanceof Silent ? (reasons.find((reason) => !(reason instanceof Silent)) ?? first) : first
}

/** The first message that carries a result; what went wrong otherwise. */
function outcome<M extends { readonly kind: string }, R>(
  worker: Worker,
  what: string,
  result: (message: Exclude<M, { readonly kind: 'failed' }>) => R | undefined,
): Promise<R> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: ParserMessage | WriterMessage) => {
      if (message.kind === 'failed') return reject(fromWireError(message.error))
      const found = result(message as unknown as Exclude<M, { readonly kind: 'failed' }>)
      if (found !== undefined) resolve(found)
    })
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Silent(`${what} ended without a result (exit ${code})`)))
  })
}

function gone(worker: Worker): Promise<void> {
  return new Promise((resolve) => worker.once('exit', () => resolve()))
}
