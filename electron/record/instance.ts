/**
 * A tracing instance of our own: its buffers, events, clock and filters are nobody else's, so that nothing anybody has set
 * up is touched, and removing it restores everything. The one setting outside of it, the size of the table of task names,
 * is put back. A small shell that hears of our end (its input closes, however we die) removes the instance in our place;
 * and what even that could not remove is removed by the next recording.
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '#shared/base/errors.ts'
import type { Tracefs } from './tracefs.ts'

const PREFIX = 'faultline-'
/** Names of tasks the kernel remembers; its default of 128 forgets most of a busy machine. */
const NAMES = 8192

const WATCHER = `trap '' INT TERM HUP
cat > /dev/null
if [ -d "$1" ]; then
  echo 0 > "$1/tracing_on"
  i=0
  while ! rmdir "$1" 2> /dev/null && [ $i -lt 100 ]; do i=$((i + 1)); sleep 0.1; done
  [ -n "$3" ] && echo "$3" > "$2"
fi
[ -n "$4" ] && rm -rf "$4"`

export class Instance {
  readonly path: string
  readonly #root: string
  readonly #watcher: ChildProcess
  /** As it was, where it was changed. */
  readonly #names: string | undefined

  /**
   * Makes nothing yet, but whoever sees to our end is there: what is made from now on, `scratch` (a folder of the recording,
   * nobody else's) included, is removed however soon we die.
   */
  constructor({ root }: Tracefs, scratch: string) {
    removeStale({ root })
    this.#root = root
    this.path = join(root, 'instances', `${PREFIX}${process.pid}-${startOf(process.pid) ?? 0}-${nextNumber++}`)
    const before = Number(this.#outside('saved_cmdlines_size'))
    this.#names = before > 0 && before < NAMES ? String(before) : undefined
    const names = join(root, 'saved_cmdlines_size')
    this.#watcher = spawn('/bin/sh', ['-c', WATCHER, 'faultline', this.path, names, this.#names ?? '', scratch], {
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
    if (this.#names !== undefined) this.#tryOutside('saved_cmdlines_size', String(NAMES))
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

  /** The buffers must be closed. */
  async remove(): Promise<void> {
    this.trySet('tracing_on', '0')
    for (let tries = 0; ; tries++) {
      try {
        rmdirSync(this.path)
        break
      } catch (error) {
        // Busy for a moment while somebody reads one of its files.
        if (tries === 50) throw error
        await sleep(20)
      }
    }
    if (this.#names !== undefined) this.#tryOutside('saved_cmdlines_size', this.#names)
  }

  /** Nothing is left to be removed in our place; until then the watcher would see to it. */
  release(): void {
    this.#watcher.stdin?.end()
  }

  #outside(file: string): string {
    try {
      return readFileSync(join(this.#root, file), 'utf8').trim()
    } catch {
      // Kernels before 3.16 have no such file; then there is nothing to change or restore.
      return ''
    }
  }

  #tryOutside(file: string, value: string): void {
    try {
      writeFileSync(join(this.#root, file), value)
    } catch {
      // Some tasks will have no name; a recording is not given up for that.
    }
  }
}

let nextNumber = 0

/** Instances of recorders that are gone. */
export function removeStale({ root }: Tracefs): void {
  const instances = join(root, 'instances')
  for (const name of readdirSync(instances)) {
    const [, pid, start] = /^faultline-(\d+)-(\d+)-\d+$/.exec(name) ?? []
    if (pid === undefined || startOf(Number(pid)) === start) continue
    try {
      writeFileSync(join(instances, name, 'tracing_on'), '0')
      rmdirSync(join(instances, name))
    } catch {
      // Somebody looks at it right now: the next recording will try again.
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
