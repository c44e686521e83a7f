/**
 * The command whose tasks are recorded. It is held back in a shell of its own until its pid is in the kernel's filter, so
 * that its first system call is in the trace; then the shell becomes the command. Signals for us are its too.
 */

import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { ApiError } from '#shared/base/errors.ts'

/** Waits for a line on descriptor 3, closes it, and becomes the command; without the line nobody records, and nothing is run. */
const HELD_BACK = 'read -r _ <&3 || exit 125; exec 3<&-; exec "$@"'

export interface Ended {
  readonly status: number | null
  readonly signal: string | null
}

export class Workload {
  readonly pid: number
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  over = false

  constructor(
    command: readonly string[],
    { output, cwd, env }: { output: 'own' | 'errors' | 'none'; cwd: string | undefined; env: Record<string, string> },
  ) {
    const stdio: StdioOptions =
      output === 'none' ? ['ignore', 'ignore', 'ignore', 'pipe'] : [0, output === 'own' ? 1 : 2, 2, 'pipe']
    this.#child = spawn('/bin/sh', ['-c', HELD_BACK, 'faultline', ...command], {
      stdio,
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    })
    const { pid } = this.#child
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', (status, signal) => {
        this.over = true
        resolve({ status, signal })
      })
    })
    // Looked at when it is waited for; an early failure is no unhandled one.
    this.ended.catch(() => undefined)
    if (pid === undefined) throw new ApiError('bad-input', 'the command cannot be started', 'check its folder')
    this.pid = pid
  }

  start(): void {
    const gate = this.#child.stdio[3] as NodeJS.WritableStream | null
    gate?.on('error', () => undefined)
    gate?.end('\n')
  }

  /** TERM; what does not listen to that is left running. */
  tellToEnd(): void {
    if (!this.over) this.#child.kill('SIGTERM')
    this.#child.unref()
  }
}
