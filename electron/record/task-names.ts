/**
 * Names of tasks for a recording: who runs when it begins and when it ends (/proc), and whom the kernel remembers. It remembers
 * few before Linux 6.9 (128), and giving it more room would make it forget all of them, for whoever else traces; so it is asked
 * again and again while it records. Numbers and names are those of the whole machine: what /proc shows inside of a PID
 * namespace is left out.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Tracefs } from './tracefs.ts'

/** include/linux/proc_ns.h: PROC_PID_INIT_INO */
const WHOLE_MACHINE = 'pid:[4026531836]'
const EVERY_MS = 1000

export interface Task {
  readonly pid: number
  readonly name: string
}

/** False in a container with processes of its own: its numbers are not those of the kernel's events. */
export function seesWholeMachine(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') === WHOLE_MACHINE
  } catch {
    // A kernel without such namespaces.
    return true
  }
}

/** Every thread that runs now. */
export function runningTasks(): Task[] {
  return numbered('/proc').flatMap((process) =>
    numbered(`/proc/${process}/task`).flatMap((task) => {
      try {
        return [{ pid: Number(task), name: readFileSync(`/proc/${process}/task/${task}/comm`, 'utf8').trimEnd() }]
      } catch {
        return []
      }
    }),
  )
}

function numbered(path: string): string[] {
  try {
    return readdirSync(path).filter((name) => /^\d+$/.test(name))
  } catch {
    // It ended between two looks.
    return []
  }
}

export class TaskNames {
  readonly #remembered: string
  readonly #running = new Map<number, string>()
  readonly #names = new Map<number, string>()
  #nextMs = 0

  constructor({ root }: Tracefs) {
    this.#remembered = join(root, 'saved_cmdlines')
    this.#lookAround()
  }

  /** While it records; `nowMs` of any clock. */
  tick(nowMs: number): void {
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + EVERY_MS
    for (const line of readFileSync(this.#remembered, 'utf8').split('\n')) {
      const [, pid, name] = /^(\d+) (.+)$/.exec(line) ?? []
      if (pid !== undefined && name !== undefined && name !== '<...>') this.#names.set(Number(pid), name)
    }
  }

  /** `PID NAME` lines. */
  end(): string {
    this.#lookAround()
    this.tick(this.#nextMs)
    return [...new Map([...this.#running, ...this.#names])].map(([pid, name]) => `${pid} ${name}\n`).join('')
  }

  #lookAround(): void {
    if (seesWholeMachine()) for (const { pid, name } of runningTasks()) this.#running.set(pid, name)
  }
}
