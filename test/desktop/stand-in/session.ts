/**
 * `session` and `protocol`: the app's own scheme and its filter of requests, asked for every request Chromium makes.
 * Chromium knows no app: scheme from outside, so app://HOST/PATH is https://HOST.stand-in/PATH on the wire; the app's
 * own code sees only its own spelling.
 */
import type { Route } from 'playwright-core'

type BeforeRequest = (details: { url: string }, decide: (answer: { cancel: boolean }) => void) => void
type Handler = (request: { method: string; url: string }) => Response | Promise<Response>

const WIRE = /^https:\/\/([^/]+)\.stand-in\//
export const onWire = (url: string): string => url.replace(/^app:\/\/([^/]+)\//, 'https://$1.stand-in/')
export const offWire = (url: string): string => url.replace(WIRE, 'app://$1/')

class StandInSession {
  /** Which of the session's doors the app has put a guard at. */
  readonly guards: string[] = []
  #before: BeforeRequest | undefined
  readonly #handlers = new Map<string, Handler>()
  readonly webRequest = {
    onBeforeRequest: (before: BeforeRequest) => {
      this.guards.push('requests')
      this.#before = before
    },
  }
  readonly protocol = { handle: (scheme: string, handler: Handler) => void this.#handlers.set(scheme, handler) }
  setPermissionRequestHandler(): void {
    this.guards.push('permission requests')
  }
  setPermissionCheckHandler(): void {
    this.guards.push('permission checks')
  }
  setDevicePermissionHandler(): void {
    this.guards.push('devices')
  }
  setSpellCheckerEnabled(on: boolean): void {
    if (!on) this.guards.push('spelling')
  }

  mayLoad(url: string): boolean {
    let cancelled = false
    this.#before?.({ url: offWire(url) }, ({ cancel }) => (cancelled = cancel))
    return !cancelled
  }

  /** Answers a request as the app would, or not at all: nothing goes to a network. */
  async answer(route: Route): Promise<void> {
    const request = route.request()
    const url = offWire(request.url())
    const handler = this.#handlers.get(new URL(url).protocol.replace(':', ''))
    if (!this.mayLoad(request.url()) || handler === undefined) return route.abort('blockedbyclient')
    const response = await handler({ method: request.method(), url })
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    })
  }
}

export const defaultSession = new StandInSession()
export const session = { defaultSession }
export const protocol = {
  schemes: new Array<unknown>(),
  registerSchemesAsPrivileged: (schemes: readonly unknown[]) => void protocol.schemes.push(...schemes),
}
