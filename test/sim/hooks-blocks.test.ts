/**
 * The oracle hook by hook, where state changes: what it says of a change that breaks an invariant, to the word, with everybody and
 * everything that has a part in it; that it says nothing of the change beside it; and what a search is told that it looked at.
 * Here: blocks, whoever maps, frees, zeroes or moves them, and operations that fail.
 */
import { describe, expect, it } from 'vitest'
import { anonPte, filePte, HUGE_ZERO, PAGES_PER_PMD, PTE_NONE, ZERO_PTE } from '../../shared/sim/mm.ts'
import { judged, says, scene, type Scene } from './judged.ts'
import { timedWorld } from './support.ts'

describe('a block that page tables map (V1)', () => {
  const mapsIt =
    ({ w, vma }: Scene, index = 1, block = 1) =>
    () =>
      w.setPte(vma, index, filePte(block, true))

  it.each([
    ['is given', 'allocated'],
    ['frees', 'freed'],
    ['commits the freeing of', 'reusable'],
    ['moves', 'moved'],
  ] as const)('%s, and nothing is said of another', (does, hook) => {
    const at = scene()
    expect(judged(at, () => (at.checks[hook](1), at.checks[hook](2)), mapsIt(at))).toEqual({
      said: [
        says(
          'V1',
          `two ${does} block 1 while one maps it at page 1 of inode 1`,
          ['two', 'one'],
          ['block 1', 'page 1 of inode 1'],
        ),
      ],
      looked: ['owner of 1!', 'owner of 2!'],
    })
  })

  it('is mapped by whoever maps it last, by several, and by nobody once the PTE is gone', () => {
    const at = scene()
    const other = at.w.map(at.w.newMm(), at.inode)
    const [mine, further] = judged(
      at,
      () => {
        at.w.setPte(other, 1, filePte(1, false))
        at.checks.freed(1)
        at.w.clearAtOnce(other, 1)
        at.w.clearAtOnce(at.vma, 1)
        at.checks.freed(1)
      },
      mapsIt(at),
    ).said
    expect(mine).toEqual(
      says(
        'V1',
        'two frees block 1 while one maps it at page 1 of inode 1 and two maps it at page 1 of inode 1',
        ['two', 'one'],
        ['block 1', 'page 1 of inode 1'],
      ),
    )
    expect(further).toBeUndefined()
  })

  it('is named with the first three who map it, at page 0 as at any other', () => {
    const at = scene()
    const { w, inode } = at
    const others = [0, 1, 2, 3].map(() => w.map(w.newMm(), inode))
    const [said] = judged(
      at,
      () => void at.checks.freed(0),
      () => {
        // Beside it what maps none of it: other blocks, pages and copies with its number.
        w.setPte(at.vma, 1, filePte(1, true))
        at.vma.set(2, anonPte(0))
        for (const vma of others) w.setPte(vma, 0, filePte(0, true))
      },
    ).said
    expect(said?.message).toBe(
      `two frees block 0 while ${Array(3).fill('one maps it at page 0 of inode 1').join(', ')} and others map it`,
    )
    expect(said?.tasks).toEqual(['two', 'one'])
  })

  it('is named with who mapped the very first page there is', () => {
    const at = scene()
    const [said] = judged(at, () => void at.checks.freed(0), mapsIt(at, 0, 0)).said
    expect(said?.message).toBe('two frees block 0 while one maps it at page 0 of inode 1')
  })

  it('is mapped as long as a TLB may hold it', () => {
    const at = scene()
    const [said] = judged(
      at,
      () => void at.checks.freed(1),
      () => {
        mapsIt(at)()
        at.vma.set(1, PTE_NONE)
        at.vma.stale = new Float64Array(at.vma.pages)
        at.vma.stale[1] = filePte(1, true)
      },
    ).said
    expect(said?.message).toBe('two frees block 1 while one maps it at page 1 of inode 1')
  })

  it('is counted where nobody is found', () => {
    const at = scene()
    const frees = () => void at.checks.freed(1)
    const counts = () => void at.checks.pteSet(at.vma, 1, filePte(1, true))
    expect(judged(at, frees, counts).said[0]?.message).toBe('two frees block 1 while 1 PTE maps it')
    expect(judged(at, frees, counts).said[0]?.message).toBe('two frees block 1 while 2 PTEs map it')
  })

  it('is none that a zero page or a private copy happens to have the number of', () => {
    const at = scene()
    const { said, looked } = judged(at, () => {
      at.checks.pteGone(at.vma, 0, ZERO_PTE)
      at.checks.pteGone(at.vma, 0, anonPte(0))
      at.checks.pteSet(at.vma, 0, ZERO_PTE)
      at.checks.freed(0)
    })
    expect(said).toEqual([])
    expect(looked).toEqual(['size', 'owner of 0!'])
  })

  it('is the page’s own, or else it is said whose it is', () => {
    const at = scene()
    const { said, looked } = judged(at, () => {
      at.checks.pteSet(at.vma, 1, filePte(1, true))
      at.checks.pteSet(at.vma, 1, filePte(2, true))
      at.checks.pteSet(at.vma, 1, filePte(9, true))
    })
    expect(said).toEqual([
      says(
        'V1',
        'two maps block 2 at page 1 of inode 1; it belongs to page 2 of inode 1',
        ['two'],
        ['block 2', 'page 1 of inode 1'],
      ),
      says(
        'V1',
        'two maps block 9 at page 1 of inode 1; it belongs to nobody',
        ['two'],
        ['block 9', 'page 1 of inode 1'],
      ),
    ])
    expect(looked).toEqual(['owner of 1', 'size', 'owner of 2', 'owner of 9'])
  })
})

describe('a 2 MiB entry', () => {
  const FROM = PAGES_PER_PMD
  const FILE = 3 * PAGES_PER_PMD

  /** The second range of a VMA that begins at page 512 maps blocks 0 to 511, which are its pages'. */
  function huge(): Scene & { readonly first: number; readonly page: number } {
    const at = scene({ pages: FILE, blocks: 2 * PAGES_PER_PMD, holes: true, huge: FROM })
    const page = FROM + PAGES_PER_PMD
    const first = at.w.allocator.allocateRun(at.inode.number, page, PAGES_PER_PMD)
    expect(first).toBe(0)
    at.vma.pmds[1] = 0
    return { ...at, first: 0, page }
  }

  const frees = (at: Scene, blocks: readonly number[]) => () => blocks.forEach((block) => void at.checks.freed(block))
  const EDGES = [0, 1, PAGES_PER_PMD - 1, PAGES_PER_PMD]

  it('maps its 512 blocks, each at its page, for who set it', () => {
    const at = huge()
    const { said } = judged(at, frees(at, EDGES), () => void at.checks.pmdSet(at.vma, 1))
    expect(at.w.k.findings).toHaveLength(said.length)
    expect(said.map(({ message }) => message)).toEqual(
      EDGES.slice(0, 3).map(
        (block) => `two frees block ${block} while one maps it at page ${at.page + block} of inode 1`,
      ),
    )
  })

  it('maps none of the blocks behind its own, and its own wherever they begin', () => {
    const at = huge()
    const { w, checks, vma } = at
    const next = w.allocator.allocateRun(at.inode.number, FROM, PAGES_PER_PMD) ?? 0
    const both = () => {
      checks.pmdSet(vma, 1)
      vma.pmds[0] = next
      checks.pmdSet(vma, 0)
    }
    const { said } = judged(at, frees(at, [next, next + 3]), both)
    expect(said.map(({ message }) => message)).toEqual(
      [0, 3].map((i) => `two frees block ${next + i} while one maps it at page ${FROM + i} of inode 1`),
    )
  })

  it('says whose blocks are that are not its pages’', () => {
    const at = huge()
    at.w.allocator.move(3, 7)
    expect(judged(at, () => void at.checks.pmdSet(at.vma, 1)).said.map(({ message }) => message)).toEqual([
      `two maps block 3 at page ${at.page + 3} of inode 1; it belongs to page 7 of inode 1`,
    ])
  })

  it('maps nothing once it is gone, and leaves what it never mapped', () => {
    const at = huge()
    const gone = () => {
      at.checks.pmdSet(at.vma, 1)
      at.checks.pmdGone(at.vma, 1)
      // No entry, and the huge zero page: they map no block.
      at.vma.pmds[0] = HUGE_ZERO
      at.checks.pmdGone(at.vma, 0)
      at.vma.pmds[0] = -1
      at.checks.pmdGone(at.vma, 0)
    }
    expect(judged(at, frees(at, [...EDGES, 2 * PAGES_PER_PMD - 1]), gone).said).toEqual([])
  })

  it('is its setter’s alone: the ranges beside it stay whose they were', () => {
    const at = huge()
    at.w.allocator.allocateRun(at.inode.number, FROM, PAGES_PER_PMD)
    const set = (range: number) => () => {
      at.vma.pmds[range] = range === 0 ? PAGES_PER_PMD : 0
      at.checks.pmdSet(at.vma, range)
    }
    judged(at, set(0), set(1))
    const [said] = judged(at, frees(at, [0])).said
    expect(said?.message).toBe(`two frees block 0 while one maps it at page ${at.page} of inode 1`)
  })

  it('has no PTE under it', () => {
    const at = huge()
    expect(judged(at, () => void at.checks.pteUnderPmd(at.vma, at.page)).said).toEqual([
      says(
        'V1',
        `two puts a PTE at page ${at.page} of inode 1 under a 2 MiB entry`,
        ['two'],
        [`page ${at.page} of inode 1`],
      ),
    ])
  })
})

describe('blocks that stand beyond the end at rest (V3)', () => {
  const rest = (change: (at: Scene) => void, one: (at: Scene) => void = () => undefined) => {
    const at = scene()
    change(at)
    return judged(
      at,
      () => void at.checks.atRest(),
      () => void one(at),
    ).said
  }

  it('are told with the first of them, and who was given it', () => {
    const given = rest(
      ({ inode }) => {
        inode.size = 2
        inode.extents.tree[2] = 0
      },
      ({ checks }) => void checks.allocated(3),
    )
    expect(given).toEqual([
      says(
        'V3',
        '1 block of inode 1 stands beyond its end (2 pages): block 3, allocated by one for page 3 of inode 1',
        ['one'],
        ['block 3', 'page 3 of inode 1'],
      ),
    ])
    expect(rest(({ inode }) => void (inode.size = 1))).toEqual([
      says(
        'V3',
        '3 blocks of inode 1 stand beyond its end (1 page): the first is block 1 for page 1 of inode 1',
        [],
        ['block 1', 'page 1 of inode 1'],
      ),
    ])
  })

  it('are none where fallocate put them, or where there are none', () => {
    expect(rest(() => undefined)).toEqual([])
    expect(rest(({ inode }) => ((inode.size = 1), inode.kept.fill(1)))).toEqual([])
    const [second] = rest(({ inode }) => ((inode.size = 1), (inode.kept[1] = 1), (inode.kept[3] = 1)))
    expect(second?.message).toBe('1 block of inode 1 stands beyond its end (1 page): block 2 for page 2 of inode 1')
  })
})

describe('what is zeroed, changed, or fails', () => {
  it('a fresh block is zeroed once (V20), and is fresh again when it is given again', () => {
    const at = scene()
    const { said } = judged(at, () => {
      for (let times = 0; times < 3; times++) at.checks.zeroed(9)
      at.checks.allocated(9)
      at.checks.zeroed(9)
      expect(at.w.k.findings).toHaveLength(1)
      at.checks.zeroed(9)
    })
    const twice = says('V20', 'two zeroes block 9 a second time', ['two'], ['block 9'])
    expect(said).toEqual([twice, twice])
  })

  it('a frozen filesystem changes in nothing (V16)', () => {
    const changes = (frozen: boolean) => {
      const at = scene()
      at.w.frozen = frozen
      return judged(at, () => {
        at.checks.changed('metadata of', at.inode)
        at.checks.changed('data of', at.inode, 0)
        at.checks.zeroed(9)
        at.checks.deviceWrites(at.inode, 1, 1)
      })
    }
    const frozen = (what: string, object: string) =>
      says('V16', `two changes ${what} ${object} on a frozen filesystem`, ['two'], [object])
    expect(changes(true).said).toEqual([
      frozen('metadata of', 'inode 1'),
      frozen('data of', 'page 0 of inode 1'),
      frozen('data of', 'block 9'),
      frozen('data of', 'page 1 of inode 1'),
    ])
    expect(changes(false)).toEqual({ said: [], looked: ['frozen', 'owner of 1'] })
  })

  it('no space is told with what is free or about to be (V17)', () => {
    const fails = (blocks: number, freed: readonly number[] = []) => {
      const at = scene({ blocks })
      for (const block of freed) at.w.allocator.free(block, 1)
      return judged(at, () => void at.checks.outOfSpace(at.inode, 3)).said
    }
    const told = (are: string) => [
      says(
        'V17',
        `two fails for lack of space at page 3 of inode 1; ${are} free or about to be`,
        ['two'],
        ['page 3 of inode 1'],
      ),
    ]
    expect(fails(5)).toEqual(told('1 block is'))
    expect(fails(6, [2])).toEqual(told('3 blocks are'))
    expect(fails(4, [2])).toEqual(told('1 block is'))
    expect(fails(4)).toEqual([])
  })

  it('who looks for ever is told, with what for (V18)', () => {
    const at = scene()
    const { said } = judged(at, () => {
      for (let tries = 20; tries < 30; tries++)
        at.checks.retried(tries, 'looks again for', { inode: at.inode, index: 2 })
    })
    expect(said).toEqual([
      says('V18', 'two looks again for page 2 of inode 1 after 24 tries', ['two'], ['page 2 of inode 1']),
    ])
  })

  it('who passes a wake-up to nobody while others sleep for what is free is told (V13)', () => {
    const went = (sleeps: boolean, woken = 0) => {
      const at = scene()
      const queue = at.inode.mapping.queue(2)
      queue.woken = woken
      const sleeper = at.w.k.spawn('sleeper', (function* () {})())
      if (sleeps) queue.add(sleeper, true)
      const { said, looked } = judged(at, () => void at.checks.wentWithoutWaking(at.inode, 2))
      expect(looked).toEqual(['queue 2'])
      expect(at.w.k.findings.every(({ task }) => task === sleeper)).toBe(true)
      return said
    }
    expect(went(true)).toEqual([
      says(
        'V13',
        'sleeper sleeps for the DAX entry at page 2 of inode 1, which is free; two got its wake-up and passed it to nobody',
        ['sleeper', 'two'],
        ['the DAX entry at page 2 of inode 1'],
      ),
    ])
    expect([went(true, 1), went(false)]).toEqual([[], []])
  })
})

it('in time order nobody keeps what fsync promised, unless asked to, and removals go on', () => {
  const w = timedWorld('K')
  const inode = w.newFile({ dax: true, pages: 2, blocks: 'written' })
  expect(w.checks?.promises).toBeUndefined()
  w.checks?.removalBegins(inode, { from: 0, to: 1 })
  expect(w.checks?.content.isBusy(inode, 0)).toBe(true)
})
