/**
 * How a process of ours talks to the one that started it: Node's IPC after child_process.fork, Electron's parent port
 * in a utility process. Electron is known by shape only; nothing here imports it.
 */

import { assert } from '#shared/base/assert.ts'
import type { EmitterPort } from '#shared/contract/transports.ts'

export interface ParentMessage {
  readonly data: unknown
  /** Ports that came along (Electron only). */
  readonly ports: readonly EmitterPort[]
}

/** The part of Electron's `process.parentPort` that is used. */
export interface ParentPort {
  postMessage(message: unknown): void
  on(type: 'message', listener: (message: ParentMessage) => void): unknown
}

export function electronParentPort(): ParentPort | undefined {
  return (process as unknown as { readonly parentPort?: ParentPort }).parentPort
}

export interface ParentChannel {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
}

export function parentChannel(): ParentChannel {
  const port = electronParentPort()
  if (port !== undefined) {
    return {
      send: (message) => port.postMessage(message),
      onMessage: (listener) => void port.on('message', ({ data }) => listener(data)),
    }
  }
  assert(process.send !== undefined, 'this process is started by another')
  // Without its parent it has nothing to do.
  process.once('disconnect', () => process.exit(0))
  return {
    send: (message) => void process.send?.(message),
    onMessage: (listener) => void process.on('message', listener),
  }
}
