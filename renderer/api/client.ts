/**
 * The contract's client as the window uses it. It is provided once by main.ts; stores and composables take it from
 * there, so that a component test can put its own host in place. Nothing else in the window talks to a host.
 */

import { inject, type App, type InjectionKey } from 'vue'
import type { Client } from '#shared/contract/methods.ts'

const clientKey: InjectionKey<Client> = Symbol('client')

export function provideClient(app: App, client: Client): void {
  app.provide(clientKey, client)
}

/** Works in components and in stores (Pinia runs their setup inside the app). */
export function useClient(): Client {
  const client = inject(clientKey)
  if (!client) throw new Error('assertion failed: no client is provided')
  return client
}
