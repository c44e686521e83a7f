/**
 * A tracing instance of our own: its buffers, events, clock and filters are nobody else's, so that nothing anybody has set
 * up is touched, and removing it restores everything. Nothing outside of it is written, not even the size of the table of task
 * names: the kernel empties that table when it is given another, for whoever else traces. A small shell that hears of our end
 * (its input closes, however we die) removes the instance in our place; and what even that could not remove is removed by the
 * next recording.
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '#shared/base/errors.ts'
import type { Tracefs } from './tracefs.ts'

const PREFIX = 'faultline-'

/** The event of a task that begins to wait, which alone has its call stack recorded. */
export const WAIT = 'lock/contention_begin'

/**
 * Whoever has one of the instance's files open keeps it from being removed: its events are switched off and its memory is given
 * back at once, and it is tried again for an hour.
 */
const WATCHER = `trap '' INT TERM HUP
cat > /dev/null
[ -n "$2" ] && rm -rf "$2"
if [ -d "$1" ] && ! rmdir "$1" 2> /dev/null; then
  echo 0 > "$1/tracing_on"
  echo 0 > "$1/events/enable"
  echo 1 > "$1/buffer_size_kb"
  echo '!stacktrace' > "$1/events/${WAIT}/trigger"
  i=0
  while ! rmdir "$1" 2> /dev/null && [ -d "$1" ] && [ $i -lt 820 ]; do
    i=$((i + 1))
    if [ $i -lt 100 ]; then sleep 0.1; else sleep 5; fi
  done
fi`

export class Instance {
  readonly path: string
  readonly #watcher: ChildProcess
  /** A file of the instance: while it is open the kernel lets nobody remove it, wherever they count processes. */
  #anchor: number | undefined

  /**
   * Makes nothing yet, but whoever sees to our end is there: what is made from now on, `scratch` (a folder of the recording,
   * nobody else's) included, is removed however soon we die.
   */
  constructor({ root }: Tracefs, scratch: string) {
    removeStale({ root })
    this.path = join(root, 'instances', `${PREFIX}${process.pid}-${startOf(process.pid) ?? 0}-${nextNumber++}`)
    this.#watcher = spawn('/bin/sh', ['-c', WATCHER, 'faultline', this.path, scratch], {
      // A session of its own: Ctrl-C and a closing terminal do not reach it.
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#watcher.unref()
    this.#watcher.stdin?.on('error', () => undefined)
  }

  make(): void {
    try {
      mkdirSync(this.path)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new ApiError(
        'unsupported',
        `no tracing instance can be made here: ${why}`,
        'the kernel is too old, or low on memory',
      )
    }
    this.#anchor = openSync(join(this.path, 'trace_clock'), 'r')
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), 'utf8')
  }

  /** Sets one of the instance's files; what the kernel refuses is told with the file's name. */
  set(file: string, value: string, flag: 'w' | 'a' = 'w'): void {
    try {
      writeFileSync(join(this.path, file), value, { flag })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new ApiError('unsupported', `the kernel refused ${value} for ${file}: ${why}`)
    }
  }

  /** True: it took it. Not every kernel has every setting. */
  trySet(file: string, value: string): boolean {
    try {
      writeFileSync(join(this.path, file), value)
      return true
    } catch {
      // Said by the result: the caller has another way or a note for it.
      return false
    }
  }

  /** The buffers must be closed. False: somebody has one of its files open; from `release` on the watcher tries again. */
  async remove(): Promise<boolean> {
    this.trySet('tracing_on', '0')
    if (this.#anchor !== undefined) closeSync(this.#anchor)
    this.#anchor = undefined
    for (let tries = 0; tries < 50; tries++) {
      try {
        rmdirSync(this.path)
        return true
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true
        // Busy for a moment while somebody reads one of its files.
        await sleep(20)
      }
    }
    return false
  }

  /** Nothing is left to be removed in our place; until then the watcher would see to it. */
  release(): void {
    this.#watcher.stdin?.end()
  }
}

let nextNumber = 0

/** Instances of recorders that are gone; the kernel keeps those whose recorder lives, which has one of their files open. */
export function removeStale({ root }: Tracefs): void {
  const instances = join(root, 'instances')
  for (const name of readdirSync(instances)) {
    const [, pid, start] = /^faultline-(\d+)-(\d+)-\d+$/.exec(name) ?? []
    if (pid === undefined || startOf(Number(pid)) === start) continue
    try {
      rmdirSync(join(instances, name))
    } catch {
      // Somebody has it open, maybe a recorder whose process has another number here: the next recording will try again.
    }
  }
}

/** When a process started, in ticks since boot: a number it has to itself, where its pid may be another's tomorrow. */
export function startOf(pid: number): string | undefined {
  try {
    // Behind the name, which may have spaces and brackets: proc_pid_stat(5), field 22.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]
  } catch {
    // There is no such process.
    return undefined
  }
}
