/**
 * The contract's protocol, caller's side: calls with progress and cancel, events, one error type, over any transport.
 *
 *     const client = createClient(portTransport(port))                       // window: MessagePort
 *     const client = createClient(await openSocket(new WebSocket(url), token))  // browser: WebSocket
 *     const client = engine.connect()                                        // command line: in-process
 *     const stop = new AbortController()
 *     const { opened } = await client.call('files.open', { source }, { signal: stop.signal, onProgress: (p) => … })
 *     const off = client.on('files.changed', () => …)
 *     // every rejection is an ApiError: `cancelled` after stop.abort(), `disconnected` when the connection is lost
 *     client.close()
 *
 * birpc carries requests and replies. Ours is only what it has not: a ticket per call, by which the caller cancels and
 * the engine reports progress; errors as plain data (birpc sends Error objects, which lose their code on the way);
 * size limits; and telling a lost connection from a failed call. The engine's side, which validates, is serve.ts.
 */

import { createBirpc } from 'birpc'
import { ApiError, fromWireError, toWireError, type WireError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { CallOptions, Client, EngineEvents, EventName, MethodName, Progress } from './methods.ts'
import { messageSize } from './size.ts'

/** One connection: whole messages, in order, either way. Messages are plain data and typed arrays. */
export interface Transport {
  /** Never throws for a connection that is gone; throws ApiError for a message that cannot be sent. */
  post(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** Called at most once; the error says why, where the transport knows better than "it ended". */
  onClose(listener: (error: ApiError | undefined) => void): void
  close(): void
}

/** What the caller's side offers the engine. */
export interface CallerFunctions {
  progress(ticket: number, progress: Progress): void
  event(name: string, data: unknown): void
}

/** What the engine's side offers the caller. */
export interface EngineFunctions {
  call(ticket: number, method: string, params: unknown): Promise<unknown>
  cancel(ticket: number): void
}

export function lostConnection(): ApiError {
  return new ApiError(
    'disconnected',
    'the connection to the engine was lost',
    'try again; where nothing answers, start Faultline again',
  )
}

/** birpc's own settings for both sides. `timeout` off: an import may take minutes, and lost connections are noticed. */
export function channel(transport: Transport) {
  return {
    proxify: false,
    timeout: -1,
    post: (message: unknown) => transport.post(checked(message)),
    on: (listener: (message: unknown) => void) =>
      transport.onMessage((message) => {
        if (isEnvelope(message)) listener(message)
      }),
  } as const
}

interface Envelope {
  readonly t: 'q' | 's'
  readonly i?: string
  readonly m?: string
  readonly a?: readonly unknown[]
  readonly e?: unknown
}

/** Anything else is dropped here, because birpc trusts what it reads. */
function isEnvelope(message: unknown): message is Envelope {
  if (typeof message !== 'object' || message === null) return false
  const { t, i, m, a } = message as Partial<Envelope>
  if (t === 's') return typeof i === 'string'
  return t === 'q' && typeof m === 'string' && Array.isArray(a) && (i === undefined || typeof i === 'string')
}

/** Errors become plain data, and what is too large is refused before a transport has to drop the connection over it. */
function checked(message: unknown): unknown {
  const { t, e } = message as Envelope
  if (t === 's' && e !== undefined) return { ...(message as Envelope), e: toWireError(e) }
  if (messageSize(message, limits.messageBytes) > limits.messageBytes) {
    throw new ApiError(
      'limit',
      `the ${t === 's' ? 'answer' : 'request'} is larger than ${limits.messageBytes} bytes`,
      'ask for less: a smaller time range, fewer rows or smaller pieces',
    )
  }
  return message
}

interface Running {
  readonly onProgress: CallOptions['onProgress']
}

export function createClient(transport: Transport): Client {
  const running = new Map<number, Running>()
  const listeners = new Map<EventName, Set<(data: never) => void>>()
  let nextTicket = 1
  let closed: ApiError | undefined

  const functions: CallerFunctions = {
    progress: (ticket, progress) => running.get(ticket)?.onProgress?.(progress),
    event: (name, data) => listeners.get(name as EventName)?.forEach((listener) => listener(data as never)),
  }
  const rpc = createBirpc<EngineFunctions, CallerFunctions, false>(functions, channel(transport))

  const end = (error: ApiError) => {
    if (closed !== undefined) return
    closed = error
    rpc.$close(error)
  }
  transport.onClose((error) => end(error ?? lostConnection()))

  async function call(method: MethodName, params: unknown, options: CallOptions = {}): Promise<unknown> {
    const { signal, onProgress } = options
    if (closed !== undefined) throw closed
    if (signal?.aborted === true) throw new ApiError('cancelled', `${method} was cancelled`)
    const ticket = nextTicket++
    // The engine's answer ends the call, not the request to cancel: when it comes, everything has been cleaned up.
    const cancel = () => void rpc.$callEvent('cancel', ticket).catch(() => undefined)
    signal?.addEventListener('abort', cancel, { once: true })
    running.set(ticket, { onProgress })
    try {
      return await rpc.$call('call', ticket, method, params)
    } catch (thrown) {
      throw asApiError(thrown)
    } finally {
      running.delete(ticket)
      signal?.removeEventListener('abort', cancel)
    }
  }

  return {
    call: call as Client['call'],
    on<E extends EventName>(event: E, listener: (data: EngineEvents[E]) => void) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set.add(listener))
      return () => set.delete(listener)
    },
    close() {
      end(new ApiError('disconnected', 'the connection to the engine was closed'))
      transport.close()
    },
  }
}

/** What birpc rejects with: our own ApiError, or the WireError the engine sent. */
function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  return isWireError(thrown) ? fromWireError(thrown) : fromWireError(toWireError(thrown))
}

function isWireError(thrown: unknown): thrown is WireError {
  return typeof thrown === 'object' && thrown !== null && !(thrown instanceof Error) && 'code' in thrown
}
