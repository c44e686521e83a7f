/** Tasks that several scenarios use: loops over one operation, with random places drawn from a stream of their own. */

import type { Ns } from '../../model/trace.ts'
import { stream, type Stream } from '../../base/prng.ts'
import type { Inode } from '../inode.ts'
import type { Mm, Vma } from '../mm.ts'
import { load, store } from '../ops/access.ts'
import { fsync } from '../ops/fsync.ts'
import { punchHole } from '../ops/punch-hole.ts'
import { truncate } from '../ops/truncate.ts'
import { P } from '../phases.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'

/** A stream for an actor's choices: the same for every strategy. */
export function choices(w: World, actor: number): Stream {
  return stream(w.k.seed, 0x5ce0, actor)
}

/** A process with one thread that maps the file. */
export function process(
  w: World,
  inode: Inode,
  options: { from?: number; pages?: number; shared?: boolean; sync?: boolean; pmd?: boolean } = {},
): Vma {
  const mm = w.newMm()
  mm.users = 1
  return w.map(mm, inode, options)
}

/** Threads of one process. */
export function threads(w: World, count: number): Mm {
  const mm = w.newMm()
  mm.users = count
  return mm
}

/** A pause in user code. */
export function pause(w: World, ns: Ns): boolean {
  return w.k.work(P.user, ns)
}

/** A time that is no operation's ends with the run, which would be longer for it and look slower. A search has no clock. */
export function withinRun(w: World, ns: Ns): Ns {
  return w.inSearch ? ns : Math.min(ns, Math.max(0, w.stopAt - w.k.now))
}

/** Off the CPU between two operations; whether the next one may begin is to be asked again then. */
export function rest(w: World, ns: Ns): boolean {
  return w.k.sleep(withinRun(w, ns))
}

/** Of pages that an actor goes through in a round, how many: in a search one, which meets what the others do like the rest. */
export function inRound(w: World, pages: number): number {
  return w.inSearch ? Math.min(pages, 1) : pages
}

/** Touches random pages: stores, and loads in `loads` of 8 cases. Keeps the page for a moment, so that it is used. */
export function* touchRandom(
  w: World,
  vma: Vma,
  options: { readonly actor: number; readonly loads: number; readonly pauseNs?: Ns },
): Steps {
  const random = choices(w, options.actor)
  while (w.goesOn()) {
    const at = { index: vma.pgoff + random.below(vma.pages), slot: random.below(w.device.slots) }
    if (random.below(8) < options.loads) yield* load(w, vma, at)
    else if ((yield* store(w, vma, at)) !== undefined) yield* load(w, vma, at)
    if (pause(w, options.pauseNs ?? 200)) yield
  }
}

/** Full size, nothing, full size, … until the end, which leaves it empty: one sees then what stands beyond the end. */
export function* truncateLoop(w: World, inode: Inode, everyNs: Ns): Steps {
  const full = inode.size
  while (w.goesOn()) {
    if (rest(w, everyNs)) yield
    yield* truncate(w, inode, 0)
    if (!w.inTime()) break
    yield* truncate(w, inode, full)
  }
  if (w.inSearch) yield* truncate(w, inode, 0)
}

export function* punchRandom(
  w: World,
  inode: Inode,
  options: { readonly actor: number; readonly maxPages: number; readonly everyNs: Ns },
): Steps {
  const random = choices(w, options.actor)
  while (w.goesOn()) {
    if (rest(w, options.everyNs)) yield
    if (!w.inTime()) break
    const pages = 1 + random.below(options.maxPages)
    const from = random.below(Math.max(1, inode.size - pages))
    yield* punchHole(w, inode, { from, to: from + pages })
  }
}

export function* fsyncLoop(w: World, inode: Inode, everyNs: Ns): Steps {
  while (w.goesOn()) {
    if (rest(w, everyNs)) yield
    if (!w.inTime()) break
    yield* fsync(w, inode)
  }
}
