/**
 * A page of the window over a trace in memory: real stores, real panels, real analyses answering the contract's calls in
 * process. Only what needs pixels is left out: ECharts is replaced by an empty element, canvases have no context here.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { createApp, type Component } from 'vue'
import { analyses } from '#shared/analysis/index.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { Client } from '#shared/contract/methods.ts'
import type { Trace } from '#shared/model/trace.ts'
import { describeTrace } from '#electron/engine/describe.ts'
import { analysisCache } from '#renderer/api/analysis-cache.ts'
import { provideClient } from '#renderer/api/client.ts'
import { provideAnalyses } from '#renderer/api/provide-analyses.ts'
import { useCommandStore } from '#renderer/commands/index.ts'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useSelectionStore } from '#renderer/stores/selection.ts'

/** The page's style sheet, as far as code reads it: every token on the root element. */
function putTokens(): void {
  const css = readFileSync(join(import.meta.dirname, '../../renderer/theme/tokens.css'), 'utf8')
  for (const [, name, value] of css.matchAll(/(--[\w-]+):\s*([^;]+);/g)) {
    if (document.documentElement.style.getPropertyValue(name) === '')
      document.documentElement.style.setProperty(name, value)
  }
}

const source = { kind: 'sample', sample: 'small' } as const

/** Answers what the pages ask; anything else is a mistake of the test. */
function clientOf(trace: Trace): Client {
  const rows = {
    op: trace.op.length,
    phase: trace.phase.length,
    lock_span: trace.lockSpan.length,
    wait_edge: trace.waitEdge.length,
    task_state: trace.taskState.length,
  }
  const info = describeTrace({ id: 1, name: 'small', rows } as unknown as Parameters<typeof describeTrace>[0], trace)
  const opened = { file: 'f1', name: 'small.faultline', path: 'small.faultline', bytes: 1, traces: [info] }
  const answer = (method: string, params: { id?: string; params?: unknown }): unknown => {
    if (method === 'files.open') return { opened, imported: null }
    if (method === 'files.recent') return []
    if (method !== 'analysis.run') throw new ApiError('internal', `not answered here: ${method}`)
    const analysis = analyses.get(params.id ?? '')
    return analysis.run(trace, analysis.params.parse(params.params))
  }
  return {
    call: async (method, params) => answer(method, params as { id?: string; params?: unknown }) as never,
    on: () => () => undefined,
    close: () => undefined,
  }
}

export interface PageUnderTest {
  readonly page: VueWrapper
  readonly selection: ReturnType<typeof useSelectionStore>
  /** Run a command of the page by its id, if it applies. */
  readonly command: (id: string) => Promise<void>
  /** Let questions be answered and the page follow. */
  readonly settle: () => Promise<void>
}

export async function mountPage(component: Component, trace: Trace): Promise<PageUnderTest> {
  putTokens()
  const client = clientOf(trace)
  const pinia = createPinia()
  const provide = {
    install(app: ReturnType<typeof createApp>): void {
      provideClient(app, client)
      provideAnalyses(app, analysisCache(client))
    },
  }
  const outside = createApp({}).use(pinia).use(provide)
  setActivePinia(pinia)
  await outside.runWithContext(async () => useFilesStore().open({ kind: 'source', source, name: 'small' }))
  const page = mount(
    { components: { Inner: component }, template: '<main><Inner /></main>' },
    {
      attachTo: document.body,
      global: { plugins: [pinia, provide], stubs: { EChart: true } },
    },
  )
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 4; turn++) await flushPromises()
  }
  await settle()
  const commands = outside.runWithContext(() => useCommandStore())
  return {
    page,
    selection: outside.runWithContext(() => useSelectionStore()),
    command: async (id) => {
      const command = commands.applicable.find((candidate) => candidate.id === id)
      if (command === undefined) throw new Error(`no such command applies: ${id}`)
      await command.run()
      await settle()
    },
    settle,
  }
}
