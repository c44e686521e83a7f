// @vitest-environment happy-dom
/** The open trace saved in other formats: what is asked for, what is shown meanwhile, and how it is stopped. */
import { describe, expect, it } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { exporting } from '#renderer/commands/export.ts'
import type { CommandContext } from '#renderer/commands/command.ts'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useSelectionStore } from '#renderer/stores/selection.ts'
import { useToastStore } from '#renderer/stores/toasts.ts'
import { useTraceStore } from '#renderer/stores/trace.ts'
import { useTraceExportStore } from '#renderer/stores/trace-export.ts'
import { fakeHost, importSummary, inWindow, openedFile, tick } from './support/fake-host.ts'

async function windowWith(answer: () => unknown) {
  const host = fakeHost({
    ...{ 'files.recent': () => [], 'files.close': () => null, 'export.run': answer },
    'files.open': () => ({ opened: openedFile('a'), imported: importSummary() }),
  })
  const { result } = inWindow(host, () => ({
    ...{ files: useFilesStore(), trace: useTraceStore(), toasts: useToastStore(), selection: useSelectionStore() },
    exports: useTraceExportStore(),
  }))
  await result.files.open({ kind: 'source', source: { kind: 'sample', sample: 'a' }, name: 'a' })
  return { host, ...result }
}

const answered = { path: null, name: 'a.json', bytes: new Uint8Array([1, 2]), download: null, rows: 2 }

describe('exporting from the window', () => {
  it('offers every format of a trace once one is open', async () => {
    const { trace } = await windowWith(() => answered)
    const commands = exporting.commands({ trace } as unknown as CommandContext)
    const offered = commands.filter(({ when }) => when?.() !== false).map(({ id }) => id)
    expect(offered).toEqual([
      ...['ftrace', 'chrome-json', 'perfetto', 'parquet', 'html', 'faultline', 'faultline-rows'].map(
        (id) => `export.${id}`,
      ),
    ])
  })

  it('asks for the whole trace, or for the area that is chosen', async () => {
    const { host, exports, selection } = await windowWith(() => answered)
    await exports.save('chrome-json')
    expect(host.of('export.run')[0].params).toEqual({ file: 'a', trace: 1, format: 'chrome-json' })
    selection.select({ range: { fromNs: 10.4, toNs: 99.2 } })
    await exports.save('faultline', { rawEvents: true })
    expect(host.of('export.run')[1].params).toMatchObject({ fromNs: 10, toNs: 100, rawEvents: true })
  })

  it('says how far it is, can be stopped, and then says nothing more', async () => {
    let fail: (error: Error) => void = () => undefined
    const { host, exports, toasts } = await windowWith(() => new Promise((_, reject) => (fail = reject)))
    const saving = exports.save('perfetto')
    await tick()
    const call = host.of('export.run')[0]
    call.options.onProgress?.({ stage: 'writing', done: 4096, total: null, unit: 'rows', events: null, elapsedMs: 5 })
    expect(toasts.toasts[0].detail).toMatch(/4.?096 events and spans/)
    toasts.toasts[0].action?.run()
    expect(call.options.signal?.aborted).toBe(true)
    fail(new ApiError('cancelled', 'the export was cancelled'))
    await saving
    expect(toasts.toasts).toEqual([])
  })

  it('says what went wrong', async () => {
    const { exports, toasts } = await windowWith(() =>
      Promise.reject(new ApiError('permission', 'the disk is full', 'free some space')),
    )
    await exports.save('html')
    expect(toasts.toasts).toMatchObject([{ level: 'error', detail: 'the disk is full. free some space' }])
  })
})
