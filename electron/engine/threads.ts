/**
 * Calls into one of our own worker threads: the same birpc as the contract, without tickets and limits, because both
 * ends are ours. Errors cross as plain data; a thread that dies fails what was asked of it and nothing else.
 */

import { createBirpc } from 'birpc'
import type { MessagePort, Worker } from 'node:worker_threads'
import { ApiError, fromWireError, toWireError, type WireError } from '#shared/base/errors.ts'

export type Functions = Record<string, (...args: never[]) => unknown>

export interface Thread<F extends Functions> {
  call<M extends keyof F & string>(name: M, ...args: Parameters<F[M]>): Promise<Awaited<ReturnType<F[M]>>>
}

type Reply = { readonly wire: WireError } | { readonly value: unknown }

/** The worker's side. */
export function serveThread(port: MessagePort, functions: Functions): void {
  const answer = async (name: string, args: readonly unknown[]): Promise<Reply> => {
    try {
      return { value: await (functions[name] as (...args: readonly unknown[]) => unknown)(...args) }
    } catch (thrown) {
      return { wire: toWireError(thrown) }
    }
  }
  createBirpc<Record<string, never>, { answer: typeof answer }, false>(
    { answer },
    {
      proxify: false,
      timeout: -1,
      post: (message: unknown) => port.postMessage(message),
      on: (listener) => void port.on('message', listener),
    },
  )
}

/** The caller's side. `onEnd` is told once when the thread is gone, whoever ended it. */
export function callThread<F extends Functions>(worker: Worker, what: string, onEnd: () => void): Thread<F> {
  const rpc = createBirpc<{ answer(name: string, args: readonly unknown[]): Promise<Reply> }, object, false>(
    {},
    {
      proxify: false,
      timeout: -1,
      post: (message: unknown) => worker.postMessage(message),
      on: (listener) => void worker.on('message', listener),
    },
  )
  let ended: ApiError | undefined
  const end = (why: string, error?: unknown) => {
    if (ended !== undefined) return
    ended =
      error instanceof ApiError
        ? error
        : new ApiError(
            'internal',
            `${what} ended unexpectedly: ${why}`,
            'try again; the log in the data folder has the details',
          )
    rpc.$close(ended)
    onEnd()
  }
  worker.on('error', (error: Error) => end(error.message, error))
  worker.on('exit', (code) => end(`exit ${code}`))
  return {
    async call(name, ...args) {
      if (ended !== undefined) throw ended
      const reply = await rpc.$call('answer', name, args)
      if ('wire' in reply) throw fromWireError(reply.wire)
      return reply.value as never
    },
  }
}
