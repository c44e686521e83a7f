/**
 * A host for component tests: it answers the contract's calls from a table and remembers what was asked, with signals and
 * progress like the real ones. Only for tests of what the window does with answers; the real engine is tested elsewhere.
 */
import { createPinia } from 'pinia'
import { createApp, defineComponent, h, type App } from 'vue'
import { ApiError } from '#shared/base/errors.ts'
import type { AppInfo, CallOptions, Client, EventName, MethodName } from '#shared/contract/methods.ts'
import type { ImportSummary, OpenedFile, TraceInfo } from '#shared/contract/files.ts'
import { analysisCache } from '#renderer/api/analysis-cache.ts'
import { provideClient } from '#renderer/api/client.ts'
import { provideAnalyses } from '#renderer/api/provide-analyses.ts'

export interface Asked {
  readonly method: MethodName
  readonly params: Record<string, unknown>
  readonly options: CallOptions
  resolve(result: unknown): void
  reject(error: unknown): void
}
type Answer = (asked: Asked) => unknown

/** Answers by method; a method without one stays open until the test settles it through `asked`. */
export function fakeHost(given: Partial<Record<MethodName, Answer>> = {}) {
  const answers = { 'window.kept': () => ({}), 'window.keep': () => null, ...given } as typeof given
  const pinia = createPinia()
  const asked: Asked[] = []
  const listeners = new Map<string, Set<(data: never) => void>>()
  const call = (method: MethodName, params: Record<string, unknown>, options: CallOptions = {}) =>
    new Promise((resolve, reject) => {
      const one: Asked = { method, params, options, resolve, reject }
      asked.push(one)
      options.signal?.addEventListener('abort', () => reject(new ApiError('cancelled', `${method} was cancelled`)))
      const answer = answers[method]
      if (!answer) return
      void Promise.resolve()
        .then(() => answer(one))
        .then(resolve, reject)
    })
  const client: Client = {
    call: call as Client['call'],
    on(event, listener) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set.add(listener))
      return () => set.delete(listener)
    },
    close: () => undefined,
  }
  return {
    client,
    pinia,
    asked,
    of: (method: MethodName) => asked.filter((one) => one.method === method),
    emit: (event: EventName, data: unknown) => listeners.get(event)?.forEach((listener) => listener(data as never)),
  }
}
export type FakeHost = ReturnType<typeof fakeHost>

/** Plugin for `mount(…, { global: { plugins: [windowOf(host)] } })`. */
export function windowOf(host: FakeHost) {
  return {
    install(app: App) {
      app.use(host.pinia)
      provideClient(app, host.client)
      provideAnalyses(app, analysisCache(host.client))
    },
  }
}

/** Run something inside an app that has the host: stores and composables work there. */
export function inWindow<T>(host: FakeHost, run: () => T): { result: T; app: App } {
  let result: T | undefined
  const app = createApp(
    defineComponent({
      setup() {
        result = run()
        return () => h('div')
      },
    }),
  )
  windowOf(host).install(app)
  app.mount(document.createElement('div'))
  return { result: result as T, app }
}

export const traceInfo = (part: Partial<TraceInfo> = {}): TraceInfo => ({
  id: 1,
  name: 'a.trace',
  format: 'ftrace',
  strategy: null,
  scenario: null,
  events: 1000,
  ops: 10,
  lockSpans: 20,
  tasks: 3,
  idleTasks: 1,
  lockClasses: 2,
  locks: 3,
  durationNs: 2_000_000_000,
  lost: 0,
  clock: 'mono',
  clockUnit: 'ns',
  startClock: '0',
  startUnixNs: null,
  kernel: null,
  cpus: 2,
  diagnostics: [],
  shows: { holds: true, waits: true, states: true, ops: true },
  opKinds: ['truncate'],
  taskList: [{ id: 7, pid: 454, comm: 'trunc/0' }],
  classList: [{ id: 3, name: 'mapping.invalidate_lock', kind: 'rwsem' }],
  ...part,
})

export const openedFile = (file: string, part: Partial<OpenedFile> = {}): OpenedFile => ({
  file,
  name: `${file}.faultline`,
  path: `${file}.faultline`,
  bytes: 4096,
  traces: [traceInfo()],
  ...part,
})

export const importSummary = (part: Partial<ImportSummary> = {}): ImportSummary => ({
  file: 'a',
  format: 'ftrace',
  lines: 1010,
  bytes: 100_000,
  events: 1000,
  startNs: 0,
  endNs: 2_000_000_000,
  tasks: 2,
  locks: 3,
  lockClasses: 2,
  ops: 10,
  lockSpans: 20,
  skipped: [],
  warnings: [],
  lost: 0,
  unmatched: 0,
  wallMs: 120,
  ...part,
})

export const appInfo = (part: Partial<AppInfo> = {}): AppInfo => ({
  version: '0.1.0',
  host: 'web',
  platform: 'linux',
  formats: [{ id: 'ftrace', title: 'tracefs text', extensions: ['txt'] }],
  analyses: [],
  samples: [{ id: 's', title: 'Under the mutex', teaches: 'What it costs', origin: 'Linux 6.1', bytes: 2048 }],
  paths: 'none',
  startWith: [],
  ...part,
})

export const tick = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
