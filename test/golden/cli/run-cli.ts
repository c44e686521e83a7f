/**
 * Runs the real command line as a user would: bin/faultline.mjs in a process of its own, in a folder of its own, with a
 * home of its own. What differs from run to run (folder names, wall time, rates) is replaced before texts are compared.
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { repoRoot } from '../../support/corpus.ts'

export const bin = join(repoRoot, 'bin', 'faultline.mjs')
export const samplePath = (file: string) => join(repoRoot, 'samples', file)
/** 38 kB: no lockdep, waits only. */
export const SMALL = samplePath('nl-dax-ext4-small.trace.txt.zst')
/** 283 kB: named locks with holds, out-of-order releases. */
export const NAMED = samplePath('dax-xfs-small.trace.txt.zst')

export interface Result {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: Uint8Array | string
  readonly env?: Readonly<Record<string, string>>
  /** Called once it runs, for tests that interfere. */
  readonly whileRunning?: (child: ChildProcess) => void
  readonly node?: string
  /** The command of another tree. */
  readonly bin?: string
}

/** A folder for one test file, removed by `remove`. */
export function workFolder() {
  const path = mkdtempSync(join(tmpdir(), 'faultline-cli-test-'))
  return {
    path,
    file: (name: string) => join(path, name),
    remove: () => rmSync(path, { recursive: true, force: true }),
    run: (args: readonly string[], options: RunOptions = {}) => runCli(path, args, options),
  }
}
export type WorkFolder = ReturnType<typeof workFolder>

function runCli(cwd: string, args: readonly string[], options: RunOptions): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const child = spawn(options.node ?? process.execPath, [options.bin ?? bin, ...args], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', FAULTLINE_HOME: join(cwd, 'home'), ...options.env },
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes))
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes))
  child.on('error', reject)
  child.on('close', (status, signal) => {
    resolve({ status, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
  })
  // A child that has read enough closes the pipe: that is its right.
  child.stdin.on('error', () => undefined)
  if (options.whileRunning === undefined) child.stdin.end(options.input ?? '')
  else options.whileRunning(child)
  return promise
}

/** The part of an output that is the same in every run. */
export function steady(text: string, folder: string): string {
  return text
    .replaceAll(folder, 'DIR')
    .replaceAll(repoRoot, 'REPO')
    .replace(/"wallMs": [\d.]+/g, '"wallMs": WALL')
    .replace(/ in [\d.]+ (ns|µs|ms|s) \([\d ]+ events\/s\)/g, ' in WALL (RATE)')
}

/** Compares with `NAME.golden.txt` beside this file; `UPDATE=1` rewrites it, and the diff is reviewed. */
export function golden(name: string, text: string): void {
  const path = join(import.meta.dirname, `${name}.golden.txt`)
  if (process.env['UPDATE'] === '1' || !existsSync(path)) {
    if (process.env['UPDATE'] !== '1')
      throw new Error(`there is no ${name}.golden.txt: run with UPDATE=1 and review it`)
    writeFileSync(path, text)
  }
  expect(text).toBe(readFileSync(path, 'utf8'))
}
