/**
 * The three transports, each as thin as it can be. They know ports and sockets only by shape, so that the same code
 * serves Node, Electron and the browser without depending on any of them.
 *
 * Ports copy typed arrays. An ArrayBuffer is never put in a transfer list: between Electron's processes that loses the
 * message (electron #34905, #37157).
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { decodeMessage, encodeMessage, valuesIn } from './codec.ts'
import { lostConnection, type Transport } from './rpc.ts'

/** Host globals that every environment of ours has, and that the language's own library does not declare. */
declare const structuredClone: <T>(value: T) => T
declare const queueMicrotask: (task: () => void) => void

/** Close codes of the socket (4000-4999 are the application's own). */
export const CLOSE_BAD_TOKEN = 4401
export const CLOSE_BAD_MESSAGE = 4400
export const CLOSE_UNREAD = 4408
const CLOSE_TOO_LARGE = 1009

interface Listeners {
  message: ((message: unknown) => void) | undefined
  close: ((error: ApiError | undefined) => void) | undefined
}

/** Two ends in one process. Messages are cloned as if they went through a port, so that nobody comes to share state. */
export function inProcessPair(): [Transport, Transport] {
  const ends: [Listeners, Listeners] = [
    { message: undefined, close: undefined },
    { message: undefined, close: undefined },
  ]
  let open = true
  const close = () => {
    if (!open) return
    open = false
    for (const end of ends) queueMicrotask(() => end.close?.(undefined))
  }
  const transport = (mine: Listeners, other: Listeners): Transport => ({
    post(message) {
      if (!open) return
      const copy = structuredClone(message)
      queueMicrotask(() => open && other.message?.(copy))
    },
    onMessage: (listener) => void (mine.message = listener),
    onClose: (listener) => void (mine.close = listener),
    close,
  })
  return [transport(ends[0], ends[1]), transport(ends[1], ends[0])]
}

interface MessageEventLike {
  readonly data: unknown
}

/** A MessagePort of Node's worker_threads or of the browser. */
export interface EventPort {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: MessageEventLike) => void): void
  addEventListener(type: 'close', listener: () => void): void
  start(): void
  close(): void
}

/** Electron's MessagePortMain. */
export interface EmitterPort {
  postMessage(message: unknown): void
  on(type: 'message', listener: (event: MessageEventLike) => void): unknown
  on(type: 'close', listener: () => void): unknown
  start(): void
  close(): void
}

export function portTransport(port: EventPort | EmitterPort): Transport {
  let open = true
  let closed: ((error: ApiError | undefined) => void) | undefined
  const end = () => {
    if (!open) return
    open = false
    closed?.(undefined)
  }
  return {
    post(message) {
      if (open) port.postMessage(message)
    },
    onMessage(listener) {
      const receive = (event: MessageEventLike) => listener(event.data)
      if ('addEventListener' in port) port.addEventListener('message', receive)
      else port.on('message', receive)
      port.start()
    },
    onClose(listener) {
      closed = listener
      if ('addEventListener' in port) port.addEventListener('close', end)
      else port.on('close', end)
    },
    close() {
      port.close()
      end()
    },
  }
}

/** A WebSocket of the browser or of `ws`. */
export interface SocketLike {
  binaryType: string
  readonly readyState: number
  /** Bytes that wait for the other side to read. */
  readonly bufferedAmount: number
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message', listener: (event: MessageEventLike) => void): void
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void
}

const OPEN = 1

/**
 * One message, one binary frame of MessagePack. What cannot be decoded ends the connection, and so does a side that asks and
 * does not read the answers: they would fill the memory of this one. A page that slept connects again. `mostValues`: what one
 * message may be made of.
 */
export function socketTransport(socket: SocketLike, mostValues?: number): Transport {
  socket.binaryType = 'arraybuffer'
  return {
    post(message) {
      if (socket.readyState !== OPEN) return
      if (socket.bufferedAmount > limits.unreadBytes) socket.close(CLOSE_UNREAD, 'answers are not read')
      else socket.send(encodeMessage(message))
    },
    onMessage(listener) {
      socket.addEventListener('message', ({ data }) => {
        const message = decoded(data, mostValues)
        if (message === undefined) socket.close(CLOSE_BAD_MESSAGE, 'not a message of this protocol')
        else listener(message)
      })
    },
    onClose(listener) {
      socket.addEventListener('close', ({ code, reason }) => listener(closeError(code, reason)))
    },
    close: () => socket.close(),
  }
}

function decoded(data: unknown, mostValues: number | undefined): unknown {
  if (!(data instanceof ArrayBuffer)) return undefined
  const bytes = new Uint8Array(data)
  if (mostValues !== undefined && valuesIn(bytes, mostValues) > mostValues) return undefined
  try {
    return decodeMessage(bytes)
  } catch {
    return undefined
  }
}

function closeError(code: number, reason: string): ApiError | undefined {
  if (code === CLOSE_BAD_TOKEN) {
    return new ApiError(
      'permission',
      'the server refused this page',
      'open the address the server printed when it started',
    )
  }
  if (code === CLOSE_TOO_LARGE) return new ApiError('limit', `a message was larger than ${limits.messageBytes} bytes`)
  if (code === CLOSE_BAD_MESSAGE) return new ApiError('bad-request', reason)
  return undefined
}

/** The page's way in: wait for the connection, then say the token, which must be the first message. */
export function openSocket(socket: SocketLike, token: string): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const transport = socketTransport(socket)
    socket.addEventListener('open', () => {
      socket.send(token)
      resolve(transport)
    })
    socket.addEventListener('error', () => reject(lostConnection()))
  })
}
