/**
 * Power cuts and promises, slot by slot: which lines a cut may lose or keep, what recovery shows then, what is said of it to the
 * word, and which bytes an fsync or a flush has promised to whom asks later.
 */
import { describe, expect, it } from 'vitest'
import { garbageOf, GARBAGE, METADATA, ZERO, type Tag } from '../../shared/sim/content.ts'
import { unwritten } from '../../shared/sim/extents.ts'
import { crashNow, durableVersion, judgeCrash, judgeLines, unflushedLines } from '../../shared/sim/invariants/crash.ts'
import type { Promises } from '../../shared/sim/invariants/promises.ts'
import type { Stream } from '../../shared/base/prng.ts'
import { judged, scene, type Scene } from './judged.ts'

/** The n-th store by a user of an inode (content.ts). */
const tag = (n: number, inode = 1): Tag => (n + 1) * 16 + inode

/** A file of zeroes: page i has block i, and all of it has been flushed. */
const zeroes = (): Scene => scene()

const told = (found: ReturnType<typeof judgeCrash>) =>
  found.map(
    ({ invariant, line, message, objects, index, slot }) =>
      `${invariant} ${line} ${index}.${slot} ${objects.join()}: ${message}`,
  )

describe('a power cut', () => {
  it('loses or keeps a line that only caches hold, and shows each', () => {
    const { w } = zeroes()
    expect(judgeCrash(w)).toEqual([])
    w.device.store(1, 1, tag(5, 2), false)
    const shown = 'page 1 of inode 1: after a power cut page 1 of inode 1 shows bytes of inode 2'
    expect(told(judgeCrash(w))).toEqual([`V14 kept 1.1 ${shown}`])
    w.device.store(1, 1, tag(5, 2), true)
    w.device.store(1, 1, ZERO, false)
    expect(told(judgeCrash(w))).toEqual([`V14 lost 1.1 ${shown}`])
    w.device.store(1, 1, tag(5, 2), true)
    expect(told(judgeCrash(w))).toEqual([`V14 flushed 1.1 ${shown}`])
  })

  it.each([
    [garbageOf(3), 'bytes of inode 3'],
    // Its low bits look like the file's own.
    [garbageOf(13), 'bytes of inode 13'],
    [GARBAGE, 'uninitialised bytes'],
    [garbageOf(METADATA), "the filesystem's metadata"],
    [tag(5, 7), 'bytes of inode 7'],
  ])('that shows %i says whose it is', (value, what) => {
    const { w } = zeroes()
    w.device.store(0, 0, value, true)
    expect(judgeCrash(w).map(({ message }) => message)).toEqual([`after a power cut page 0 of inode 1 shows ${what}`])
  })

  it('is over which lines, and is judged with those kept that are asked for', () => {
    const { w, inode } = zeroes()
    w.device.store(1, 1, tag(5, 2), false)
    w.device.store(2, 0, tag(6, 2), false)
    // Not in committed extents that recovery would read: a hole, an unwritten block, and beyond the durable end.
    for (const block of [0, 3]) w.device.store(block, 0, tag(7, 2), false)
    inode.extents.durable[0] = 0
    inode.durableSize = 3
    expect(unflushedLines(w)).toEqual([
      { block: 1, slot: 1 },
      { block: 2, slot: 0 },
    ])
    expect(judgeLines(w, () => false)).toEqual([])
    expect(told(judgeLines(w, ({ block }) => block === 2))).toEqual([
      'V14 kept 2.0 page 2 of inode 1: after a power cut page 2 of inode 1 shows bytes of inode 2',
    ])
    expect(judgeLines(w, ({ slot }) => slot === 1)).toMatchObject([{ line: 'kept', index: 1, slot: 1 }])
    inode.extents.durable[1] = unwritten(1)
    expect(unflushedLines(w)).toEqual([{ block: 2, slot: 0 }])
    expect(judgeLines(w, () => true)).toMatchObject([{ index: 2 }])
  })

  it('tells lines of neighbours apart, and asks only about those that caches hold', () => {
    const { w } = zeroes()
    w.device.store(0, 1, tag(5, 2), false)
    w.device.store(2, 0, tag(6, 2), false)
    w.device.store(3, 0, tag(7, 2), true)
    expect(unflushedLines(w)).toEqual([
      { block: 0, slot: 1 },
      { block: 2, slot: 0 },
    ])
    const asked: number[] = []
    const found = judgeLines(w, ({ block }) => asked.push(block) > 0)
    expect([asked, found.map(({ line }) => line)]).toEqual([
      [0, 2],
      ['kept', 'kept', 'flushed'],
    ])
  })

  it('shows a hole as zeroes whatever its block has, and nothing beyond the end', () => {
    const { w, inode } = zeroes()
    for (const block of [0, 1, 2, 3]) w.device.fill(block, garbageOf(3), true)
    inode.extents.durable[0] = 0
    inode.extents.durable[1] = unwritten(1)
    inode.durableSize = 3
    expect(judgeCrash(w)).toMatchObject([
      { index: 2, slot: 0 },
      { index: 2, slot: 1 },
    ])
  })

  it('may leave something else after each store and each commit', () => {
    const { w } = zeroes()
    const versions = [durableVersion(w)]
    w.device.store(1, 1, tag(5), false)
    versions.push(durableVersion(w))
    w.journal.commits++
    versions.push(durableVersion(w))
    expect(versions.map((version) => version - (versions[0] ?? 0))).toEqual([0, 1, 2])
  })

  it('that comes now is told page by page, of the lines a coin keeps, and is nobody’s doing', () => {
    const coin = (...falls: number[]) =>
      ({ below: (sides: number) => (expect(sides).toBe(2), falls.shift() ?? 1) }) as Stream
    const { w } = zeroes()
    for (const slot of [0, 1]) w.device.store(1, slot, tag(5, 2), false)
    w.device.store(3, 0, tag(6, 2), false)
    w.device.store(2, 0, garbageOf(3), true)
    expect(crashNow(w, coin(0, 0, 1))).toBe(2)
    expect(w.k.findings.map(({ invariant, tasks, message }) => ({ invariant, tasks, message }))).toEqual([
      { invariant: 'V14', tasks: [], message: 'after a power cut page 1 of inode 1 shows bytes of inode 2' },
      { invariant: 'V14', tasks: [], message: 'after a power cut page 2 of inode 1 shows bytes of inode 3' },
    ])
    expect(crashNow(w, coin(1, 0, 0))).toBe(3)
  })

  it('is judged where nobody keeps promises, or nothing is watched', () => {
    const { w, checks } = zeroes()
    w.device.store(0, 0, garbageOf(3), true)
    checks.promises = undefined
    expect(judgeCrash(w)).toHaveLength(1)
    w.checks = undefined
    expect(judgeCrash(w)).toHaveLength(1)
  })
})

describe('a promise', () => {
  const PAGE = { from: 1, to: 2 }
  const AT = { index: 1, slot: 1 }

  function kept(): Scene & { readonly promises: Promises } {
    const at = zeroes()
    if (at.checks.promises === undefined) throw new Error('a search keeps promises')
    return { ...at, promises: at.checks.promises }
  }

  /** A store, flushed or not, and an fsync of the whole file that began at `serial`. */
  const stored = ({ checks, inode }: Scene, n: number, at = AT) => void checks.content.stored(inode, at, tag(n))
  const synced = (
    { promises, inode }: ReturnType<typeof kept>,
    serial: number,
    during: () => void = () => undefined,
  ) => {
    const asked = promises.ask(inode, serial)
    during()
    promises.give(inode, asked)
  }
  /** Slots whose promise a power cut breaks that leaves zeroes, but -5 where the file shows those. */
  const broken = ({ promises, inode }: ReturnType<typeof kept>) =>
    [0, 1, 2, 3].flatMap((index) =>
      [0, 1]
        .filter((slot) => promises.broken(inode, { index, slot }, -5) !== undefined)
        .map((slot) => `${index}.${slot}`),
    )

  it('is none before anything is, and covers every slot of an fsync', () => {
    const at = kept()
    expect(broken(at)).toEqual([])
    stored(at, 3)
    synced(at, 3)
    expect(broken(at)).toEqual(['0.0', '0.1', '1.0', '1.1', '2.0', '2.1', '3.0', '3.1'])
    expect(at.promises.broken(at.inode, AT, ZERO)).toBe(tag(3))
  })

  it('is what the file showed when it was asked for, where the file is when it is given', () => {
    const at = kept()
    stored(at, 3)
    synced(at, 3, () => {
      stored(at, 4)
      at.inode.size = 2
    })
    expect(at.promises.broken(at.inode, AT, ZERO)).toBe(tag(3))
    expect(broken(at)).toEqual(['0.0', '0.1', '1.0', '1.1'])
  })

  it('is kept by its own bytes, and by any the file got after it was asked for', () => {
    const at = kept()
    stored(at, 3)
    synced(at, 3)
    const found = (value: Tag | undefined) => at.promises.broken(at.inode, AT, value)
    expect([found(tag(3)), found(tag(4))]).toEqual([undefined, undefined])
    // Older ones, ones stored just before it was asked for and gone since, none, another file's, nobody's.
    for (const value of [tag(2), undefined, tag(9, 2), garbageOf(13), ZERO])
      expect([value, found(value)]).toEqual([value, tag(3)])
    at.checks.removalBegins(at.inode, PAGE)
    at.checks.content.end(at.inode, PAGE, { tag: ZERO })
    synced(at, 3)
    expect([found(tag(3)), found(ZERO)]).toEqual([ZERO, undefined])
  })

  it('is about nothing that was under way when it was asked for, and takes back none', () => {
    const at = kept()
    stored(at, 3)
    at.checks.content.begin(at.inode, PAGE, [1])
    synced(at, 3)
    expect(broken(at)).not.toContain('1.1')
    const later = kept()
    stored(later, 3)
    synced(later, 3)
    later.checks.content.begin(later.inode, PAGE, [1])
    synced(later, 4)
    expect(later.promises.broken(later.inode, AT, ZERO)).toBe(tag(3))
  })

  it('ends where a removal begins, on its pages alone, and what was asked before it says nothing there', () => {
    const at = kept()
    stored(at, 3)
    const rest = ['0.0', '0.1', '2.0', '2.1', '3.0', '3.1']
    synced(at, 3, () => void at.promises.end(at.inode, PAGE))
    expect(broken(at)).toEqual(rest)
    synced(at, 3)
    expect(broken(at)).toHaveLength(8)
    at.promises.end(at.inode, PAGE)
    expect(broken(at)).toEqual(rest)
    at.promises.end(at.inode, { from: 2, to: 99 })
    expect(broken(at)).toEqual(['0.0', '0.1'])
  })

  it('of a flush is about its slot, and an fsync that was asked for earlier does not replace it', () => {
    const at = kept()
    const gives: string[][] = []
    at.promises.onGive = () => void gives.push(broken(at))
    at.promises.giveSlot(at.inode, AT, tag(5))
    expect(gives).toEqual([['1.1']])
    synced(at, 3)
    expect(gives).toHaveLength(2)
    expect(at.promises.broken(at.inode, AT, ZERO)).toBe(tag(5))
    expect(at.promises.broken(at.inode, { index: 1, slot: 0 }, -5)).toBe(ZERO)
  })

  it('is asked for by who looks at all of the file, where a power cut is judged when it is given', () => {
    const at = kept()
    const ask = () => judged(at, () => void at.promises.ask(at.inode, 1)).looked
    expect(ask()).toEqual([])
    at.promises.onGive = () => undefined
    expect(ask()).toEqual(['content 0', 'content 1', 'content 2', 'content 3'])
  })

  it('that a cut breaks is told with what was promised and what shows', () => {
    const at = kept()
    stored(at, 3)
    at.w.device.store(1, 1, tag(3), true)
    synced(at, 3)
    expect(judgeCrash(at.w)).toEqual([])
    at.w.device.store(1, 1, ZERO, true)
    const cut = () => judgeCrash(at.w).map(({ invariant, message }) => `${invariant} ${message}`)
    const where = 'V15 after a power cut page 1 of inode 1'
    expect(cut()).toEqual([`${where} shows zeroes; store #${tag(3)} had been synced`])
    at.w.device.store(1, 1, tag(3), true)
    at.inode.durableSize = 1
    expect(cut().slice(0, 2)).toEqual([
      `${where} is beyond the end; zeroes had been synced`,
      `${where} is beyond the end; store #${tag(3)} had been synced`,
    ])
    expect(cut()).toHaveLength(6)
  })
})
