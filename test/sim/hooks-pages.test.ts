/**
 * The oracle hook by hook, where state changes: what it says of a change that breaks an invariant, to the word, with everybody and
 * everything that has a part in it; that it says nothing of the change beside it; and what a search is told that it looked at.
 * Here: pages, mapped or cached, inside the file and beyond its end.
 */
import { describe, expect, it } from 'vitest'
import { unwritten } from '../../shared/sim/extents.ts'
import { anonPte, filePte, PTE_NONE } from '../../shared/sim/mm.ts'
import { judged, says, scene, type Scene } from './judged.ts'

describe('the end of the file (V2, V9, V19)', () => {
  const short = (size: number, given = {}): Scene => {
    const at = scene(given)
    at.inode.size = size
    return at
  }

  it('nothing is mapped from there on', () => {
    const at = short(2)
    const { said, looked } = judged(at, () => {
      at.checks.pteSet(at.vma, 1, filePte(1, true))
      at.checks.pteSet(at.vma, 2, filePte(2, true))
    })
    expect(said).toEqual([
      says(
        'V2',
        'two maps page 2 of inode 1 beyond its end (2 pages), and truncate has returned',
        ['two'],
        ['page 2 of inode 1'],
      ),
    ])
    expect(looked).toEqual(['owner of 1', 'size', 'owner of 2', 'content 2'])
  })

  it('while a truncate is under way over it, it may be', () => {
    const at = short(2)
    const range = { from: 2, to: 4 }
    const { said } = judged(
      at,
      () => {
        at.checks.pteSet(at.vma, 2, filePte(2, true))
        at.checks.accessed(at.inode, 3)
      },
      () => void at.checks.removalBegins(at.inode, range),
    )
    expect(said).toEqual([])
  })

  it('nothing is reached from there on', () => {
    const at = short(1)
    const { said, looked } = judged(at, () => {
      at.checks.accessed(at.inode, 0)
      at.checks.accessed(at.inode, 1)
    })
    expect(said).toEqual([
      says(
        'V9',
        'two reaches page 1 of inode 1 beyond its end (1 page) without SIGBUS',
        ['two'],
        ['page 1 of inode 1'],
      ),
    ])
    expect(looked).toEqual(['size', 'content 1'])
  })

  it('private copies go from there on, and no others', () => {
    const at = short(2)
    const { said, looked } = judged(
      at,
      () => {
        at.checks.copyGone(at.vma, 2)
        at.checks.copyGone(at.vma, 1)
        at.checks.copyGone(at.vma, 0)
      },
      () => void at.checks.pteSet(at.vma, 1, anonPte(0)),
    )
    expect(said).toEqual([
      says(
        'V19',
        "two unmaps one's private copy of page 1 of inode 1, which stays in the file",
        ['two', 'one'],
        ['page 1 of inode 1'],
      ),
      says(
        'V19',
        "two unmaps mm 0's private copy of page 0 of inode 1, which stays in the file",
        ['two', 'mm 0'],
        ['page 0 of inode 1'],
      ),
    ])
    expect(looked).toEqual(['size'])
  })

  it('a truncate that returns leaves nothing mapped there: each page is told, with who mapped it', () => {
    const at = short(4)
    const { said, looked } = judged(
      at,
      () => {
        at.inode.size = 2
        at.checks.truncated(at.inode)
      },
      () => {
        for (const index of [1, 2]) at.w.setPte(at.vma, index, filePte(index, true))
      },
    )
    expect(said).toEqual([
      says(
        'V2',
        "two returns from truncate and one's file PTE maps page 2 of inode 1 beyond its end (2 pages)",
        ['two', 'one'],
        ['page 2 of inode 1'],
      ),
    ])
    expect(looked).toEqual(['size', 'pte 2', 'pte 3'])
  })

  it('a mapping ends where it ends: the PTEs behind it are another’s', () => {
    const at = short(128, { pages: 128, blocks: 128 })
    const { w, inode, checks } = at
    inode.mapping.vmas.length = 0
    const halves = [0, 0].map(() => w.map(w.newMm(), inode, { from: 0, pages: 64 }))
    const mapped = () => halves[1] && w.setPte(halves[1], 0, filePte(0, true))
    const { said } = judged(at, () => ((inode.size = 32), checks.truncated(inode)), mapped)
    expect(said).toEqual([])
    expect(halves[0]?.pte(64)).not.toBe(PTE_NONE)
  })

  it('a block beyond it after a SIGBUS is counted, unless it is kept, a hole, or somebody is at it', () => {
    const left = (change: (at: Scene) => void, index = 2) => {
      const at = short(2)
      change(at)
      judged(at, () => void at.checks.leftBehind(at.inode, index))
      return at.w.stats.counters.get('blocks left beyond EOF') ?? 0
    }
    expect(left(() => undefined)).toBe(1)
    expect(left(() => undefined, 1)).toBe(0)
    expect(left(({ inode }) => void inode.kept.fill(1))).toBe(0)
    expect(left(({ inode }) => void inode.extents.tree.fill(0))).toBe(0)
    expect(left(({ checks, inode }) => void checks.content.begin(inode, { from: 2, to: 3 }))).toBe(0)
  })
})

describe('cached pages (V4, V7) and what devices write (V1)', () => {
  const cached = (
    change: (at: Scene & { page: NonNullable<ReturnType<Scene['inode']['mapping']['cache']['get']>> }) => void,
  ) => {
    const at = scene({ dax: false })
    at.w.cachePage(at.inode, 1)
    const page = at.inode.mapping.cache.get(1)
    if (page === undefined) throw new Error('the page is cached')
    change({ ...at, page })
    return { ...at, page }
  }
  const looks = (change: Parameters<typeof cached>[0]) => {
    const at = cached(change)
    return judged(at, () => void at.checks.cachedPage(at.inode, 1))
  }
  const stale = (now: string) => [
    says('V4', `two leaves cached page 1 of inode 1 with block 1; ${now}`, ['two'], ['page 1 of inode 1', 'block 1']),
  ]

  it('stand for the blocks of the file', () => {
    expect(looks(() => undefined)).toEqual({ said: [], looked: ['entry 1', 'extent 1', 'what is page 1'] })
    expect(looks(({ inode }) => void (inode.extents.tree[1] = unwritten(1))).said).toEqual([])
    expect(looks(({ inode }) => void (inode.extents.tree[1] = 0)).said).toEqual(stale('the file has a hole there'))
    expect(looks(({ inode }) => void (inode.extents.tree[1] = 8)).said).toEqual(
      stale('the file has another block there'),
    )
  })

  it('are not asked where they stand for no block yet', () => {
    const hole = (change: Parameters<typeof cached>[0]) =>
      looks((at) => ((at.inode.extents.tree[1] = 0), change(at))).said
    expect(hole(({ page }) => void (page.block = -1))).toEqual([])
    expect(hole(({ page }) => void (page.hole = true))).toEqual([])
    expect(hole(({ page }) => void (page.uptodate = false))).toEqual([])
    expect(hole(({ inode }) => void inode.mapping.cache.clear())).toEqual([])
    expect(hole(({ page }) => void (page.block = 0))).toHaveLength(1)
  })

  it('are written to blocks of the file', () => {
    const written = (block: number) => {
      const at = cached(({ page }) => void (page.block = block))
      return judged(at, () => void at.checks.pageWritten(at.inode, at.page))
    }
    expect(written(1)).toEqual({ said: [], looked: ['owner of 1'] })
    expect(written(2)).toEqual({
      said: [
        says(
          'V4',
          "two writes page 1 of inode 1 to block 2, which is not the file's",
          ['two'],
          ['page 1 of inode 1', 'block 2'],
        ),
      ],
      looked: ['owner of 2'],
    })
  })

  it('are in the file when they are mapped', () => {
    const mapped = (detached: boolean) => {
      const at = cached(({ page }) => void (page.detached = detached))
      return judged(at, () => void at.checks.mappedPage(at.inode, at.page))
    }
    expect(mapped(false)).toEqual({ said: [], looked: ['what is page 1'] })
    expect(mapped(true).said).toEqual([
      says('V7', 'two maps page 1 of inode 1, which is no longer in the file', ['two'], ['page 1 of inode 1']),
    ])
  })

  it('a device writes to a block that is still the page’s, or it is told and says so', () => {
    const at = scene()
    const answers: boolean[] = []
    const { said, looked } = judged(at, () => {
      for (const block of [1, 2]) answers.push(at.checks.deviceWrites(at.inode, 1, block))
    })
    expect(answers).toEqual([true, false])
    expect(said).toEqual([
      says(
        'V1',
        "two writes by DMA to block 2, pinned as page 1 of inode 1, which is not the file's any more",
        ['two'],
        ['block 2', 'page 1 of inode 1'],
      ),
    ])
    expect(looked).toEqual(['frozen', 'owner of 1', 'owner of 2'])
  })
})
