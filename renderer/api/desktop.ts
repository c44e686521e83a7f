/**
 * The desktop shell as the window sees it: the bridge of the preload script, which is not there in a browser. The port to
 * the engine arrives as a message of our own window; one from anybody else is not taken.
 */

import { ENGINE_PORT, type DesktopBridge } from '#shared/contract/desktop.ts'
import { lostConnection, type Transport } from '#shared/contract/rpc.ts'
import { portTransport } from '#shared/contract/transports.ts'

const WITHIN_MS = 10_000

export function desktopBridge(): DesktopBridge | undefined {
  return (window as { readonly faultline?: DesktopBridge }).faultline
}

/** Dial the engine's process: the shell makes a new port each time. */
export function portDialer(bridge: DesktopBridge): () => Promise<Transport> {
  return () =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => done(() => reject(lostConnection())), WITHIN_MS)
      const receive = (event: MessageEvent): void => {
        const [port] = event.ports
        if (event.source !== window || event.data !== ENGINE_PORT || !port) return
        done(() => resolve(portTransport(port)))
      }
      function done(then: () => void): void {
        clearTimeout(late)
        window.removeEventListener('message', receive)
        then()
      }
      window.addEventListener('message', receive)
      bridge.connectEngine().catch(() => done(() => reject(lostConnection())))
    })
}
