/**
 * Traces at the edges of what a window must bear, as ftrace text: nothing in them, one event, ten thousand tasks, 512 CPUs, a
 * hundred thousand locks, names of three hundred characters, hours of operations, spans of no length. The shapes are a
 * kernel's, the values mean nothing. As a script it writes them into a folder.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const HEAD = '# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:4\n#\n'

interface Line {
  readonly pid: number
  readonly us: number
  readonly text: string
  readonly cpu?: number
  readonly comm?: string
}

function line({ pid, us, text, cpu = 0, comm = `task-${pid}` }: Line): string {
  const seconds = `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, '0')}`
  return `${comm.slice(0, 15).padStart(16)}-${pid}     [${String(cpu).padStart(3, '0')}] .....  ${seconds}: ${text}\n`
}

const address = (n: number): string => `ffff8880${(n * 64).toString(16).padStart(8, '0')}`

/** One hold, with a wait of 5 µs before it where `contended`. */
function hold(
  pid: number,
  us: number,
  lock: { readonly at: number; readonly name: string; readonly cpu?: number },
): string {
  const cpu = lock.cpu ?? 0
  const of = `${address(lock.at)} ${lock.name}`
  return [
    line({ pid, us, cpu, text: `lock_acquire: ${of}` }),
    line({ pid, us: us + 1, cpu, text: `lock_contended: ${of}` }),
    line({ pid, us: us + 6, cpu, text: `lock_acquired: ${of}` }),
    line({ pid, us: us + 9, cpu, text: `lock_release: ${of}` }),
  ].join('')
}

const LONG = `&${'very_long_structure_name->'.repeat(11)}invalidate_lock`.padEnd(300, 'x')

export const extremes: Readonly<Record<string, () => string>> = {
  empty: () => HEAD,
  'one-event': () => HEAD + line({ pid: 7, us: 5_000_000, text: `lock_release: ${address(1)} &mm->mmap_lock` }),
  'many-tasks': () =>
    HEAD +
    Array.from({ length: 10_000 }, (_, i) => hold(1000 + i, i * 12, { at: i % 64, name: '&mm->mmap_lock' })).join(''),
  'many-cpus': () =>
    HEAD +
    Array.from({ length: 2048 }, (_, i) =>
      hold(1000 + (i % 700), i * 12, { at: i % 9, name: '&rq->__lock', cpu: i % 512 }),
    ).join(''),
  'many-locks': () =>
    HEAD +
    Array.from({ length: 100_000 }, (_, i) =>
      hold(1000 + (i % 40), i * 12, { at: i, name: `&class_${i % 300}->lock` }),
    ).join(''),
  'long-names': () =>
    HEAD +
    Array.from({ length: 200 }, (_, i) => hold(1000 + (i % 8), i * 12, { at: i % 12, name: `${LONG}${i % 6}` })).join(
      '',
    ),
  // A hundred minutes of truncates that take nothing, microseconds or 2.6 s.
  'long-times': () =>
    HEAD +
    Array.from({ length: 2000 }, (_, i) => {
      const pid = 1000 + (i % 4)
      const us = i * 3_000_000 + 700_000
      const took = i % 500 === 499 ? 2_558_521 : 2 * (i % 3)
      return (
        line({ pid, us, text: 'sys_ftruncate(fd: 3, length: 1000)' }) +
        line({ pid, us: us + took, text: 'sys_ftruncate -> 0x0' }) +
        hold(pid, us + 2_700_000, { at: i % 5, name: '&inode->i_rwsem' })
      )
    }).join(''),
  'no-length': () =>
    HEAD +
    Array.from({ length: 50 }, (_, i) =>
      ['lock_acquire', 'lock_acquired', 'lock_release']
        .map((event) => line({ pid: 1000 + (i % 4), us: 100, text: `${event}: ${address(i)} &inode->i_rwsem` }))
        .join(''),
    ).join(''),
}

/** Writes all of them; returns name and path. */
export function writeExtremes(folder: string): readonly (readonly [name: string, path: string])[] {
  return Object.entries(extremes).map(([name, make]) => {
    const path = join(folder, `${name}.trace.txt`)
    writeFileSync(path, make())
    return [name, path] as const
  })
}

const [, script, folder] = process.argv
if (script?.endsWith('extreme-traces.ts') === true && folder !== undefined) writeExtremes(folder)
