/**
 * Who may talk to the loopback server. Other pages of the user's browser can reach 127.0.0.1 too, so the address alone
 * proves nothing: the Host must be ours (a name somebody made point here is refused), the Origin must be ours, and a
 * connection must know the token, which only the printed URL's fragment carries; browsers never send fragments.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

const HOSTS = ['127.0.0.1', 'localhost']
const HTTP_PORT = 80

/** 256 bits. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** Takes the same time whatever was given. */
export function isToken(given: unknown, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(typeof given === 'string' ? given : ''), digest(token))
}

export function isOurHost(headers: IncomingHttpHeaders, port: number): boolean {
  return authorities(port).some((authority) => headers.host === authority)
}

/** Browsers leave Origin out of plain GETs of a page's own files; where it is sent it must be ours. */
export function isOurOrigin(headers: IncomingHttpHeaders, port: number, required: boolean): boolean {
  if (headers.origin === undefined) return !required
  return authorities(port).some((authority) => headers.origin === `http://${authority}`)
}

/** Browsers do not say the port that http has anyway. */
function authorities(port: number): readonly string[] {
  return HOSTS.flatMap((host) => [`${host}:${port}`, ...(port === HTTP_PORT ? [host] : [])])
}
