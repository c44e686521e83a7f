/**
 * A strategy of one's own, to start from: what 4.3-rc1 wanted to be. It keeps i_mmap's idea (one lock from before the block
 * look-up until the PTE is set) but gives each file a lock of its own for it, taken shared by faults and exclusive by whoever
 * removes pages until their blocks are free; two faults on one page meet at the entry lock of 4.7.
 *
 *     npx faultline race R03 --strategy samples/strategies/entry-guard.ts
 *     npx faultline compare --scenario SC1 --strategy K --strategy samples/strategies/entry-guard.ts
 */

import { defineStrategy, inodeLock } from 'faultline/strategy'

const layoutLock = inodeLock('&inode->layout_lock', 'rwsem')

export default defineStrategy({
  title: 'A layout lock per file',
  about: 'faults share it, removal has it alone until the blocks are free; two faults meet at the entry lock',
  base: 'G3',
  slots: {
    guard: {
      id: 'layout-lock',
      title: 'layout lock',
      about: 'one rwsem per file around faults, shared, and around removals, exclusive',
      *enter(w, f) {
        if (w.k.lock(layoutLock(w, f.inode), 'shared')) yield
      },
      leave(w, f) {
        w.k.unlock(layoutLock(w, f.inode), 'shared')
      },
      *removeEnter(w, span) {
        if (w.k.lock(layoutLock(w, span.inode), 'exclusive')) yield
      },
      removeLeave(w, span) {
        w.k.unlock(layoutLock(w, span.inode), 'exclusive')
      },
    },
    pairing: 'entry-outside',
    init: 'zero-in-alloc-tx',
  },
})
