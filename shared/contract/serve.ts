/**
 * The contract's protocol, engine's side: one connection. It checks parameters against the method's schema, hands the
 * call on with a signal and a way to report progress, and turns whatever is thrown into an answer. It knows no method;
 * what calls do is the handler's business. When the connection ends, everything it had running is cancelled.
 */

import { createBirpc } from 'birpc'
import type * as z from 'zod'
import { ApiError } from '../base/errors.ts'
import { unknownId } from '../base/registry.ts'
import { limits } from '../base/limits.ts'
import { methods, type EngineEvents, type EventName, type MethodName, type Progress } from './methods.ts'
import { channel, type CallerFunctions, type EngineFunctions, type Transport } from './rpc.ts'

export interface ServedCall<S> {
  readonly method: MethodName
  /** Parsed by the method's schema. */
  readonly params: unknown
  readonly signal: S
  readonly onProgress: (progress: Progress) => void
}

/** The host's AbortController, injected because shared/ has none. */
export interface Stopper<S> {
  readonly signal: S
  abort(): void
}

export interface ServeOptions<S> {
  readonly transport: Transport
  call(call: ServedCall<S>): Promise<unknown>
  stopper(): Stopper<S>
  /** Every failed call, for the log. */
  onFailure(method: string, thrown: unknown): void
  onClose(): void
}

export interface Connection {
  emit<E extends EventName>(event: E, data: EngineEvents[E]): void
  close(): void
}

export function serveConnection<S>(options: ServeOptions<S>): Connection {
  const { transport } = options
  const running = new Map<number, Stopper<S>>()
  let open = true

  async function call(ticket: number, method: string, params: unknown): Promise<unknown> {
    if (typeof ticket !== 'number' || running.has(ticket))
      throw new ApiError('bad-request', 'a call needs a ticket of its own')
    if (running.size >= limits.callsInFlight) {
      throw new ApiError(
        'limit',
        `${limits.callsInFlight} calls are running already`,
        'wait for one to finish or cancel it',
      )
    }
    const name = knownMethod(method)
    const stopper = options.stopper()
    running.set(ticket, stopper)
    try {
      const onProgress = (progress: Progress) => {
        if (open && running.has(ticket)) void rpc.$callEvent('progress', ticket, progress).catch(() => undefined)
      }
      return await options.call({ method: name, params: parseParams(name, params), signal: stopper.signal, onProgress })
    } catch (thrown) {
      options.onFailure(name, thrown)
      throw thrown
    } finally {
      running.delete(ticket)
    }
  }

  const functions: EngineFunctions = { call, cancel: (ticket) => running.get(ticket)?.abort() }
  // Only these two; birpc would also find what functions inherit from Object.
  const byName = new Map<string, (...args: never[]) => unknown>(Object.entries(functions))
  const rpc = createBirpc<CallerFunctions, EngineFunctions, false>(functions, {
    ...channel(transport),
    resolver: (name) => byName.get(name),
    // An answer that cannot be sent (too large, not cloneable) is answered with why; nothing is left to be thrown.
    onGeneralError: () => true,
  })

  const end = () => {
    if (!open) return
    open = false
    for (const stopper of running.values()) stopper.abort()
    rpc.$close()
    options.onClose()
  }
  transport.onClose(end)

  return {
    emit(event, data) {
      if (open) void rpc.$callEvent('event', event, data).catch(() => undefined)
    },
    close() {
      end()
      transport.close()
    },
  }
}

function knownMethod(method: unknown): MethodName {
  if (typeof method === 'string' && Object.hasOwn(methods, method)) return method as MethodName
  throw unknownId('method', String(method), Object.keys(methods))
}

/** Results that come back to be made into a report, and pieces of files: columns are in them, and no schema looks inside. */
const TAKEN_AS_THEY_ARE: ReadonlySet<string> = new Set(['bytes', 'result', 'beside', 'sensitivity', 'scaling'])

/** A schema looks at every name of what it is given, and names each it does not know: of a megabyte of bytes, a million. */
function checkShape(method: MethodName, params: unknown): void {
  const pending: unknown[] = [params]
  for (let values = 0; pending.length > 0; values++) {
    // Through a port also one that holds itself can come.
    if (values > limits.requestValues)
      throw new ApiError('limit', `${method}: more than ${limits.requestValues} values`)
    const value = pending.pop()
    if (typeof value !== 'object' || value === null) continue
    if (ArrayBuffer.isView(value)) throw new ApiError('bad-request', `${method}: bytes where none belong`)
    const names = Object.keys(value)
    if (!Array.isArray(value) && names.length > limits.requestNames)
      throw new ApiError('limit', `${method}: more than ${limits.requestNames} names in one object`)
    for (const name of names)
      if (value !== params || !TAKEN_AS_THEY_ARE.has(name))
        pending.push((value as Readonly<Record<string, unknown>>)[name])
  }
}

function parseParams(method: MethodName, params: unknown): unknown {
  checkShape(method, params)
  return parseWith(methods[method].params, params, method)
}

/** Parses with a schema; what does not fit is `bad-request` and says which field and why. */
export function parseWith<P extends z.ZodType>(schema: P, value: unknown, what: string): z.output<P> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.slice(0, 5)
  const where = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  throw new ApiError('bad-request', `${what}: ${where.map(short).join('; ')}`)
}

const SHORT_CHARS = 500

/** What does not fit is quoted, however long it is. */
function short(text: string): string {
  return text.length > SHORT_CHARS ? `${text.slice(0, SHORT_CHARS)}…` : text
}
