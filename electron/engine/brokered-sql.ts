/**
 * SQL processes that somebody else forks for the engine: in the desktop app only Electron's main process can. The engine
 * asks, gets a port straight to the new process (rows never pass through the shell), and asks to kill.
 */

import type { FromEngine } from '#shared/contract/desktop.ts'
import type { EmitterPort } from '#shared/contract/transports.ts'
import type { ForkSql } from './spawn.ts'

interface Brokered {
  port: EmitterPort | undefined
  /** Sent before the port arrived. */
  readonly early: unknown[]
  onMessage: ((message: unknown) => void) | undefined
  onExit: ((how: string) => void) | undefined
}

export interface BrokeredForks {
  readonly fork: ForkSql
  opened(id: number, port: EmitterPort): void
  ended(id: number, how: string): void
}

export function brokeredForks(say: (message: FromEngine) => void): BrokeredForks {
  const children = new Map<number, Brokered>()
  let nextId = 1

  return {
    fork() {
      const id = nextId++
      const child: Brokered = { port: undefined, early: [], onMessage: undefined, onExit: undefined }
      children.set(id, child)
      say({ kind: 'fork-sql', id })
      return {
        send: (message) =>
          child.port === undefined ? void child.early.push(message) : child.port.postMessage(message),
        onMessage: (listener) => void (child.onMessage = listener),
        onExit: (listener) => void (child.onExit = listener),
        kill: () => say({ kind: 'kill-sql', id }),
      }
    },
    opened(id, port) {
      const child = children.get(id)
      if (child === undefined) return port.close()
      child.port = port
      port.on('message', ({ data }) => child.onMessage?.(data))
      port.start()
      for (const message of child.early.splice(0)) port.postMessage(message)
    },
    ended(id, how) {
      const child = children.get(id)
      children.delete(id)
      child?.port?.close()
      child?.onExit?.(how)
    },
  }
}
