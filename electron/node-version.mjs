/**
 * The first thing every entry point does: make sure it runs on a Node that can run Faultline. better-sqlite3 13 crashes
 * the process on Node 20, so nothing may be imported before this has looked. On an older Node the entry is started once
 * more on the Node 24 that is installed beside the project, with the same arguments, terminal, signals and exit status.
 * Plain JavaScript, because an older Node cannot read TypeScript. It never downloads anything.
 */

import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Oldest Node that runs TypeScript files as they are and has zstd. */
const OLDEST = '22.18'
/** Sent on to the second process; a terminal sends SIGINT to both by itself, and the receiver counts the pair as one. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
/** Tells the second process which one started it; how often that looks for it. */
const STARTER = 'FAULTLINE_STARTER'
const LOOK_MS = 500

export function isSupported(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST.split('.').map(Number)
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

/** The Node of the `node` package (a dependency, wherever it was hoisted to), or why there is none. */
export function bundledNode(from = import.meta.url) {
  let manifest
  try {
    manifest = createRequire(from).resolve('node/package.json')
  } catch {
    return { path: undefined, why: 'the Node it brings along is not installed' }
  }
  const version = JSON.parse(readFileSync(manifest, 'utf8')).version
  if (!isSupported(version)) return { path: undefined, why: `the Node installed beside it is ${version}` }
  const path = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  // Without its install script the package holds no executable, or a short text in its place.
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < 1_000_000) {
    return { path: undefined, why: 'the Node it brings along was not unpacked (install scripts were off)' }
  }
  return { path, why: undefined }
}

/**
 * True: go on, this Node will do. False: the entry runs (or could not run) in a second process whose exit status this
 * process will end with; import nothing and return.
 */
export function onSupportedNode(entry, args = process.argv.slice(2)) {
  if (isSupported()) {
    endWithStarter()
    return true
  }
  const { path, why } = bundledNode()
  if (path === undefined) giveUp(why)
  else restart(path, [...process.execArgv, entry, ...args])
  return false
}

function giveUp(why) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const todo = `run \`npm ci\` in ${root}, or start it with Node 24`
  process.stderr.write(
    `faultline: cannot run on Node ${process.versions.node}: ${OLDEST} or newer is needed and ${why}; ${todo}\n`,
  )
  process.exitCode = 1
}

/** Whoever kills the first process for good means the run, and nobody would end the second. */
function endWithStarter() {
  const starter = Number(process.env[STARTER] ?? 0)
  delete process.env[STARTER]
  if (starter === 0) return
  const look = () => {
    if (process.ppid === starter) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }
  const timer = setInterval(look, LOOK_MS).unref()
}

function restart(node, args) {
  const child = spawn(node, args, { stdio: 'inherit', env: { ...process.env, [STARTER]: String(process.pid) } })
  const forward = (signal) => child.kill(signal)
  for (const signal of FORWARDED) if (process.platform !== 'win32' || signal === 'SIGINT') process.on(signal, forward)
  child.on('error', (error) => giveUp(`the Node it brings along does not start (${error.message})`))
  child.on('exit', (code, signal) => {
    for (const name of FORWARDED) process.removeListener(name, forward)
    if (signal === null) process.exit(code ?? 1)
    process.kill(process.pid, signal)
  })
}
