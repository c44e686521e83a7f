/**
 * The page's own scheme, app://faultline: a fixed list of built files, GET only, with the same headers as the web host.
 * There is no file:// anywhere.
 */

import type { CustomScheme, Session } from 'electron'
import { PAGE_HEADERS } from '../csp.ts'
import type { PageFiles } from '../page-files.ts'
import { isOurPage } from './security.ts'

/** To be registered before the app is ready. */
export const SCHEME: CustomScheme = {
  scheme: 'app',
  privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
}

export function pageResponse(files: PageFiles, method: string, url: string): Response {
  if (method !== 'GET') return new Response('GET only', { status: 405, headers: PAGE_HEADERS })
  const file = isOurPage(url) ? files.get(new URL(url).pathname) : undefined
  if (file === undefined) return new Response('no such file', { status: 404, headers: PAGE_HEADERS })
  return new Response(new Uint8Array(file.bytes), { headers: { ...PAGE_HEADERS, 'content-type': file.type } })
}

export function servePage(session: Session, files: PageFiles): void {
  session.protocol.handle(SCHEME.scheme, ({ method, url }) => pageResponse(files, method, url))
}
