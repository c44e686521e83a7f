/**
 * One hook of the oracle at a time, for tests: a small file whose state a test puts together by hand, two tasks that move one after
 * the other, what was said of the second's move, and what of the world a search is told that it looked at.
 */
import { expect } from 'vitest'
import type { Checks } from '../../shared/sim/invariants/checks.ts'
import { invariants } from '../../shared/sim/invariants/invariants.ts'
import type { Inode } from '../../shared/sim/inode.ts'
import { PAGES_PER_PMD, type Vma } from '../../shared/sim/mm.ts'
import type { Steps } from '../../shared/sim/task.ts'
import type { World } from '../../shared/sim/world.ts'
import { searchWorld } from './support.ts'

export interface Scene {
  readonly w: World
  readonly checks: Checks
  /** Written blocks: page i has block i. */
  readonly inode: Inode
  readonly vma: Vma
}

export interface Given {
  readonly pages?: number
  readonly blocks?: number
  readonly dax?: boolean
  /** The file stays as holes. */
  readonly holes?: boolean
  /** 2 MiB entries, from this page of the file on. */
  readonly huge?: number
}

export interface Judged {
  readonly said: readonly Said[]
  /** What the second task's move read and, with a `!`, changed; only what the file, its pages and blocks are. */
  readonly looked: readonly string[]
}

export interface Said {
  readonly invariant: string
  readonly message: string
  readonly tasks: readonly string[]
  readonly objects: readonly string[]
}

export function scene({ pages = 4, blocks = 16, dax = true, holes = false, huge }: Given = {}): Scene {
  const w = searchWorld('K', 1, { blocks, dax })
  const inode = w.newFile({ dax, pages, blocks: holes ? 'holes' : 'written' })
  const options = huge === undefined ? {} : { from: huge, pmd: true }
  const vma = w.map(w.newMm(), inode, options)
  if (w.checks === undefined) throw new Error('the world is watched')
  return { w, checks: w.checks, inode, vma }
}

/** `one` moves first, if there is something for it to do; then `two`, who is judged. */
export function judged(at: Scene, two: () => void, one: () => void = () => undefined): Judged {
  const { k } = at.w
  function* moving(body: () => void): Steps {
    body()
  }
  const first = k.spawn('one', moving(one))
  const second = k.spawn('two', moving(two))
  k.step(first)
  const before = k.findings.length
  k.touched.length = 0
  k.step(second)
  const looked = k.touched.flatMap((object) => nameOf(at, object))
  expect([first.state, second.state]).toEqual(['done', 'done'])
  return { said: k.findings.slice(before).map(plain), looked: [...new Set(looked)] }
}

function plain({ invariant, message, tasks, objects }: Said): Said {
  expect(invariants.ids).toContain(invariant)
  return { invariant, message, tasks, objects }
}

function nameOf({ w, inode, vma }: Scene, object: number): readonly string[] {
  const [at, mark] = object < 0 ? [-1 - object, '!'] : [object, '']
  const within = (name: string, first: number, count: number) =>
    at >= first && at < first + count ? [`${name} ${at - first}${mark}`] : []
  const pages = [...inode.mapping.cache.values()].map((page) =>
    within('what is page', page.object + 2 - page.index, page.index + 1),
  )
  return [
    at === inode.sizeObject ? [`size${mark}`] : [],
    at === w.frozenObject ? [`frozen${mark}`] : [],
    within('owner of', w.space.ownerObject(0), w.device.blocks),
    within('extent', inode.extentObject, inode.pages),
    within('entry', inode.entryObject, inode.pages),
    within('content', inode.contentObject, inode.pages),
    at === inode.mapping.queue(2).object ? [`queue 2${mark}`] : [],
    within('pte', vma.object, vma.pmd ? PAGES_PER_PMD : vma.pages),
    ...pages,
  ].flat()
}

export const says = (
  invariant: string,
  message: string,
  tasks: readonly string[],
  objects: readonly string[],
): Said => ({ invariant, message, tasks, objects })
