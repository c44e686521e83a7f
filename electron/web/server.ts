/**
 * The loopback web host: the page over HTTP and the contract over one WebSocket per page, on 127.0.0.1 only.
 *
 *     const { url, close } = await serveWeb({ engine, page, port, root })
 *
 * It serves a fixed list of files and knows no path; the page's files come through uploads or from under --root, which
 * the engine checks. There is no way to make it listen elsewhere.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { CLOSE_BAD_TOKEN, socketTransport } from '#shared/contract/transports.ts'
import type { ClientRights, Engine } from '#electron/engine/engine.ts'
import { PAGE_HEADERS } from '../csp.ts'
import { readPage, type PageFiles } from '../page-files.ts'
import { isOurHost, isOurOrigin, isToken, newToken } from './auth.ts'

const SOCKET_PATH = '/socket'

/** A connection that has not said its token by then is closed. */
const TOKEN_WITHIN_MS = 30_000

export interface WebOptions {
  readonly engine: Engine
  /** Folder of the built page. */
  readonly page: string
  /** Default: a free one. */
  readonly port?: number
  /** Whether the page may name paths; the engine must have been created with the same root. */
  readonly hasRoot?: boolean
  /** For the first message, which must be the token; a machine may stand still for a while. */
  readonly tokenWithinMs?: number
}

export interface WebHost {
  /** With the token in its fragment. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export async function serveWeb(options: WebOptions): Promise<WebHost> {
  const { engine, page, port = 0, hasRoot = false, tokenWithinMs = TOKEN_WITHIN_MS } = options
  const files = await readPage(page)
  const token = newToken()
  const rights: ClientRights = { paths: hasRoot ? 'root' : 'none', local: false }
  const server = createServer((request, response) => answer(request, response, { files, port: portOf(server) }))
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.messageBytes, perMessageDeflate: false })
  server.on('upgrade', (request, socket, head) => {
    // A browser that goes away during the handshake is no reason for the server to end.
    socket.on('error', () => socket.destroy())
    if (!mayUpgrade(request, portOf(server), sockets.clients.size)) return refuse(socket)
    sockets.handleUpgrade(request, socket, head, (client) => {
      greet(client, { token, tokenWithinMs }, (one) => engine.serve(one, rights))
    })
  })
  await listen(server, port)
  return {
    url: `http://127.0.0.1:${portOf(server)}/#token=${token}`,
    port: portOf(server),
    async close() {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, port)))
    server.listen(port, '127.0.0.1', () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function cannotListen(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === 'EADDRINUSE')
    return new ApiError('permission', `port ${port} is in use`, 'choose another with --port, or none')
  if (error.code === 'EACCES')
    return new ApiError('permission', `port ${port} is not permitted`, 'choose one above 1023')
  return error
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { files, port }: { readonly files: PageFiles; readonly port: number },
): void {
  const send = (status: number, headers: Readonly<Record<string, string>>, body: string | Buffer) => {
    response.writeHead(status, { ...PAGE_HEADERS, 'cache-control': 'no-store', ...headers })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  const text = { 'content-type': 'text/plain; charset=utf-8' }
  if (!isOurHost(request.headers, port) || !isOurOrigin(request.headers, port, false))
    return send(403, text, 'not for you\n')
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(405, { ...text, allow: 'GET, HEAD' }, 'GET only\n')
  const file = files.get((request.url ?? '').split('?', 1)[0])
  if (file === undefined) return send(404, text, 'no such file\n')
  send(200, { 'content-type': file.type, 'content-length': String(file.bytes.length) }, file.bytes)
}

function mayUpgrade({ url, headers }: IncomingMessage, port: number, connected: number): boolean {
  return (
    url === SOCKET_PATH && isOurHost(headers, port) && isOurOrigin(headers, port, true) && connected < limits.webClients
  )
}

function refuse(socket: Duplex): void {
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}

/** The first message must be the token; only then is there a connection to the engine. */
function greet(
  client: WebSocket,
  { token, tokenWithinMs }: { readonly token: string; readonly tokenWithinMs: number },
  serve: (transport: ReturnType<typeof socketTransport>) => void,
): void {
  const late = setTimeout(() => client.close(CLOSE_BAD_TOKEN, 'no token'), tokenWithinMs)
  // A frame that is too large or malformed: ws closes the connection itself, with the right code.
  client.on('error', () => undefined)
  client.on('close', () => clearTimeout(late))
  client.once('message', (data: Buffer, isBinary: boolean) => {
    clearTimeout(late)
    if (isBinary || !isToken(data.toString('utf8'), token)) client.close(CLOSE_BAD_TOKEN, 'wrong token')
    else serve(socketTransport(client, limits.requestValues))
  })
}
