/**
 * The same window with and without the events that only CONFIG_LOCK_STAT prints. What contention_* cannot show is who spun for
 * an rwsem and got it so: that time stays in the hold. Everything else of the locks that sleep must come out the same.
 */

import { expect, it } from 'vitest'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { importText, locksOf } from '../support/import-text.ts'

interface Totals {
  waitNs: number
  holdNs: number
}

function totals(trace: Trace): Map<string, Totals> {
  const out = new Map<string, Totals>()
  for (const span of locksOf(trace)) {
    if (span.kind !== 'rwsem' && span.kind !== 'mutex') continue
    const name = `${span.class} ${span.mode}`
    const sum = out.get(name) ?? { waitNs: 0, holdNs: 0 }
    out.set(name, sum)
    if ((span.flags & SPAN_CONTENDED) !== 0) sum.waitNs += span.acquiredNs - span.requestedNs
    if (span.releasedNs >= span.acquiredNs) sum.holdNs += span.releasedNs - span.acquiredNs
  }
  return out
}

/** Waits that are spinning for more than half. */
const SPUN = ['&mapping->i_mmap_rwsem shared']
/** might_lock() notes cannot be told from holds. */
const NOTED = ['&mm->mmap_lock shared']
const LONG_NS = 2_000_000

describeWithCorpus('lockdep without CONFIG_LOCK_STAT', () => {
  it.each(['dax-ext4-lockstat', 'dax-ext2-lockstat', 'dax-ext4-faultheavy-lockstat'])(
    '%s: waits and holds are those of the whole trace',
    (name) => {
      const text = readCorpus(`dax/${name}.trace.txt`).toString('latin1')
      const lines = text.split('\n').filter((line) => !/ lock_(?:contended|acquired): /.test(line))
      const whole = totals(importText(Buffer.from(text, 'latin1')).trace)
      const less = totals(importText(Buffer.from(lines.join('\n'), 'latin1')).trace)
      for (const [lock, expected] of whole) {
        const found = less.get(lock) ?? { waitNs: 0, holdNs: 0 }
        if (NOTED.includes(lock)) found.holdNs = expected.holdNs
        const allNs = expected.waitNs + expected.holdNs
        if (allNs < LONG_NS) continue
        expect(Math.abs(found.waitNs + found.holdNs - allNs), lock).toBeLessThan(0.03 * allNs)
        if (SPUN.includes(lock)) continue
        // What was spun for counts as held, and of what lies between asking and finding it taken a little as waited.
        expect(found.waitNs, lock).toBeLessThan(1.03 * expected.waitNs + 100_000)
        expect(found.holdNs, lock).toBeLessThan(1.3 * expected.holdNs + 1000)
      }
      const worst = [...whole].sort((a, b) => b[1].waitNs - a[1].waitNs)[0]
      expect(less.get(worst[0])?.waitNs).toBeGreaterThan(0.84 * worst[1].waitNs)
    },
  )
})
