/**
 * The block device's own page cache (fs/buffer.c, fs/block_dev.c): metadata of the filesystem is written through it. A block
 * that was metadata may leave a dirty copy there; when the block has become a file's, writing the copy back destroys what
 * the file holds (R26). Page-cache files have always cleaned such aliases when they allocate (unmap_underlying_metadata); DAX
 * zeroing did not until 4.10 (switch `cleansAliases`; 225c5161b118, 9b623df61457).
 *
 * Only the alias matters here: which metadata it was, and the log's own copy of it, are not modelled.
 */

import { assert } from '../../base/assert.ts'
import { garbageOf, METADATA } from '../content.ts'
import { C } from '../costs.ts'
import { P } from '../phases.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'

/** A block of metadata with a dirty copy in the device's cache; before the run begins. */
export function metadataBlock(w: World): number {
  const block = w.allocator.allocate(METADATA, 0)
  assert(block !== undefined, 'the device has room for a metadata block')
  w.device.fill(block, garbageOf(METADATA), true)
  w.aliases.add(block)
  return block
}

/** The metadata goes; its block may be a file's when the transaction has committed. */
export function* freeMetadata(w: World, block: number): Steps {
  yield* w.txStart()
  if (w.run(P.free, C.freeExtent)) yield
  w.free(block)
  yield* w.txStop()
}

/** The flusher of the device: writes what is dirty in its cache, whoever owns the block by now. */
export function* writeBackDevice(w: World): Steps {
  for (const block of [...w.aliases]) {
    yield* w.io(P.writeback_io, C.writebackPage)
    if (w.k.see(w.blockObject(block), true)) yield
    // Who cleans an alias also waits for a write of it that is under way (wait_on_page_writeback).
    if (!w.aliases.delete(block)) continue
    w.device.fill(block, garbageOf(METADATA), true)
  }
}
