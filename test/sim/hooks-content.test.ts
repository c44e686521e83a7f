/**
 * What the oracle knows of a file's bytes, operation by operation: which slots are sure, which may be either, whose they are; what it
 * says of a load that returns others, to the word; and what a search is told that it looked at.
 */
import { describe, expect, it } from 'vitest'
import { garbageOf, GARBAGE, METADATA, ZERO, type Tag } from '../../shared/sim/content.ts'
import { judged, says, scene, type Scene } from './judged.ts'

/** The n-th store by a user of an inode (content.ts). */
const tag = (n: number, inode = 1): Tag => n * 16 + inode

/** Page by page, slot by slot: the tag, `?` where it may be either. */
function shows({ checks, inode, w }: Scene): string {
  const { tags, sure } = checks.content.sure(inode)
  const cells = [...tags].map((value, cell) => {
    const at = { index: Math.floor(cell / w.device.slots), slot: cell % w.device.slots }
    expect(checks.content.tagOf(inode, at)).toBe(sure[cell] === 1 ? value : undefined)
    return sure[cell] === 1 ? String(value) : '?'
  })
  return Array.from({ length: inode.pages }, (_, page) => cells.slice(page * 2, page * 2 + 2).join(' ')).join(' | ')
}

const busy = ({ checks, inode }: Scene) => [0, 1, 2, 3].filter((index) => checks.content.isBusy(inode, index))

/** All slots of the file stored to: page i has stores 10 i and 10 i + 1, by `one` if `one` does it. */
const filled = (at: Scene) => () => {
  for (let index = 0; index < 4; index++) {
    for (let slot = 0; slot < 2; slot++) at.checks.content.stored(at.inode, { index, slot }, tag(10 * index + slot))
  }
}

describe('what is under way over some pages', () => {
  it('may be either until it ends, there and nowhere else', () => {
    const at = scene()
    const range = { from: 1, to: 2 }
    const { looked } = judged(
      at,
      () => {
        at.checks.content.begin(at.inode, range)
        expect(shows(at)).toBe('1 17 | ? ? | 321 337 | 481 497')
        at.checks.content.end(at.inode, range, { tag: ZERO })
      },
      filled(at),
    )
    expect(looked).toEqual(['content 1!'])
    expect(shows(at)).toBe('1 17 | 0 0 | 321 337 | 481 497')
    expect(busy(at)).toEqual([])
  })

  it('reaches to the end of the file at most', () => {
    const at = scene()
    const range = { from: 3, to: 99 }
    const { looked } = judged(at, () => void at.checks.content.begin(at.inode, range), filled(at))
    expect([looked, busy(at), shows(at)]).toEqual([['content 3!'], [3], '1 17 | 161 177 | 321 337 | ? ?'])
    const ended = judged(at, () => void at.checks.content.end(at.inode, range, { tag: ZERO }))
    expect([ended.looked, busy(at), shows(at)]).toEqual([['content 3!'], [], '1 17 | 161 177 | 321 337 | 0 0'])
  })

  it('may be about some slots', () => {
    const at = scene()
    filled(at)()
    at.checks.content.begin(at.inode, { from: 0, to: 2 }, [1])
    expect(shows(at)).toBe('1 ? | 161 ? | 321 337 | 481 497')
    at.checks.content.end(at.inode, { from: 0, to: 2 }, { tag: tag(99), slots: [1] })
    expect(shows(at)).toBe(`1 ${tag(99)} | 161 ${tag(99)} | 321 337 | 481 497`)
  })

  it('is over when the last of several is, and says what that one says', () => {
    const at = scene()
    filled(at)()
    at.checks.content.begin(at.inode, { from: 0, to: 2 })
    at.checks.content.begin(at.inode, { from: 1, to: 3 })
    at.checks.content.end(at.inode, { from: 0, to: 2 }, { tag: ZERO })
    expect([shows(at), busy(at)]).toEqual(['0 0 | ? ? | ? ? | 481 497', [1, 2]])
    at.checks.content.end(at.inode, { from: 1, to: 3 }, { tag: tag(7) })
    expect(shows(at)).toBe(`0 0 | ${tag(7)} ${tag(7)} | ${tag(7)} ${tag(7)} | 481 497`)
  })

  it('leaves unknown what was stored meanwhile, also when something else begins and ends over it', () => {
    const at = scene()
    filled(at)()
    const range = { from: 1, to: 2 }
    at.checks.content.begin(at.inode, range)
    const { looked } = judged(at, () => void at.checks.content.stored(at.inode, { index: 1, slot: 1 }, tag(50)))
    expect(looked).toEqual(['content 1!'])
    at.checks.content.begin(at.inode, range)
    for (let ends = 0; ends < 2; ends++) at.checks.content.end(at.inode, range, { tag: ZERO })
    expect(shows(at)).toBe('1 17 | 0 ? | 321 337 | 481 497')
    at.checks.content.stored(at.inode, { index: 1, slot: 1 }, tag(51))
    expect(shows(at)).toBe(`1 17 | 0 ${tag(51)} | 321 337 | 481 497`)
  })

  it('that went elsewhere leaves its slots unknown, and its pages to others', () => {
    const at = scene()
    filled(at)()
    const page = { from: 1, to: 2 }
    at.checks.content.begin(at.inode, page, [0])
    const { looked } = judged(at, () => void at.checks.content.abandon(at.inode, page, [0]))
    expect([looked, busy(at), shows(at)]).toEqual([['content 1!'], [], '1 17 | ? 177 | 321 337 | 481 497'])
    at.checks.content.begin(at.inode, { from: 3, to: 9 }, [0])
    at.checks.content.abandon(at.inode, { from: 3, to: 9 }, [0])
    expect([busy(at), shows(at)]).toEqual([[], '1 17 | ? 177 | 321 337 | ? 497'])
  })

  it('everything is looked at by who looks at all of it, and a page by who asks for it', () => {
    const at = scene()
    expect(judged(at, () => void at.checks.content.looks(at.inode)).looked).toEqual(
      [0, 1, 2, 3].map((i) => `content ${i}`),
    )
    expect(judged(at, () => void at.checks.content.before(at.inode, 2)).looked).toEqual(['content 2'])
    expect(judged(at, () => void at.checks.content.isBusy(at.inode, 3)).looked).toEqual(['content 3'])
  })

  it('in time order no search looks on', () => {
    const at = scene()
    Object.assign(at.w.k, { timed: true })
    at.w.k.touched.length = 0
    at.checks.content.looks(at.inode)
    expect(at.w.k.touched).toEqual([])
  })
})

describe('pages that are shifted', () => {
  const ALL = { from: 1, to: 4 }

  function shifted(by: number, before: (at: Scene) => void = () => undefined): Scene {
    const at = scene()
    filled(at)()
    before(at)
    at.checks.content.begin(at.inode, ALL)
    const { looked } = judged(at, () => void at.checks.content.shifted(at.inode, ALL.from, by))
    expect(looked).toEqual(['content 1!', 'content 2!', 'content 3!'])
    return at
  }

  it('by a collapse stand a page nearer, and zeroes behind them', () => {
    expect(shows(shifted(-1))).toBe('1 17 | 321 337 | 481 497 | 0 0')
  })

  it('by an insert stand a page further, and zeroes before them', () => {
    expect(shows(shifted(1))).toBe('1 17 | 0 0 | 161 177 | 321 337')
  })

  it('take with them what is unknown of a slot', () => {
    const unknown = ({ checks, inode }: Scene) => {
      checks.content.begin(inode, { from: 2, to: 3 }, [1])
      checks.content.abandon(inode, { from: 2, to: 3 }, [1])
    }
    expect(shows(shifted(-1, unknown))).toBe('1 17 | 321 ? | 481 497 | 0 0')
    expect(shows(shifted(1, unknown))).toBe('1 17 | 0 0 | 161 177 | 321 ?')
  })

  it('are not sure while something else is under way over where they stand now', () => {
    const other = ({ checks, inode }: Scene) => void checks.content.begin(inode, { from: 2, to: 3 })
    const at = shifted(-1, other)
    expect([shows(at), busy(at)]).toEqual(['1 17 | 321 337 | ? ? | 0 0', [2]])
  })

  it('stay whose they were, and the zeroes are who shifted’s', () => {
    for (const [by, index, whose] of [
      [1, 3, "one's store #337"],
      [1, 2, 'store #177'],
      [1, 1, 'the zeroes of three'],
      [-1, 3, 'the zeroes of three'],
      [-1, 1, "one's store #337"],
    ] as const) {
      const at = scene()
      filled(at)()
      const store = () => void at.checks.content.stored(at.inode, { index: 2, slot: 1 }, tag(21))
      judged(at, () => undefined, store)
      at.checks.content.begin(at.inode, ALL)
      at.w.k.step(
        at.w.k.spawn(
          'three',
          (function* () {
            at.checks.content.shifted(at.inode, 1, by)
          })(),
        ),
      )
      const [said] = judged(
        at,
        () => void at.checks.content.loaded(at.inode, { index, slot: 1, by: 'a load' }, tag(98)),
      ).said
      expect(said?.message).toBe(
        `two: a load of page ${index} of inode 1 returns store #${tag(98)} instead of ${whose}`,
      )
    }
  })
})

describe('what a load returns', () => {
  const AT = { index: 1, slot: 1, by: 'a load' } as const
  const loads = (at: Scene, value: Tag) => () => void at.checks.content.loaded(at.inode, AT, value)
  const stores = (at: Scene, value: Tag) => () => void at.checks.content.stored(at.inode, AT, value)
  const PAGE = 'page 1 of inode 1'

  it('is looked at, and nothing changes where it is right or nobody can know', () => {
    const at = scene()
    expect(judged(at, loads(at, ZERO))).toEqual({ said: [], looked: ['content 1'] })
    at.checks.content.begin(at.inode, { from: 1, to: 2 })
    expect(judged(at, loads(at, tag(5)))).toEqual({ said: [], looked: ['content 1'] })
  })

  it('is told once if it is wrong, with whose bytes it should be', () => {
    const told = (value: Tag, one: Tag | undefined, own = false) => {
      const at = scene()
      const setting = one === undefined ? () => undefined : stores(at, one)
      const { said, looked } = judged(
        at,
        () => {
          if (own) setting()
          loads(at, value)()
          loads(at, value)()
        },
        own ? () => undefined : setting,
      )
      expect(looked).toEqual(own ? ['content 1!', 'content 1'] : ['content 1', 'content 1!'])
      expect(said).toHaveLength(1)
      return said[0]
    }
    const returns = (what: string) => `two: a load of ${PAGE} returns ${what}`
    expect(told(tag(5), undefined)).toEqual(says('V8', returns('store #81 instead of zeroes'), ['two'], [PAGE]))
    expect(told(tag(5), ZERO)).toEqual(
      says('V8', returns('store #81 instead of the zeroes of one'), ['two', 'one'], [PAGE]),
    )
    expect(told(tag(5), tag(6))).toEqual(
      says('V6', returns("store #81 instead of one's store #97"), ['two', 'one'], [PAGE]),
    )
    expect(told(tag(5), tag(6), true)).toEqual(
      says('V6', returns('store #81 instead of its own store #97'), ['two'], [PAGE]),
    )
    expect(told(tag(5), ZERO, true)).toEqual(
      says('V8', returns('store #81 instead of the zeroes of two'), ['two'], [PAGE]),
    )
  })

  it('is foreign if another file’s, or nobody’s: and what was stored there is lost', () => {
    const foreign = (value: Tag, one?: Tag, change: (at: Scene) => void = () => undefined) => {
      const at = scene()
      const { said, looked } = judged(at, loads(at, value), () => {
        change(at)
        if (one !== undefined) stores(at, one)()
      })
      expect(looked).toEqual(['content 1', 'content 1!'])
      return said
    }
    const returns = (what: string) => says('V5', `two: a load of ${PAGE} returns ${what}`, ['two'], [PAGE])
    expect(foreign(tag(5, 2))).toEqual([returns('bytes of inode 2')])
    expect(foreign(garbageOf(3), ZERO)).toEqual([returns('bytes of inode 3')])
    expect(foreign(GARBAGE)).toEqual([returns('uninitialised bytes')])
    expect(foreign(garbageOf(METADATA))).toEqual([returns("the filesystem's metadata")])
    // The 16th inode's bytes look like nobody's: which store it was is known.
    expect(foreign(tag(5, 0))).toEqual([returns('store #80')])
    expect(foreign(tag(5, 2), tag(6))).toEqual([
      returns('bytes of inode 2'),
      says('V6', `two: one's store #97 to ${PAGE} is lost`, ['two', 'one'], [PAGE]),
    ])
    const crossing = ({ checks, inode }: Scene) => void checks.content.begin(inode, { from: 1, to: 2 })
    expect(foreign(tag(5, 2), tag(6), crossing)).toEqual([returns('bytes of inode 2')])
  })

  it('of a read that takes a while is what was there when it began, or what came meanwhile', () => {
    const read = (during: (at: Scene) => void, before: (at: Scene) => void = () => undefined) => {
      const at = scene()
      filled(at)()
      before(at)
      const since = at.checks.content.before(at.inode, 1)
      during(at)
      return judged(at, () => void at.checks.content.loaded(at.inode, { ...AT, since }, tag(99))).said.length
    }
    const begins = ({ checks, inode }: Scene) => void checks.content.begin(inode, { from: 1, to: 2 })
    const ends = ({ checks, inode }: Scene) => void checks.content.end(inode, { from: 1, to: 2 }, { tag: tag(11) })
    expect(read(() => undefined)).toBe(1)
    expect(read(({ checks, inode }) => void checks.content.stored(inode, AT, tag(40)))).toBe(0)
    // It was unsure when the read began, whatever it says since.
    expect(read(ends, begins)).toBe(0)
    // What stands beside it does not matter.
    expect(read(({ checks, inode }) => void checks.content.stored(inode, { index: 1, slot: 0 }, tag(40)))).toBe(1)
    const beside = ({ checks, inode }: Scene) => void checks.content.begin(inode, { from: 0, to: 1 })
    expect(read(() => undefined, beside)).toBe(1)
  })
})

it('a file filled from the start shows what was stored', () => {
  const at = scene()
  filled(at)()
  expect(shows(at)).toBe('1 17 | 161 177 | 321 337 | 481 497')
})
