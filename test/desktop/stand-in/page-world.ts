/**
 * What a page of the stand-in runs before anything of its own: the three modules a sandboxed preload may require of
 * Electron, over one binding of the debugging protocol, and then the preload itself, unchanged. It lives in the page's
 * own world: that Electron isolates the two is asserted from the window's options, not here.
 */
import { packing } from './packing.ts'

/** The binding the page calls, and the function the main process calls in the page. */
export const CALL = '__standInCall'
export const RECEIVE = '__standInReceive'

export type FromPage =
  | { readonly kind: 'invoke'; readonly channel: string; readonly params: readonly unknown[] }
  | { readonly kind: 'port'; readonly id: number; readonly data: unknown }
  | { readonly kind: 'port-closed'; readonly id: number }
export type Invoked = { readonly result: unknown } | { readonly error: string }
export type ToPage =
  | {
      readonly kind: 'event'
      readonly channel: string
      readonly args: readonly unknown[]
      readonly ports: readonly number[]
    }
  | { readonly kind: 'port'; readonly id: number; readonly data: unknown }
  | { readonly kind: 'port-closed'; readonly id: number }

export function pageWorld(preload: string): string {
  const names = JSON.stringify({ call: CALL, receive: RECEIVE, platform: process.platform })
  // Playwright runs it in every frame; Electron runs a preload in the main frame only.
  return `if (window === window.top) (${install.toString()})(${names}, (${packing.toString()})(), (require, process, module, exports) => {${preload}\n})`
}

interface Names {
  readonly call: string
  readonly receive: string
  readonly platform: string
}
type Listener = (event: { readonly ports: readonly MessagePort[] }, ...args: readonly unknown[]) => void

/** Runs in the page: nothing of this file but its parameters is there. */
function install(
  names: Names,
  { pack, unpack }: ReturnType<typeof packing>,
  preload: (require: unknown, process: unknown, module: unknown, exports: unknown) => void,
): void {
  const world = window as unknown as Record<string, unknown>
  const call = (message: FromPage) => (world[names.call] as (text: string) => Promise<string>)(pack(message))
  const listeners = new Map<string, Listener[]>()
  const ports = new Map<number, MessagePort>()

  function portOf(id: number): MessagePort {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }) => void call({ kind: 'port', id, data })
    port1.addEventListener('close', () => void call({ kind: 'port-closed', id }))
    ports.set(id, port1)
    return port2
  }
  world[names.receive] = (text: string) => {
    const message = unpack(text) as ToPage
    if (message.kind === 'event')
      for (const listener of listeners.get(message.channel) ?? [])
        listener({ ports: message.ports.map(portOf) }, ...message.args)
    else if (message.kind === 'port') ports.get(message.id)?.postMessage(message.data)
    else ports.get(message.id)?.close()
  }
  const electron = {
    ipcRenderer: {
      on: (channel: string, listener: Listener) =>
        void listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
      async invoke(channel: string, ...params: unknown[]) {
        const answer = unpack(await call({ kind: 'invoke', channel, params })) as Invoked
        if ('error' in answer) throw new Error(`Error invoking remote method '${channel}': ${answer.error}`)
        return answer.result
      },
    },
    contextBridge: {
      exposeInMainWorld: (name: string, value: object) =>
        Object.defineProperty(window, name, { value: Object.freeze({ ...value }), enumerable: true }),
    },
    // A page cannot learn a file's path; in Electron this is the one who can.
    webUtils: { getPathForFile: () => '' },
  }
  const require = (name: string) => {
    if (name !== 'electron') throw new Error(`module not found: ${name}`)
    return electron
  }
  const module = { exports: {} }
  preload(require, { platform: names.platform }, module, module.exports)
}
