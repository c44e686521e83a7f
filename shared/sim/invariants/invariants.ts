/**
 * The invariants V1-V20: what each says and how bad its violation is. Most are judged by checks.ts as a
 * run goes, at the points the table names; V10 and V12 by the kernel, V11 by lock-order.ts and the wait-for graph, V13 and
 * V3 when nothing moves any more. V14 and V15 need a power cut and belong to the crash explorer. S1 is no invariant of the
 * kernel: it is what is wrong with the code of a strategy of the user's own.
 */

import { registry } from '../../base/registry.ts'

export type InvariantSeverity = 'corruption' | 'security' | 'hang' | 'liveness' | 'resource' | 'policy'

export interface Invariant {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly severity: InvariantSeverity
}

function invariant(id: string, title: string, about: string, severity: InvariantSeverity): Invariant {
  return { id, title, about, severity }
}

export const invariants = registry<Invariant>('invariant', [
  invariant('V1', 'no dangling PTE', 'a PTE maps a block its page owns', 'security'),
  invariant('V2', 'no PTE beyond EOF', 'when truncate has returned nothing is mapped beyond the end', 'policy'),
  invariant('V3', 'no leak beyond EOF', 'at rest no block stands beyond the end', 'resource'),
  invariant('V4', 'no stale cache', "a cached page's block is the block of its page in the file", 'corruption'),
  invariant('V5', 'no foreign bytes', 'no read returns uninitialised bytes or those of another file', 'security'),
  invariant('V6', 'a store survives', 'a completed store is there until overwritten or removed', 'corruption'),
  invariant('V7', 'coherence', 'mappings and system calls see the same bytes', 'corruption'),
  invariant('V8', 'a hole reads as zeroes', 'what was punched or truncated reads as zeroes', 'corruption'),
  invariant('V9', 'COW and truncate', 'an access beyond the end raises SIGBUS', 'policy'),
  // Shown by no schedule of a preset: page-table and queue locks are held over steps that cannot sleep, whatever the slots are.
  // Steps of a user's own strategy can, and `test/unit/sim-kernel.test.ts` gives the oracle a task that does.
  invariant('V10', 'no sleep under a spinlock', 'a task that holds a spinlock never sleeps', 'hang'),
  invariant('V11', 'no circle', 'neither lock order nor waiting has a circle', 'hang'),
  invariant('V12', 'balanced', 'a lock is released once, by its holder, in its mode', 'hang'),
  invariant('V13', 'no lost wake-up', 'nobody sleeps for something that is free', 'hang'),
  invariant('V14', 'a crash shows nothing stale', 'after any power cut no foreign byte is exposed', 'security'),
  invariant('V15', 'synced is durable', 'what was synced is there after any power cut', 'corruption'),
  invariant('V16', 'frozen', 'nothing changes on a frozen filesystem', 'policy'),
  invariant('V17', 'honest ENOSPC', 'no space is reported only when there is none to come', 'resource'),
  invariant('V18', 'progress', 'every operation ends in a bounded number of tries', 'liveness'),
  // Breaking layouts with even_cows is what would break it (`evenCowsOnBreak`, test/sim/dma.test.ts); no preset does.
  invariant('V19', 'private is private', 'private copies vanish only by truncate', 'corruption'),
  invariant('V20', 'initialised once', 'a fresh block is initialised once', 'corruption'),
  invariant('S1', 'the strategy works', "the code of the user's own strategy does what a slot's steps may do", 'hang'),
])
