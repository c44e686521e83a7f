/** The loopback host against pages and programs that are not ours: each line of the threat list is a test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createEngine, type Engine } from '#electron/engine/engine.ts'
import { isOurHost, isOurOrigin, isToken, newToken } from '#electron/web/auth.ts'
import { serveWeb, type WebHost } from '#electron/web/server.ts'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { createClient } from '#shared/contract/rpc.ts'
import { serveConnection } from '#shared/contract/serve.ts'
import { CLOSE_BAD_MESSAGE, CLOSE_BAD_TOKEN, CLOSE_UNREAD, openSocket } from '#shared/contract/transports.ts'
import { addressOf, dial } from '../support/engine.ts'

let folder: string
let engine: Engine
let host: WebHost
let port: number
let token: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-web-'))
  const page = join(folder, 'page')
  mkdirSync(join(page, 'assets'), { recursive: true })
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>Faultline</title>')
  writeFileSync(join(page, 'assets/app.js'), 'export {}')
  writeFileSync(join(page, 'assets/app.js.map'), '{}')
  writeFileSync(join(folder, 'secret.html'), 'secret')
  engine = await createEngine({ host: 'web', dataDir: join(folder, 'data') })
  host = await serveWeb({ engine, page })
  ;({ port, token } = addressOf(host.url))
})
afterAll(async () => {
  await host.close()
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends the path as it is: no client tidies it up on the way. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request(
      { host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
      (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
      },
    )
    req.on('error', reject)
    req.end()
  })
}

/** How a socket ends: a close code, or `refused` before it ever opened. */
function ending(socket: WebSocket, first?: string | Uint8Array): Promise<number | 'refused'> {
  return new Promise((resolve) => {
    socket.on('open', () => first !== undefined && socket.send(first))
    socket.on('close', (code: number) => resolve(code))
    socket.on('error', () => resolve('refused'))
  })
}

describe('the page', () => {
  test('is served with its type and the strict headers', async () => {
    const { status, headers, body } = await get('/')
    expect({ status, body }).toEqual({ status: 200, body: '<!doctype html><title>Faultline</title>' })
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /)
    expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|https?:/)
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect((await get('/assets/app.js')).headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect((await get('/?x=1')).status).toBe(200)
  })

  test.each([
    '/missing.js',
    '/assets',
    '/assets/app.js.map',
    '/../secret.html',
    '/..%2fsecret.html',
    '/%2e%2e/secret.html',
    '/assets/../../secret.html',
    '/..\\secret.html',
    '//secret.html',
    '/index.html/',
    '/index.html%00.js',
  ])('%s is no file of it', async (path) => {
    const { status, headers, body } = await get(path)
    expect(status).toBe(404)
    expect(body).not.toContain('secret\n')
    expect(headers['content-security-policy']).toBeDefined()
  })

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is refused', async (method) => {
    expect((await get('/', {}, method)).status).toBe(405)
  })

  test('HEAD answers without a body', async () => {
    expect(await get('/', {}, 'HEAD')).toMatchObject({ status: 200, body: '' })
  })

  test.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1',
    '127.0.0.1:1',
    '0.0.0.0',
    '127.0.0.1.evil.example',
    '[::1]',
  ])('Host %s gets nothing: a name made to point here is not us', async (name) => {
    expect((await get('/', { host: name })).status).toBe(403)
  })

  test('localhost with our port is us', async () => {
    expect((await get('/', { host: `localhost:${port}` })).status).toBe(200)
  })

  test('browsers leave the port of http out, of Host and of Origin', () => {
    const headers = { host: '127.0.0.1', origin: 'http://127.0.0.1' }
    expect([isOurHost(headers, 80), isOurOrigin(headers, 80, true)]).toEqual([true, true])
    expect([isOurHost(headers, 8080), isOurOrigin(headers, 8080, true)]).toEqual([false, false])
    const evil = { host: 'evil.example', origin: 'http://evil.example' }
    expect([isOurHost(evil, 80), isOurOrigin(evil, 80, true)]).toEqual([false, false])
  })

  test.each(['http://evil.example', 'null', 'https://127.0.0.1', 'http://127.0.0.1:1'])(
    'Origin %s gets nothing',
    async (origin) => {
      expect((await get('/assets/app.js', { origin })).status).toBe(403)
    },
  )

  test('nothing listens on the other addresses of this machine', async () => {
    const others = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).filter(({ internal, family }) => !internal && family === 'IPv4'),
    )
    for (const { address } of others) {
      const refused = await new Promise((resolve) => {
        const socket = connect({ host: address, port, timeout: 2000 })
        socket
          .on('connect', () => resolve(false))
          .on('error', () => resolve(true))
          .on('timeout', () => resolve(true))
      })
      expect(refused).toBe(true)
    }
  })
})

/** 33 million of them fit into a message: half a minute and 1.6 GB to make. */
function listOfEmptyLists(length: number): Uint8Array {
  const bytes = new Uint8Array(5 + length).fill(0x90)
  bytes[0] = 0xdd
  new DataView(bytes.buffer).setUint32(1, length)
  return bytes
}

/** MessagePack's extension for what has other values in it. */
function asSet(list: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(6 + list.length)
  bytes.set([0xc9, 0, 0, 0, 0, 0x73])
  new DataView(bytes.buffer).setUint32(1, list.length)
  bytes.set(list, 6)
  return bytes
}

/** An engine that answers every call with that. */
function saying(answer: unknown): Engine {
  const serve: Engine['serve'] = (transport) =>
    serveConnection({
      transport,
      call: () => Promise.resolve(answer),
      stopper: () => new AbortController(),
      onFailure: () => undefined,
      onClose: () => undefined,
    })
  return { ...engine, serve }
}

describe('the socket', () => {
  test('lets in who knows the token', async () => {
    const client = createClient(await openSocket(dial(port), token))
    expect((await client.call('app.info', {})).paths).toBe('none')
    client.close()
  })

  test.each([
    ['another origin', { origin: 'http://evil.example' }],
    ['the origin of another port', { origin: 'http://127.0.0.1:1' }],
    ['a page from a file', { origin: 'null' }],
    ['another host', { host: 'evil.example' }],
    ['another path', { path: '/' }],
    ['a query behind the path', { path: '/socket?token=x' }],
  ])('refuses %s before the handshake', async (_, options) => {
    expect(await ending(dial(port, options), token)).toBe('refused')
  })

  test('refuses a program that says no origin', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`)
    expect(await ending(socket, token)).toBe('refused')
  })

  test.each([
    ['a wrong token', () => newToken()],
    ['an empty one', () => ''],
    ['a cut one', () => token.slice(0, -1)],
    ['one with more behind it', () => `${token}x`],
    ['the token as bytes', () => new TextEncoder().encode(token)],
  ])('closes on %s', async (_, first) => {
    expect(await ending(dial(port), first())).toBe(CLOSE_BAD_TOKEN)
  })

  test('closes who says nothing', async () => {
    const own = await serveWeb({ engine, page: join(folder, 'page'), tokenWithinMs: 300 })
    expect(await ending(dial(addressOf(own.url).port))).toBe(CLOSE_BAD_TOKEN)
    await own.close()
  })

  test('a page with a wrong token learns that it was refused', async () => {
    const client = createClient(await openSocket(dial(port), 'wrong'))
    await expect(client.call('app.info', {})).rejects.toMatchObject({ code: 'permission' })
  })

  test.each([
    ['a message over the limit', () => new Uint8Array(limits.messageBytes + 1), 1009],
    ['text after the token', () => 'hello', CLOSE_BAD_MESSAGE],
    ['bytes that are no message', () => Uint8Array.of(0xc1, 0xff), CLOSE_BAD_MESSAGE],
    ['more values than any request has', () => listOfEmptyLists(limits.requestValues), CLOSE_BAD_MESSAGE],
    ['the same inside an extension', () => asSet(listOfEmptyLists(limits.requestValues)), CLOSE_BAD_MESSAGE],
  ])('%s ends that connection and no other', async (_, message, code) => {
    const bystander = createClient(await openSocket(dial(port), token))
    const socket = dial(port)
    const end = ending(socket)
    await openSocket(socket, token)
    socket.send(message())
    expect(await end).toBe(code)
    expect((await bystander.call('app.info', {})).version).toMatch(/^\d/)
    bystander.close()
  })

  test('a page that asks and does not read the answers loses its connection, not the host its memory', async () => {
    const answers = 40
    const own = await serveWeb({ engine: saying('x'.repeat(limits.unreadBytes / 8)), page: join(folder, 'page') })
    const address = addressOf(own.url)
    const socket = dial(address.port)
    const transport = await openSocket(socket, address.token)
    socket.pause()
    const end = ending(socket)
    for (let n = 0; n < answers; n++) transport.post({ t: 'q', i: String(n), m: 'call', a: [n, 'app.info', {}] })
    // It has been given what fits, and no more.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    let came = 0
    socket.on('message', (data: ArrayBuffer) => (came += data.byteLength))
    socket.resume()
    expect(await end).toBe(CLOSE_UNREAD)
    expect(came).toBeLessThan(2 * limits.unreadBytes)
    expect(answers * (limits.unreadBytes / 8)).toBeGreaterThan(4 * limits.unreadBytes)
    await own.close()
  })

  test('a page may neither name paths nor have files written', async () => {
    const client = createClient(await openSocket(dial(port), token))
    for (const path of ['/etc/passwd', 'secret.html', '../secret.html']) {
      await expect(client.call('files.open', { source: { kind: 'path', path } })).rejects.toMatchObject({
        code: 'permission',
      })
    }
    const source = { kind: 'sample', sample: 'dax-xfs' } as const
    await expect(client.call('trace.import', { source })).rejects.toMatchObject({ code: 'permission' })
    client.close()
  })

  test('closing the host ends connections and frees the port', async () => {
    const own = await serveWeb({ engine, page: join(folder, 'page') })
    const address = addressOf(own.url)
    const client = createClient(await openSocket(dial(address.port), address.token))
    await own.close()
    await expect(client.call('app.info', {})).rejects.toMatchObject({ code: 'disconnected' })
    const next = await serveWeb({ engine, page: join(folder, 'page'), port: address.port })
    expect(next.port).toBe(address.port)
    await next.close()
  })
})

test('a token has 256 bits, and only the whole of it is it', () => {
  expect(Buffer.from(token, 'base64url')).toHaveLength(32)
  expect(new Set(Array.from({ length: 50 }, newToken)).size).toBe(50)
  expect(isToken(token, token)).toBe(true)
  for (const wrong of [undefined, null, 7, '', token.toUpperCase(), [token]]) expect(isToken(wrong, token)).toBe(false)
})

test('the address carries the token in its fragment only, which browsers do not send', () => {
  expect(host.url).toBe(`http://127.0.0.1:${port}/#token=${token}`)
})

test('a port that is taken and a page that was not built are sentences', async () => {
  const page = join(folder, 'page')
  await expect(serveWeb({ engine, page, port })).rejects.toThrow(`port ${port} is in use`)
  const error: unknown = await serveWeb({ engine, page: join(folder, 'nowhere') }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ApiError)
  expect((error as ApiError).hint).toContain('npm run build')
})
