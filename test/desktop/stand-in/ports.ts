/**
 * `MessageChannelMain`: two ends in the main process, each of which may stay there, go to a child process or go to a
 * page. Messages to an end that has not arrived anywhere yet wait for it, as in Electron.
 */
import { EventEmitter } from 'node:events'

export class StandInPort extends EventEmitter {
  other: StandInPort | undefined
  #waiting: unknown[] = []
  /** Where messages for this end go once it has left this process or has been started in it. */
  #sink: ((message: unknown) => void) | undefined
  #onClose: (() => void) | undefined
  #closed = false

  postMessage(message: unknown): void {
    this.other?.receive(message)
  }

  receive(message: unknown): void {
    if (this.#sink === undefined) this.#waiting.push(message)
    else this.#sink(message)
  }

  start(): void {
    this.leadTo({ message: (data) => this.emit('message', { data, ports: [] }), close: () => this.emit('close') })
  }

  leadTo({ message, close }: { message: (message: unknown) => void; close: () => void }): void {
    this.#sink = message
    this.#onClose = close
    for (const waiting of this.#waiting.splice(0)) message(waiting)
    if (this.#closed) close()
  }

  close(): void {
    this.end()
    this.other?.end()
  }

  end(): void {
    if (this.#closed) return
    this.#closed = true
    this.#onClose?.()
  }
}

export class MessageChannelMain {
  readonly port1 = new StandInPort()
  readonly port2 = new StandInPort()
  constructor() {
    this.port1.other = this.port2
    this.port2.other = this.port1
  }
}

/** What crosses a boundary: a message of the boundary's own, or one of a port that was handed over. */
export type Crossing =
  | { readonly kind: 'message'; readonly data: unknown; readonly ports: readonly number[] }
  | { readonly kind: 'port'; readonly id: number; readonly data: unknown }
  | { readonly kind: 'port-closed'; readonly id: number }

let nextId = 1

/** The ports that were handed to one process or page, by the number they have over there. */
export class HandedOver {
  readonly #ports = new Map<number, StandInPort>()
  readonly #send: (crossing: Crossing) => void
  constructor(send: (crossing: Crossing) => void) {
    this.#send = send
  }

  hand(data: unknown, ports: readonly StandInPort[]): void {
    const ids = ports.map((port) => {
      const id = nextId++
      this.#ports.set(id, port)
      return id
    })
    this.#send({ kind: 'message', data, ports: ids })
    ports.forEach((port, i) => {
      const id = ids[i] ?? 0
      port.leadTo({
        message: (message) => this.#send({ kind: 'port', id, data: message }),
        close: () => this.#send({ kind: 'port-closed', id }),
      })
    })
  }

  /** A message that came from over there through a port. */
  came(crossing: Crossing): void {
    if (crossing.kind === 'port') this.#ports.get(crossing.id)?.postMessage(crossing.data)
    else if (crossing.kind === 'port-closed') this.#ports.get(crossing.id)?.close()
  }

  closeAll(): void {
    for (const port of this.#ports.values()) port.close()
    this.#ports.clear()
  }
}
