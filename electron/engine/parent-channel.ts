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
  const parent = electronParentPort()
  if (parent !== undefined) return portChannel(parent)
  assert(process.send !== undefined, 'this process is started by another')
  // Without its parent it has nothing to do.
  process.once('disconnect', () => process.exit(0))
  return {
    send: (message) => void process.send?.(message),
    onMessage: (listener) => void process.on('message', listener),
  }
}

/** In Electron the first message brings a port to the one who talks: the engine, not the shell that forked us. */
function portChannel(parent: ParentPort): ParentChannel {
  let port: EmitterPort | undefined
  let receive: ((message: unknown) => void) | undefined
  parent.on('message', ({ ports }) => {
    port = ports.at(0)
    port?.on('message', ({ data }) => receive?.(data))
    port?.start()
  })
  return { send: (message) => port?.postMessage(message), onMessage: (listener) => void (receive = listener) }
}
