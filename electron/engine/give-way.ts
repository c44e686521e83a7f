/**
 * A thread that lets the other threads of its process have the processor first. Of an import the parser decides how long it
 * takes: with two cores the writer, V8's compilers and the parser are more than there is room for, and the writer catches
 * up whenever the parser waits for it. Only Linux has a niceness per thread (setpriority(2), "C library/kernel
 * differences"); elsewhere it would be the whole process's, and nothing is done.
 */

import { getPriority, setPriority } from 'node:os'

const NICE = 10

export function giveWay(): void {
  if (process.platform !== 'linux') return
  try {
    // A process that was started nicer still may not take any of it back.
    if (getPriority(0) < NICE) setPriority(0, NICE)
  } catch {
    // Where it is not allowed (seccomp) the import is only slower.
  }
}
