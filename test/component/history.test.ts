// @vitest-environment happy-dom
/** The history of a view, its parts in links and sessions, and settings that are kept. */
import { describe, expect, it } from 'vitest'
import { shallowReactive } from 'vue'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useHistoryStore } from '#renderer/stores/history.ts'
import { useKeptStore } from '#renderer/stores/kept.ts'
import { fragmentOf, parseLink } from '#renderer/stores/links.ts'
import { parseSelection, useSelectionStore } from '#renderer/stores/selection.ts'
import { useSettingsStore } from '#renderer/stores/settings.ts'
import { sourceOfText, sourceText } from '#renderer/stores/sources.ts'
import { useTraceStore } from '#renderer/stores/trace.ts'
import { useViewStore } from '#renderer/stores/view.ts'
import { fakeHost, importSummary, inWindow, openedFile, tick, traceInfo } from './support/fake-host.ts'
import { putTokens } from './support/tokens.ts'

async function open() {
  const host = fakeHost({
    'files.open': ({ params }) => ({
      opened: openedFile((params['source'] as { sample: string }).sample, {
        traces: [traceInfo(), traceInfo({ id: 2, name: 'second' })],
      }),
      imported: importSummary(),
    }),
    'files.recent': () => [],
  })
  const { result } = inWindow(host, () => {
    const trace = useTraceStore()
    const values = shallowReactive(new Map<string, number>())
    const key = () => `${trace.file}|${trace.traceId}`
    const zoom = useHistoryStore().part<number>({
      id: 'zoom',
      page: 'latency',
      read: () => values.get(key()),
      write: (value) => void (value === undefined ? values.delete(key()) : values.set(key(), value)),
      parse: (value) => (typeof value === 'number' ? value : undefined),
    })
    const set = (to: number | undefined, gesture?: string): void => {
      const before = values.get(key())
      if (to === undefined) values.delete(key())
      else values.set(key(), to)
      zoom.changed(before, gesture)
    }
    return {
      trace,
      set,
      now: () => values.get(key()),
      files: useFilesStore(),
      view: useViewStore(),
      selection: useSelectionStore(),
      history: useHistoryStore(),
    }
  })
  await result.files.open({ kind: 'source', source: { kind: 'sample', sample: 'a' }, name: 'a' })
  return result
}

describe('the history of a view', () => {
  it('undoes the parts in the order they were changed, each where it is seen', async () => {
    const { set, now, selection, history, view } = await open()
    set(1)
    selection.select({ task: 7 })
    set(2)
    history.undo()
    expect([now(), view.page]).toEqual([1, 'latency'])
    view.goTo('overview')
    history.undo()
    expect([selection.isEmpty, view.page]).toEqual([true, 'overview'])
    history.undo()
    expect(now()).toBeUndefined()
    expect(history.canUndo).toBe(false)
    history.redo()
    history.redo()
    expect([now(), selection.current]).toEqual([1, { task: 7 }])
  })

  it('makes one step of a gesture, none of what ends where it began, and two of what something came between', async () => {
    const { set, now, selection, history } = await open()
    for (const to of [1, 2, 3]) set(to, 'wheel')
    history.undo()
    expect(now()).toBeUndefined()
    expect(history.canUndo).toBe(false)
    set(1, 'wheel')
    set(undefined, 'wheel')
    expect(history.canUndo).toBe(false)
    set(1, 'wheel')
    selection.select({ task: 1 })
    set(2, 'wheel')
    history.undo()
    expect(now()).toBe(1)
  })

  it('belongs to its trace', async () => {
    const { set, now, history, trace } = await open()
    set(5)
    trace.chooseTrace(2)
    expect([now(), history.canUndo]).toEqual([undefined, false])
    trace.chooseTrace(1)
    expect([now(), history.canUndo]).toEqual([5, true])
  })

  it('gives values to parts when their trace is shown, checked, and without a step', async () => {
    const { now, history, trace, selection } = await open()
    history.restoreValues('a', 2, { zoom: 9, selection: { task: 'x', range: { fromNs: 5, toNs: 9 } }, foreign: 1 })
    expect(now()).toBeUndefined()
    trace.chooseTrace(2)
    expect(now()).toBe(9)
    expect(selection.current).toEqual({ range: { fromNs: 5, toNs: 9 } })
    expect(history.canUndo).toBe(false)
    expect(history.values()).toEqual({ zoom: 9, selection: { range: { fromNs: 5, toNs: 9 } } })
  })
})

describe('a link', () => {
  it('says what it was made of', () => {
    const link = {
      page: 'latency',
      source: { kind: 'path', path: '/traces/a b&c=d#e.txt' },
      name: 'a b',
      trace: 2,
      values: { selection: { range: { fromNs: 1, toNs: 2 } }, timeline: { fromNs: 0, toNs: 9 } },
    } as const
    expect(parseLink(`http://127.0.0.1:1/#token=x&${fragmentOf(link).toString()}`)).toEqual(link)
    expect(sourceOfText(sourceText(link.source))).toEqual(link.source)
  })
  it('that is none, is cut or comes from elsewhere is not followed', () => {
    for (const text of ['', '#', 'token=abc', '#page=nowhere', 'https://example.org/'])
      expect(parseLink(text)).toBeUndefined()
    expect(parseLink('#page=overview&v.selection={"ra')?.values).toEqual({ selection: undefined })
    expect(sourceOfText('upload:1')).toBeUndefined()
    expect(parseSelection({ range: { fromNs: 9, toNs: 1 }, lock: -1, op: 7, mode: 'both' })).toEqual({})
  })
})

describe('settings', () => {
  it('are kept by the engine, whose word counts, and reset', async () => {
    putTokens()
    localStorage.clear()
    const host = fakeHost({ 'window.kept': () => ({ settings: { theme: 'dark', wheel: 'zoom', drag: 'sideways' } }) })
    const { result } = inWindow(host, () => ({ settings: useSettingsStore(), kept: useKeptStore() }))
    const { settings, kept } = result
    settings.adoptKept((await kept.load()).settings)
    expect([settings.theme, settings.wheel, settings.drag, settings.navigation]).toEqual([
      'dark',
      'zoom',
      'select',
      'classic',
    ])
    expect(host.of('window.keep')).toEqual([])
    settings.setNavigation('map')
    settings.density = 'relaxed'
    await tick(400)
    expect(host.of('window.keep').map(({ params }) => params)).toEqual([
      {
        key: 'settings',
        value: expect.objectContaining({ drag: 'pan', density: 'relaxed', theme: 'dark' }) as unknown,
      },
    ])
    settings.reset()
    expect(settings.isDefault).toBe(true)
    expect(document.documentElement.dataset['density']).toBe('compact')
  })
})
