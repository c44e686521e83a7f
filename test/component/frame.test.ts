// @vitest-environment happy-dom
/** The frame: commands and their keys, the connection, the way from a drop to a page. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '#shared/base/errors.ts'
import { lostConnection, type Transport } from '#shared/contract/rpc.ts'
import { inProcessPair } from '#shared/contract/transports.ts'
import { serveConnection } from '#shared/contract/serve.ts'
import App from '#renderer/App.vue'
import { reconnectingClient } from '#renderer/api/connect.ts'
import { useCommandStore } from '#renderer/commands/index.ts'
import { keyWords } from '#renderer/commands/hotkeys.ts'
import { useFilesStore } from '#renderer/stores/files.ts'
import { useHistoryStore } from '#renderer/stores/history.ts'
import { fragmentOf, useLinksStore } from '#renderer/stores/links.ts'
import { useSelectionStore } from '#renderer/stores/selection.ts'
import { useSessionStore } from '#renderer/stores/session.ts'
import { useSettingsStore } from '#renderer/stores/settings.ts'
import { useViewStore } from '#renderer/stores/view.ts'
import { putTokens } from './support/tokens.ts'
import { appInfo, fakeHost, importSummary, openedFile, tick, windowOf } from './support/fake-host.ts'

beforeEach(() => {
  putTokens()
  localStorage.clear()
})

async function frame(answers: Parameters<typeof fakeHost>[0] = {}) {
  const host = fakeHost({
    'app.info': () => appInfo(),
    'files.recent': () => [],
    'files.open': () => ({ opened: openedFile('a'), imported: importSummary() }),
    'files.close': () => null,
    ...answers,
  })
  const wrapper = mount(App, {
    global: { plugins: [windowOf(host)], stubs: { EChart: true } },
    attachTo: document.body,
  })
  // this window's own stores: one that was unmounted may still be loading a page
  const { pinia } = host
  const store = {
    commands: useCommandStore(pinia),
    files: useFilesStore(pinia),
    view: useViewStore(pinia),
    selection: useSelectionStore(pinia),
    history: useHistoryStore(pinia),
    settings: useSettingsStore(pinia),
    session: useSessionStore(pinia),
    links: useLinksStore(pinia),
  }
  await expect.poll(() => host.of('files.recent').length).toBeGreaterThan(0)
  await settle()
  return { host, wrapper, ...store }
}
async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) {
    await flushPromises()
    await tick(5)
  }
}
const press = (code: string, part: KeyboardEventInit = {}) =>
  window.dispatchEvent(
    new KeyboardEvent('keydown', { code, key: code.replace(/^(Key|Digit)/, '').toLowerCase(), bubbles: true, ...part }),
  )

describe('the frame', () => {
  it('starts on Open, offers samples, and has pages only for a trace that is there', async () => {
    const { wrapper, view } = await frame()
    expect(view.page).toBe('open')
    await expect.poll(() => wrapper.text()).toContain('Under the mutex')
    const overview = wrapper.findAll('nav .nav').find((one) => one.text().includes('Overview'))
    expect(overview?.attributes('disabled')).toBeDefined()
    wrapper.unmount()
  })

  it('opens what the host was asked to open and shows its Overview', async () => {
    const { wrapper, view, host } = await frame({
      'app.info': () => appInfo({ startWith: [{ kind: 'sample', sample: 's' }] }),
    })
    expect(view.page).toBe('overview')
    expect(host.of('files.open')[0]?.params).toEqual({ source: { kind: 'sample', sample: 's' } })
    expect(wrapper.find('.tab.on').text()).toContain('a.faultline')
    wrapper.unmount()
  })

  it('opens a dropped file wherever it is dropped', async () => {
    const { wrapper, host } = await frame({
      'upload.begin': () => ({ upload: 'u' }),
      'upload.chunk': () => ({ received: 3 }),
    })
    const event = new Event('drop', { bubbles: true, cancelable: true })
    Object.defineProperty(event, 'dataTransfer', {
      value: { files: [new File(['abc'], 'drop.txt')], types: ['Files'] },
    })
    window.dispatchEvent(event)
    await settle()
    expect(host.of('upload.begin')[0]?.params).toEqual({ name: 'drop.txt', bytes: 3 })
    expect(host.of('files.open')[0]?.params).toEqual({ source: { kind: 'upload', upload: 'u' } })
    wrapper.unmount()
  })

  it('lets nobody leave a browser while a file is imported without being asked', async () => {
    const { wrapper, files } = await frame({ 'files.open': () => new Promise(() => undefined) })
    const asks = (): boolean => {
      const leaving = new Event('beforeunload', { cancelable: true })
      window.dispatchEvent(leaving)
      return leaving.defaultPrevented
    }
    expect(asks()).toBe(false)
    void files.open({ kind: 'source', source: { kind: 'sample', sample: 's' }, name: 's' })
    expect(asks()).toBe(true)
    files.dismiss(files.jobs[0]?.id ?? 0)
    expect(asks()).toBe(false)
    wrapper.unmount()
  })

  it('goes back to Open when the last trace is closed', async () => {
    const { wrapper, view, files } = await frame({
      'app.info': () => appInfo({ startWith: [{ kind: 'sample', sample: 's' }] }),
    })
    await files.close('a')
    await settle()
    expect(view.page).toBe('open')
    wrapper.unmount()
  })
})

describe('a link', () => {
  it('counts more than how its file was left', async () => {
    const source = { kind: 'sample', sample: 's' } as const
    const left = { source, name: 's', page: 'latency', trace: 1, values: { selection: { op: 'truncate' } } }
    const values = { selection: { range: { fromNs: 100, toNs: 200 } } }
    const link = fragmentOf({ page: 'contention', source, name: 's', trace: 1, values })
    window.history.replaceState(null, '', `#${link.toString()}`)
    const { wrapper, view, selection } = await frame({
      'window.kept': () => ({ session: { places: [left], shown: source, page: 'latency' } }),
    })
    expect(selection.current).toEqual(values.selection)
    expect(view.page).toBe('contention')
    wrapper.unmount()
  })
})

describe('commands', () => {
  it('have unique ids, and one key does one thing at a time', async () => {
    const { wrapper, commands } = await frame()
    const ids = commands.commands.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const keys = commands.applicable.flatMap((command) => command.keys ?? [])
    expect(new Set(keys).size).toBe(keys.length)
    wrapper.unmount()
  })

  it('are reached by their keys', async () => {
    const { wrapper, view, settings, selection } = await frame({
      'app.info': () => appInfo({ startWith: [{ kind: 'sample', sample: 's' }] }),
    })
    press('KeyB', { ctrlKey: true })
    expect(settings.sidebar).toBe('rail')
    press('Digit1', { altKey: true })
    expect(view.page).toBe('open')
    press('KeyP', { ctrlKey: true, shiftKey: true })
    expect(view.overlay).toBe('palette')
    view.overlay = undefined
    selection.select({ task: 7 })
    press('KeyZ', { ctrlKey: true })
    expect(selection.isEmpty).toBe(true)
    wrapper.unmount()
  })

  it('leave the keys of a text field alone', async () => {
    const { wrapper, view } = await frame()
    const input = document.body.appendChild(document.createElement('input'))
    input.dispatchEvent(new KeyboardEvent('keydown', { key: '?', code: 'Slash', shiftKey: true, bubbles: true }))
    expect(view.overlay).toBeUndefined()
    wrapper.unmount()
  })

  it('are written as the words on the keys', () => {
    expect(keyWords('$mod+Shift+KeyP')).toEqual(['Ctrl', 'Shift', 'P'])
    expect(keyWords('[Shift]+?')).toEqual(['?'])
    expect(keyWords('Escape')).toEqual(['Esc'])
  })

  it('of the native menu run by their id', async () => {
    const { wrapper, commands, view } = await frame()
    commands.runById('view.keys')
    expect(view.overlay).toBe('help')
    wrapper.unmount()
  })
})

describe('settings', () => {
  it('survive, and damaged ones mean the defaults', async () => {
    localStorage.setItem('faultline.settings', '{"theme":"dark","sidebar":7}')
    const first = await frame()
    expect(first.settings.theme).toBe('dark')
    expect(document.documentElement.dataset['theme']).toBe('dark')
    first.settings.toggleTheme()
    await settle()
    expect(localStorage.getItem('faultline.settings')).not.toContain('"dark"')
    first.wrapper.unmount()
    localStorage.setItem('faultline.settings', 'null{')
    const second = await frame()
    expect(second.settings.theme).toBe('system')
    second.wrapper.unmount()
  })

  it('of the theme go to the desktop shell, and what that makes of the page’s media is not taken for the system', async () => {
    const media = Object.assign(new EventTarget(), { matches: false })
    const shown = (dark: boolean): void => {
      if (media.matches === dark) return
      media.matches = dark
      media.dispatchEvent(Object.assign(new Event('change'), { matches: dark }))
    }
    // As Electron does: a theme of the app's own is what its pages see of the system's.
    const useTheme = vi.fn((theme: string) => {
      shown(theme === 'dark')
      return Promise.resolve(null)
    })
    vi.stubGlobal('matchMedia', () => media)
    vi.stubGlobal('faultline', { useTheme })
    const host = fakeHost({ 'window.keep': () => null })
    mount({ render: () => null }, { global: { plugins: [windowOf(host)] } })
    const settings = useSettingsStore(host.pinia)
    const seen: string[] = []
    for (let i = 0; i < 3; i++) {
      settings.toggleTheme()
      await flushPromises()
      seen.push(`${settings.theme}: ${settings.effectiveTheme}`)
    }
    expect(seen).toEqual(['dark: dark', 'system: light', 'dark: dark'])
    expect(useTheme.mock.calls.flat()).toEqual(['system', 'dark', 'system', 'dark'])
    vi.unstubAllGlobals()
  })
})

describe('the connection', () => {
  /** An engine's side that answers app.info, for each time somebody dials. */
  function engine() {
    const served: { close: () => void; recentChanged: () => void }[] = []
    const dial = (): Promise<Transport> => {
      const [mine, theirs] = inProcessPair()
      const connection = serveConnection<AbortSignal>({
        transport: theirs,
        call: ({ method }) => Promise.resolve(method === 'app.info' ? appInfo() : null),
        stopper: () => new AbortController(),
        onFailure: () => undefined,
        onClose: () => undefined,
      })
      served.push({
        recentChanged: () => connection.emit('files.changed', { recent: true }),
        close: () => theirs.close(),
      })
      return Promise.resolve(mine)
    }
    return { dial, served }
  }

  it('comes back by itself, fails what was under way, and lets new calls wait', async () => {
    const { dial, served } = engine()
    const states: string[] = []
    const client = reconnectingClient(dial, {
      onState: (state, _trouble, again) => states.push(again ? `${state} again` : state),
    })
    expect((await client.call('app.info', {})).version).toBe('0.1.0')
    served[0]?.close()
    await tick()
    expect((await client.call('app.info', {})).version).toBe('0.1.0')
    expect(states).toEqual(['open', 'lost again', 'open again'])
    client.close()
  })

  it('asks once more what only reads; what changes something, or what ends each connection, fails', async () => {
    const asked: string[] = []
    let ends = 1
    const dial = (): Promise<Transport> => {
      const [mine, theirs] = inProcessPair()
      serveConnection<AbortSignal>({
        transport: theirs,
        call({ method }) {
          asked.push(method)
          if (method === 'app.info') return Promise.resolve(appInfo())
          if (ends-- <= 0) return Promise.resolve({ rows: 7 })
          theirs.close()
          return new Promise(() => undefined)
        },
        stopper: () => new AbortController(),
        onFailure: () => undefined,
        onClose: () => undefined,
      })
      return Promise.resolve(mine)
    }
    const client = reconnectingClient(dial, { onState: () => undefined })
    const analysis = { file: 'f', trace: 1, id: 'contention', params: {} }
    expect(await client.call('analysis.run', analysis)).toEqual({ rows: 7 })
    ends = 2
    await expect(client.call('analysis.run', analysis)).rejects.toMatchObject({ code: 'disconnected' })
    ends = 1
    const mark = { file: 'f', trace: 1, text: '', startNs: 1, endNs: 1 } as never
    await expect(client.call('annotations.add', mark)).rejects.toMatchObject({ code: 'disconnected' })
    expect(asked).toEqual([...Array<string>(4).fill('analysis.run'), 'annotations.add'])
    client.close()
    await expect(client.call('app.info', {})).rejects.toMatchObject({ code: 'disconnected' })
  })

  it('tries again while there is no way in', async () => {
    const { dial } = engine()
    let tries = 0
    const client = reconnectingClient(() => (++tries < 3 ? Promise.reject(lostConnection()) : dial()), {
      onState: () => undefined,
    })
    expect((await client.call('app.info', {})).version).toBe('0.1.0')
    expect(tries).toBe(3)
    client.close()
  })

  it('gives up where the page is refused, and says what to do', async () => {
    const told: (string | undefined)[] = []
    const client = reconnectingClient(
      () => Promise.reject(new ApiError('permission', 'refused', 'open the printed address')),
      {
        onState: (state, trouble) => told.push(state, trouble),
      },
    )
    await expect(client.call('app.info', {})).rejects.toMatchObject({ code: 'permission' })
    expect(told).toEqual(['refused', 'Open the printed address.'])
  })

  it('keeps listeners over a new connection', async () => {
    const { dial, served } = engine()
    const client = reconnectingClient(dial, { onState: () => undefined })
    let heard = 0
    client.on('files.changed', () => void heard++)
    await tick(5)
    served[0]?.close()
    await tick(5)
    served[1]?.recentChanged()
    await tick(5)
    expect(heard).toBe(1)
    client.close()
  })
})
