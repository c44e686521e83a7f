/**
 * What `npm start` runs: `npm start [-- [--web] FILE…]`. It builds what is missing, then opens the Electron window where
 * Electron's runtime is there or can be downloaded; otherwise it says so in one line and serves the same app on
 * 127.0.0.1, prints the address and opens the default browser if there is a display. Without files it shows the first
 * bundled sample. Ctrl-C ends it cleanly.
 */

import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { toWireError } from '#shared/base/errors.ts'
import type { Source } from '#shared/contract/methods.ts'
import { buildDesktop, buildPage, DESKTOP_ENTRY, PAGE } from './launch/build.ts'
import { ROOT } from './launch/built.mjs'
import { electronRuntime, hasDisplay } from './launch/electron-runtime.ts'

const USAGE = 'usage: npm start -- [--web] [FILE…]'
/** An Electron that ends sooner than this with an error never had a window. */
const HAD_A_WINDOW_MS = 5_000

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** A terminal and a parent process may each deliver the same Ctrl-C: within this time they count as one. */
const SAME_KEYPRESS_MS = 700

/** The command line's exit statuses. */
const COULD_NOT = 1
const WRONG_USAGE = 2

interface Refused {
  readonly refusal: string
  readonly status: number
}

interface Wanted {
  readonly web: boolean
  readonly files: readonly string[]
}

const note = (text: string) => void process.stderr.write(`faultline: ${text}\n`)

async function main(): Promise<number> {
  const wanted = await readArguments(process.argv.slice(2))
  if ('refusal' in wanted) {
    note(wanted.refusal)
    return wanted.status
  }
  if (!wanted.web) {
    const runtime = await electronRuntime(note)
    if ('path' in runtime) {
      await buildDesktop(note)
      const status = await runElectron(runtime.path, await argumentsFor(wanted.files))
      if (status === undefined || status === 0) return status ?? 0
      note(`Electron ended at once (${status}), serving the same app to the browser`)
    } else {
      note(`${runtime.why}, serving the same app to the browser`)
    }
  }
  await buildPage(note)
  return serve(wanted.files)
}

async function readArguments(args: readonly string[]): Promise<Wanted | Refused> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { web: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    const files = positionals.map((file) => resolve(process.env['INIT_CWD'] ?? '.', file))
    for (const file of files) {
      const found = await stat(file).catch(() => undefined)
      if (found === undefined) return { refusal: `${file}: no such file; check the path`, status: COULD_NOT }
      if (found.isDirectory())
        return { refusal: `${file}: this is a folder, not a file; name a file in it`, status: COULD_NOT }
    }
    return { web: values.web, files }
  } catch (error) {
    return { refusal: `${toWireError(error).message}; ${USAGE}`, status: WRONG_USAGE }
  }
}

async function argumentsFor(files: readonly string[]): Promise<readonly string[]> {
  const sample = await firstSample()
  return files.length > 0 || sample === undefined ? files : [`--sample=${sample}`]
}

/** Its exit status; undefined when the user ended it or it had been running. */
function runElectron(path: string, args: readonly string[]): Promise<number | undefined> {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(path, [DESKTOP_ENTRY, ...args], { stdio: 'inherit', cwd: ROOT })
    // The terminal's Ctrl-C reaches Electron itself; what is left is to wait for it.
    const stop = (signal: NodeJS.Signals) => void child.kill(signal)
    for (const signal of SIGNALS) process.on(signal, stop)
    child.once('error', () => resolve(1))
    child.once('exit', (code) =>
      resolve(performance.now() - started > HAD_A_WINDOW_MS || code === null ? undefined : code),
    )
  })
}

async function serve(files: readonly string[]): Promise<number> {
  const { createEngine } = await import('./engine/engine.ts')
  const { serveWeb } = await import('./web/server.ts')
  const engine = await createEngine({ host: 'web', startWith: await startWith(files) })
  try {
    const ended = interrupted()
    const host = await serveWeb({ engine, page: PAGE })
    process.stdout.write(`${host.url}\n`)
    if (hasDisplay(process.platform, process.env)) await openBrowser(host.url)
    await ended
    await host.close()
    return 0
  } finally {
    await engine.close()
  }
}

async function startWith(files: readonly string[]): Promise<readonly Source[]> {
  if (files.length > 0) return files.map((path) => ({ kind: 'path', path }))
  const sample = await firstSample()
  return sample === undefined ? [] : [{ kind: 'sample', sample }]
}

async function firstSample(): Promise<string | undefined> {
  const { loadSamples } = await import('./engine/samples.ts')
  return (await loadSamples(join(ROOT, 'samples'))).ids.at(0)
}

/** The first Ctrl-C; one more, later, ends the process at once. */
function interrupted(): Promise<void> {
  let first: number | undefined
  return new Promise((resolve) => {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (first !== undefined && performance.now() - first > SAME_KEYPRESS_MS) process.exit(130)
        first ??= performance.now()
        resolve()
      })
    }
  })
}

async function openBrowser(url: string): Promise<void> {
  const { default: open } = await import('open')
  try {
    const child = await open(url)
    child.on('error', () => note('no browser could be started; open the address above'))
  } catch {
    note('no browser could be started; open the address above')
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    const { message, hint } = toWireError(error)
    note(hint === undefined ? message : `${message}; ${hint}`)
    process.exit(1)
  },
)
