/**
 * The window's connection to the engine: a message port in Electron, a WebSocket to the loopback host in a browser (the
 * token stands in the location's hash and is the first message). A socket that breaks is opened again by itself with
 * growing pauses; new calls wait for the connection. Of those that were under way, what only reads is asked once more
 * on the next one, so that no panel is left with the error of a moment; the others fail as `disconnected`.
 */

import { ApiError } from '#shared/base/errors.ts'
import type { CallOptions, Client, EngineEvents, EventName, MethodName } from '#shared/contract/methods.ts'
import { createClient, lostConnection, type Transport } from '#shared/contract/rpc.ts'
import { openSocket } from '#shared/contract/transports.ts'
import type { ConnectionState } from '../stores/app.ts'

export interface ConnectionWatcher {
  /** `again`: it had been open before, the engine may have forgotten what was open. */
  readonly onState: (state: ConnectionState, trouble: string | undefined, again: boolean) => void
}

const PAUSES_MS = [200, 500, 1_000, 2_000, 5_000]

/** A client that outlives its transports. `dial` makes a new one; it rejects when there is no way in. */
export function reconnectingClient(dial: () => Promise<Transport>, watcher: ConnectionWatcher): Client {
  const listeners: Listeners = new Map()
  let current: Promise<Client>
  let opened = false
  let closed = false

  async function attempt(tries: number): Promise<Client> {
    try {
      const client = createClient(watched(await dial()))
      for (const [event, set] of listeners)
        for (const listener of set) client.on(event, listener as (data: EngineEvents[EventName]) => void)
      watcher.onState('open', undefined, opened)
      opened = true
      return client
    } catch (thrown) {
      const error = thrown instanceof ApiError ? thrown : lostConnection()
      if (closed || error.code === 'permission') return refuse(error)
      watcher.onState(opened ? 'lost' : 'connecting', error.message, opened)
      await new Promise((resolve) => setTimeout(resolve, PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]))
      return attempt(tries + 1)
    }
  }
  function refuse(error: ApiError): Promise<never> {
    watcher.onState('refused', whatToDo(error), opened)
    return Promise.reject(error)
  }
  /** What calls wait for. Its failure is told through the watcher, and to those who call. */
  function use(next: Promise<Client>): Promise<Client> {
    next.catch(() => undefined)
    return next
  }
  function onEnd(error: ApiError | undefined): void {
    if (closed) return
    if (error?.code === 'permission') {
      current = use(refuse(error))
      return
    }
    watcher.onState('lost', error?.message, opened)
    current = use(attempt(0))
  }
  /** The same transport, whose end also starts the next attempt. */
  function watched(transport: Transport): Transport {
    const onClose: Transport['onClose'] = (listener) =>
      transport.onClose((error) => {
        listener(error)
        onEnd(error)
      })
    return { ...transport, onClose }
  }
  current = use(attempt(0))

  return facade(
    () => current,
    listeners,
    () => {
      closed = true
    },
  )
}

type Listeners = Map<EventName, Set<(data: never) => void>>

/** What a page shows. Jobs are begun again by who wants them, and what changes something may have done it. */
const READS: ReadonlySet<MethodName> = new Set<MethodName>([
  'app.info',
  'window.kept',
  'files.recent',
  'trace.info',
  'analysis.run',
  'contention.against',
  'timeline.rows',
  'timeline.view',
  'timeline.span',
  'timeline.flow',
  'timeline.path',
  'timeline.step',
  'timeline.statistics',
  'timeline.search',
  'timeline.events',
  'timeline.anchor',
  'annotations.list',
  'locks.names',
  'sim.catalog',
  'race.list',
  'record.ability',
])

/** The client the window holds: each call goes to the connection there is, or waits for the next. */
function facade(current: () => Promise<Client>, listeners: Listeners, onClose: () => void): Client {
  async function call(method: MethodName, params: never, options?: CallOptions): Promise<unknown> {
    const client = await current()
    try {
      return await client.call(method, params, options)
    } catch (thrown) {
      const isLost = thrown instanceof ApiError && thrown.code === 'disconnected'
      const next = isLost && READS.has(method) ? await current() : client
      // Once: what ends the engine each time must not do so for ever. Nobody closed it, where there is a next one.
      if (next === client) throw thrown
      return next.call(method, params, options)
    }
  }
  return {
    call: call as Client['call'],
    on(event, listener) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set.add(listener))
      const off = current().then(
        (client) => client.on(event, listener),
        () => undefined,
      )
      return () => {
        set.delete(listener)
        void off.then((stop) => stop?.())
      }
    },
    close() {
      onClose()
      void current().then(
        (client) => client.close(),
        () => undefined,
      )
    },
  }
}

/** The page says itself that it was refused; what helps is the hint. */
function whatToDo({ message, hint }: ApiError): string {
  const text = hint ?? message
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** Dial the loopback host that served this page. */
export function socketDialer(location: Location): () => Promise<Transport> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? location.hash.slice(1)
  const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/socket`
  return () => openSocket(new WebSocket(url), token)
}
