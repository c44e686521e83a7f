/**
 * The workload logs every operation itself (`*.ops.tsv`, CLOCK_MONOTONIC): an independent truth for the operations of
 * every trace of the corpus whose clock is `mono`. What must hold, thread by thread, kind by kind:
 *
 *   system calls   each logged call contains exactly one traced call of its kind, in order; a traced call outside every
 *                  logged one is of a kind the program also makes without logging it (mmap, munmap, madvise: thread
 *                  stacks, malloc, MADV_NOHUGEPAGE)
 *   page faults    a touch that raised at least one page_fault_user (found here in the raw events) contains exactly one
 *                  fault operation, of its kind; a touch that raised none (the page was mapped) contains none; no fault on
 *                  a file lies outside the touches
 *
 * "Contains": the program's clock reads lie outside the kernel's entry and exit, so a traced operation begins not before
 * and ends not after the logged one, but for the rounding of text timestamps to 1 us (±500 ns). Results and, where the
 * trace has them, offsets and lengths are equal.
 */

import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { corpusPath, describeWithCorpus, readCorpus, skipWithoutCorpus } from '../support/corpus.ts'
import { importText, opsOf, type Imported, type OpView } from '../support/import-text.ts'

/** Whole microseconds: half of one either way. */
const ROUNDING_NS = 500

const FAULTS = new Set(['read_fault', 'write_fault', 'mkwrite', 'cow_fault', 'pmd_fault', 'fault'])

/** Kinds a logged operation may have in the trace. A 2 MiB mapping can serve, or refuse, any touch. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  rfault: ['read_fault', 'pmd_fault'],
  wfault: ['write_fault', 'mkwrite', 'pmd_fault'],
  cowfault: ['cow_fault', 'pmd_fault'],
  pmdfault: ['pmd_fault', 'read_fault', 'write_fault', 'mkwrite'],
  truncate_down: ['truncate'],
  truncate_up: ['truncate'],
  punch: ['punch_hole'],
  zero_range: ['fallocate'],
  write: ['write'],
  pread: ['read'],
  fsync: ['fsync', 'fdatasync'],
  msync: ['msync'],
  mmap: ['mmap'],
  munmap: ['munmap'],
  madvise_dontneed: ['madvise'],
}
const UNLOGGED = new Set(['mmap', 'munmap', 'madvise'])
const OFFSET_KNOWN = new Set(['truncate', 'punch_hole', 'read', 'read_fault', 'write_fault', 'cow_fault'])
const LENGTH_KNOWN = new Set(['punch_hole', 'read', 'write', 'msync', 'mmap', 'munmap', 'madvise'])

/** Traces with system call and fault events and a `mono` clock; every repetition of the back-test pairs is one too. */
const TRACES = [
  'dax/dax-ext4-small',
  'dax/dax-ext4-medium',
  'dax/dax-ext4-full',
  'dax/dax-ext4-pmd-mapsync',
  'dax/dax-ext4-faultheavy-lockstat',
  'dax/dax-ext2-small',
  'dax/dax-ext2-full',
  'dax/dax-xfs-small',
  'nolockdep/nl-dax-ext4-small',
  'nolockdep/nl-dax-ext4-medium',
  'nolockdep/nl-dax-ext4-faultheavy',
  'nolockdep/nl-dax-ext4-pmd-mapsync',
  ...['u0', 'u50', 'u200'].flatMap((pause) =>
    ['A', 'B'].flatMap((kernel) =>
      ['1', '2', '3', '6']
        .filter((run) => run !== '6' || pause === 'u200')
        .map((run) => `backtest/ext4-rrrwww-${pause}.${kernel}${run}`),
    ),
  ),
]

interface Logged {
  readonly tid: number
  readonly op: string
  readonly begin: number
  readonly end: number
  readonly offset: number
  readonly length: number
  readonly result: number
}

function logged(name: string, startNs: number): Logged[] {
  const rows = readCorpus(`${name}.ops.tsv`).toString('utf8').trimEnd().split('\n').slice(1)
  return rows.map((row) => {
    const [, tid, op, begin, end, offset, length, result] = row.split('\t')
    return {
      tid: Number(tid),
      op,
      begin: Number(begin) - startNs,
      end: Number(end) - startNs,
      offset: Number(offset),
      length: Number(length),
      result: Number(result),
    }
  })
}

/** Times of every page_fault_user per pid, from the raw events. */
function faultTimes({ trace, chunks }: Imported): Map<number, number[]> {
  const name = trace.eventNames.indexOf('page_fault_user')
  const out = new Map<number, number[]>()
  for (const chunk of chunks) {
    for (let row = 0; row < chunk.length; row++) {
      if (chunk.name[row] !== name) continue
      const { pid } = trace.tasks[chunk.task[row]]
      const times = out.get(pid)
      if (times === undefined) out.set(pid, [chunk.ts[row]])
      else times.push(chunk.ts[row])
    }
  }
  return out
}

/** Wall clock and trace clock have whole microseconds between them; operations can be less than 1 us apart. */
function inside(op: { readonly startNs: number; readonly endNs: number }, log: Logged): boolean {
  return op.startNs >= log.begin - ROUNDING_NS && op.endNs <= log.end + ROUNDING_NS
}

function pairCalls(
  calls: readonly Logged[],
  ops: readonly OpView[],
  pair: (log: Logged, op: OpView) => void,
): OpView[] {
  const left: OpView[] = []
  let next = 0
  for (const log of calls) {
    while (next < ops.length && ops[next].startNs < log.begin - ROUNDING_NS) left.push(ops[next++])
    const op = ops[next]
    expect(
      op !== undefined && inside(op, log),
      `${log.op} of ${log.tid} at ${log.begin} … ${log.end} is not in the trace`,
    ).toBe(true)
    pair(log, op)
    next++
  }
  return [...left, ...ops.slice(next)]
}

function checkPair(log: Logged, op: OpView): void {
  const what = `${log.op} of ${log.tid} at ${log.begin}`
  expect(KINDS[log.op], what).toContain(op.kind)
  expect(Math.min(0, op.result), `${what}: result`).toBe(log.result)
  if (OFFSET_KNOWN.has(op.kind)) expect(op.offset, `${what}: offset`).toBe(log.offset)
  if (LENGTH_KNOWN.has(op.kind)) expect(op.length, `${what}: length`).toBe(log.length)
}

function checkTouches(touches: readonly Logged[], faults: readonly OpView[], times: readonly number[]): number {
  let shown = 0
  let next = 0
  for (const touch of touches) {
    const raised = times.some((ts) => ts >= touch.begin - ROUNDING_NS && ts <= touch.end + ROUNDING_NS)
    while (next < faults.length && faults[next].startNs < touch.begin - ROUNDING_NS) {
      expect(faults[next].kind, `a fault on a file outside every touch, at ${faults[next].startNs}`).toBe('fault')
      next++
    }
    const mine: OpView[] = []
    while (next < faults.length && faults[next].startNs <= touch.end + ROUNDING_NS) mine.push(faults[next++])
    const what = `${touch.op} of ${touch.tid} at ${touch.begin} … ${touch.end}`
    expect(mine.length, `${what}: fault operations ${JSON.stringify(mine)}`).toBe(raised ? 1 : 0)
    if (!raised) continue
    shown++
    expect(inside(mine[0], touch), `${what} contains ${mine[0].startNs} … ${mine[0].endNs}`).toBe(true)
    checkPair(touch, mine[0])
  }
  for (; next < faults.length; next++) expect(faults[next].kind).toBe('fault')
  return shown
}

describeWithCorpus("operations of a trace against the program's own log", () => {
  // The list holds every trace that has both files and could be compared.
  it('every listed trace has its log', () => {
    for (const name of TRACES) {
      expect(existsSync(corpusPath(`${name}.ops.tsv`)) || existsSync(corpusPath(`${name}.ops.tsv.zst`)), name).toBe(
        true,
      )
    }
  })

  for (const name of TRACES) {
    it.skipIf(skipWithoutCorpus(name))(name, () => {
      const imported = importText(readCorpus(`${name}.trace.txt`))
      const log = logged(name, imported.startNs)
      const ops = opsOf(imported.trace)
      const times = faultTimes(imported)
      const counts = new Map<string, string>()
      for (const tid of new Set(log.map((entry) => entry.tid))) {
        const mine = log.filter((entry) => entry.tid === tid)
        const traced = ops.filter((op) => op.pid === tid)
        const touches = mine.filter((entry) => KINDS[entry.op].some((kind) => FAULTS.has(kind)))
        const faults = traced.filter((op) => FAULTS.has(op.kind))
        const shown = checkTouches(touches, faults, times.get(tid) ?? [])
        if (touches.length > 0) counts.set(`${tid} touches`, `${shown} of ${touches.length} raised a fault`)
        const calls = mine.filter((entry) => !touches.includes(entry))
        for (const kinds of new Set(calls.map((entry) => KINDS[entry.op].join()))) {
          const wanted = calls.filter((entry) => KINDS[entry.op].join() === kinds)
          const candidates = traced.filter((op) => kinds.split(',').includes(op.kind))
          for (const op of pairCalls(wanted, candidates, checkPair))
            expect(UNLOGGED, `unlogged ${op.kind}`).toContain(op.kind)
          counts.set(`${tid} ${kinds}`, `${wanted.length}`)
        }
        // Kinds this thread never logs, it never does, but for those it does not log at all.
        const loggedKinds = new Set(mine.flatMap((entry) => KINDS[entry.op]))
        for (const op of traced) {
          if (!loggedKinds.has(op.kind) && !FAULTS.has(op.kind))
            expect(UNLOGGED, `${op.kind} of ${tid}`).toContain(op.kind)
        }
      }
      expect(counts.size).toBeGreaterThan(5)
      if (process.env['FAULTLINE_VERBOSE'] !== undefined) {
        process.stderr.write(`${name}: ${[...counts].map(([what, n]) => `${what}: ${n}`).join('; ')}\n`)
      }
    })
  }
})
