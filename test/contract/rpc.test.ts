/** The protocol alone, over every transport, against a small handler: what birpc does not do and therefore is ours. */
import { MessageChannel } from 'node:worker_threads'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { decodeMessage, encodeMessage, valuesIn } from '#shared/contract/codec.ts'
import type { Client } from '#shared/contract/methods.ts'
import { createClient, type Transport } from '#shared/contract/rpc.ts'
import { serveConnection, type ServedCall } from '#shared/contract/serve.ts'
import { messageSize } from '#shared/contract/size.ts'
import { inProcessPair, portTransport } from '#shared/contract/transports.ts'

type Handler = (call: ServedCall<AbortSignal>) => Promise<unknown>

function portPair(): [Transport, Transport] {
  const { port1, port2 } = new MessageChannel()
  return [portTransport(port1), portTransport(port2)]
}

const pairs: Record<string, () => [Transport, Transport]> = { 'in-process': inProcessPair, MessagePort: portPair }

const open: { close(): void }[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

function connect(
  pair: () => [Transport, Transport],
  handler: Handler,
): { client: Client; ends: [Transport, Transport] } {
  const ends = pair()
  open.push(
    serveConnection<AbortSignal>({
      transport: ends[1],
      call: handler,
      stopper: () => new AbortController(),
      onFailure: () => undefined,
      onClose: () => undefined,
    }),
  )
  const client = createClient(ends[0])
  open.push(client)
  return { client, ends }
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(ApiError)
  return thrown as ApiError
}

describe.each(Object.entries(pairs))('%s', (_, pair) => {
  test('a call gets its own answer', async () => {
    const { client } = connect(pair, ({ method }) => Promise.resolve(method))
    expect(await Promise.all([client.call('app.info', {}), client.call('files.recent', {})])).toEqual([
      'app.info',
      'files.recent',
    ])
  })

  test('an ApiError keeps its code and hint, anything else is internal', async () => {
    const { client } = connect(pair, ({ method }) =>
      Promise.reject(
        method === 'app.info' ? new ApiError('exists', 'it is there', 'take another name') : new TypeError('oops'),
      ),
    )
    expect((await failure(client.call('app.info', {}))).toWire()).toEqual({
      code: 'exists',
      message: 'it is there',
      hint: 'take another name',
    })
    expect((await failure(client.call('files.recent', {}))).toWire()).toEqual({ code: 'internal', message: 'oops' })
  })

  test('an unknown method is answered with the nearest known one', async () => {
    const { client } = connect(pair, () => Promise.resolve(1))
    const error = await failure(client.call('files.opne' as 'files.open', {} as never))
    expect(error.code).toBe('unknown-id')
    expect(error.hint).toContain('files.open')
  })

  test('names that objects inherit are no methods', async () => {
    const { client } = connect(pair, () => Promise.resolve(1))
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect((await failure(client.call(name as 'app.info', {}))).code).toBe('unknown-id')
    }
  })

  test('parameters that do not fit the schema are refused before the handler sees them', async () => {
    let seen = 0
    const { client } = connect(pair, () => Promise.resolve(seen++))
    const error = await failure(client.call('query.run', { file: 'f', sql: 7 as unknown as string }))
    expect(error.code).toBe('bad-request')
    expect(error.message).toMatch(/^query\.run: sql: /)
    expect(seen).toBe(0)
  })

  test('abort reaches the running call and its end is the answer', async () => {
    const { client } = connect(
      pair,
      ({ signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new ApiError('cancelled', 'stopped'))),
        ),
    )
    const stop = new AbortController()
    const call = failure(client.call('app.info', {}, { signal: stop.signal }))
    setTimeout(() => stop.abort(), 10)
    expect((await call).code).toBe('cancelled')
  })

  test('an aborted signal sends nothing', async () => {
    let seen = 0
    const { client } = connect(pair, () => Promise.resolve(seen++))
    expect((await failure(client.call('app.info', {}, { signal: AbortSignal.abort() }))).code).toBe('cancelled')
    await client.call('app.info', {})
    expect(seen).toBe(1)
  })

  test('progress goes to the call it belongs to', async () => {
    const progress = { stage: 'parsing', done: 1, total: null, unit: 'bytes', events: null, elapsedMs: 1 } as const
    const { client } = connect(pair, ({ method, onProgress }) => {
      if (method === 'app.info') onProgress(progress)
      return Promise.resolve(null)
    })
    const seen: unknown[] = []
    const other: unknown[] = []
    await Promise.all([
      client.call('app.info', {}, { onProgress: (p) => seen.push(p) }),
      client.call('files.recent', {}, { onProgress: (p) => other.push(p) }),
    ])
    expect(seen).toEqual([progress])
    expect(other).toEqual([])
  })

  test('a request or an answer over the limit is an error of that call alone', async () => {
    const { client } = connect(pair, ({ method }) =>
      Promise.resolve(method === 'app.info' ? new Uint8Array(limits.messageBytes) : 1),
    )
    expect((await failure(client.call('app.info', {}))).code).toBe('limit')
    const upload = { upload: 'u', bytes: new Uint8Array(limits.messageBytes) }
    expect((await failure(client.call('upload.chunk', upload))).code).toBe('limit')
    expect(await client.call('files.recent', {})).toBe(1)
  })

  test('a request whose parameters are no plain names and values is refused before a schema looks at each of them', async () => {
    const { client } = connect(pair, () => Promise.resolve(1))
    const bytes = new Uint8Array(3_000_000)
    const names = Object.fromEntries(Array.from({ length: limits.requestNames + 1 }, (_, i) => [`n${i}`, i]))
    for (const wrong of [bytes, { source: bytes }, { source: { kind: bytes } }])
      expect(await failure(client.call('files.open', wrong as never))).toMatchObject({
        code: 'bad-request',
        message: 'files.open: bytes where none belong',
      })
    for (const wrong of [names, { source: names }])
      expect(await failure(client.call('files.open', wrong as never))).toMatchObject({
        code: 'limit',
        message: `files.open: more than ${limits.requestNames} names in one object`,
      })
    const unknown = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`name ${i}`, i]))
    expect((await failure(client.call('verdicts.run', unknown as never))).message.length).toBeLessThan(1_000)
    expect(await client.call('upload.chunk', { upload: 'u', bytes })).toBe(1)
  })

  test('a lost connection rejects what is pending and what comes after, and cancels it in the engine', async () => {
    let [arrived, aborted] = [0, 0]
    const { client, ends } = connect(pair, ({ signal }) => {
      arrived++
      signal.addEventListener('abort', () => aborted++)
      return new Promise(() => undefined)
    })
    const calls = [failure(client.call('app.info', {})), failure(client.call('files.recent', {}))]
    await expect.poll(() => arrived).toBe(2)
    ends[1].close()
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(['disconnected', 'disconnected'])
    expect((await failure(client.call('app.info', {}))).code).toBe('disconnected')
    await expect.poll(() => aborted).toBe(2)
  })

  test('rubbish on the wire is ignored', async () => {
    const { client, ends } = connect(pair, () => Promise.resolve('fine'))
    for (const rubbish of [
      undefined,
      null,
      7,
      'x',
      [],
      {},
      { t: 'q' },
      { t: 'q', m: 'call', a: 7 },
      { t: 's' },
      { t: 's', i: 'no such' },
    ]) {
      ends[0].post(rubbish ?? 0)
      ends[1].post(rubbish ?? 0)
    }
    expect(await client.call('app.info', {})).toBe('fine')
  })

  test('more calls than the limit are refused, the others go on', async () => {
    const { client } = connect(pair, ({ method }) =>
      method === 'app.info' ? new Promise(() => undefined) : Promise.resolve(1),
    )
    const pending = Array.from({ length: limits.callsInFlight }, () =>
      client.call('app.info', {}).catch(() => undefined),
    )
    expect((await failure(client.call('files.recent', {}))).code).toBe('limit')
    client.close()
    await Promise.all(pending)
  })
})

test('typed arrays cross the socket codec with type, length and values, and own their bytes', () => {
  const whole = new Float64Array([9, 1.5, NaN, -0, Infinity, 9])
  const columns = {
    pad: 'x',
    f64: whole.subarray(1, 5),
    u32: new Uint32Array([1, 0xffffffff]),
    i32: new Int32Array([-1]),
    u16: new Uint16Array([65535]),
    u8: new Uint8Array([1, 2, 3]),
    empty: new Float64Array(0),
    none: undefined,
    unknown: null,
  }
  const back = decodeMessage(encodeMessage(columns)) as typeof columns
  expect(back).toEqual(columns)
  expect(Object.is(back.f64[2], -0)).toBe(true)
  expect(back.f64.buffer.byteLength).toBe(32)
})

test('the values of a message are counted without making them', () => {
  const count = (value: unknown): number => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return 1
    const items: unknown[] = Array.isArray(value) ? value : Object.entries(value).flat()
    return items.reduce((sum: number, item) => sum + count(item), 1)
  }
  const bytes = fc.uint8Array({ maxLength: 70_000 })
  const leaf = fc.oneof(fc.string(), fc.string({ minLength: 300, maxLength: 70_000 }), fc.double(), fc.integer(), bytes)
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.constantFrom(null, true, false, new Float64Array(9000), new Int32Array(2), new Uint8Array(16)),
      fc.array(tie('tree'), { maxLength: 20 }),
      fc.dictionary(fc.string({ minLength: 1 }), tie('tree'), { maxKeys: 20 }),
    ),
  }))
  fc.assert(fc.property(tree, (value) => valuesIn(encodeMessage(value), Infinity) === count(value)))
  expect(valuesIn(encodeMessage(Array(70_000).fill(0)), Infinity)).toBe(70_001)
  expect(valuesIn(encodeMessage(Array(70_000).fill(0)), 10)).toBe(11)
})

test('a message size is never below what the codec makes of it', () => {
  const messages = [
    'é'.repeat(100),
    '😀'.repeat(50),
    { a: [1, 2.5, null, undefined, true] },
    new Float64Array(100),
    2 ** 53,
    'x'.repeat(70_000),
  ]
  for (const message of messages) {
    expect(messageSize(message, Infinity)).toBeGreaterThanOrEqual(encodeMessage(message).byteLength)
  }
})
