/** `npm start` as a user runs it where there is no Electron: one line, an address that works, and a clean end. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createClient } from '#shared/contract/rpc.ts'
import { openSocket } from '#shared/contract/transports.ts'
import { buildPage } from '#electron/launch/build.ts'
import { addressOf, dial, PROJECT } from '../support/engine.ts'

let home: string
let child: ChildProcess | undefined

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'faultline-start-'))
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

interface Run {
  /** The first line on standard output. */
  readonly line: Promise<string>
  readonly notes: () => string
  readonly ended: Promise<number | null>
}

function start(...args: string[]): Run {
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...env } = process.env
  const own = spawn(process.execPath, [join(PROJECT, 'bin/run.mjs'), join(PROJECT, 'electron/start.ts'), ...args], {
    env: { ...env, FAULTLINE_HOME: home },
  })
  child = own
  let notes = ''
  own.stderr.on('data', (text: Buffer) => (notes += text.toString()))
  const ended = new Promise<number | null>((resolve) => own.once('exit', resolve))
  const line = new Promise<string>((resolve, reject) => {
    own.stdout.once('data', (text: Buffer) => resolve(text.toString().trim()))
    void ended.then((status) => reject(new Error(`ended ${status}: ${notes}`)))
  })
  line.catch(() => undefined)
  return { line, notes: () => notes, ended }
}

test.skipIf(process.platform === 'win32')(
  'serves the app, opens the first sample, and Ctrl-C ends it cleanly',
  async () => {
    await buildPage(() => undefined)
    const { line, notes, ended } = start('--web')
    const url = await line
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/)
    expect(notes()).toBe('')
    expect(await (await fetch(url)).text()).toContain('<div id="app">')
    const { port, token } = addressOf(url)
    const client = createClient(await openSocket(dial(port), token))
    const { startWith } = await client.call('app.info', {})
    expect(startWith).toHaveLength(1)
    expect((await client.call('files.open', { source: startWith[0] })).opened.traces[0].events).toBeGreaterThan(1000)
    // A terminal signals this process and its parent, which passes it on: one keypress arrives twice.
    const own = child
    own?.kill('SIGINT')
    setTimeout(() => own?.kill('SIGINT'), 20)
    expect(await ended).toBe(0)
  },
)

test.skipIf(process.platform !== 'linux')(
  'without a display it says so in one line and serves the browser; files open instead of the sample',
  async () => {
    await buildPage(() => undefined)
    const file = join(PROJECT, 'samples/dax-xfs-small.trace.txt.zst')
    const { line, notes, ended } = start(file)
    const { port, token } = addressOf(await line)
    expect(notes()).toBe('faultline: there is no display for a window, serving the same app to the browser\n')
    const client = createClient(await openSocket(dial(port), token))
    const { startWith } = await client.call('app.info', {})
    expect((await client.call('files.open', { source: startWith[0] })).opened.name).toBe('dax-xfs-small.trace.txt.zst')
    child?.kill('SIGTERM')
    expect(await ended).toBe(0)
  },
)

test.each([
  ['an unknown option', ['--wep'], 2, /usage: npm start/],
  ['a missing file', ['nowhere.txt'], 1, /nowhere\.txt: no such file/],
  ['a folder', ['test'], 1, /test: this is a folder/],
])('%s ends it with a sentence', async (_, args, status, says) => {
  const { notes, ended } = start(...args)
  expect(await ended).toBe(status)
  expect(notes()).toMatch(says)
  expect(notes().trimEnd().split('\n')).toHaveLength(1)
})
