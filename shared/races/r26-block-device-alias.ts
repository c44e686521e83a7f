/**
 * R26: a block was metadata, and the block device's own page cache still has a dirty copy of it. It is freed and becomes a DAX
 * file's; zeroing goes straight to the medium, and then the device's writeback puts the old copy over what the file stored
 * (225c5161b118, 9b623df61457). Page-cache files have always cleaned such aliases when they allocate.
 */
import { freeMetadata, metadataBlock, writeBackDevice } from '../sim/ops/block-device.ts'
import type { Race } from './race.ts'
import { always, commit, inTurn, mapped, on, run, storeThenLoad, toEnd } from './stage.ts'

export const blockDeviceAlias: Race = {
  id: 'R26',
  title: 'block-device alias overwrites a file',
  about:
    'A freed metadata block becomes a file’s, its task stores, and the device writes its old copy of the block back.',
  severity: 'corruption',
  invariants: ['V6', 'V5'],
  sources: ['225c5161b118', '9b623df61457'],
  notApplicable: always,
  setUp(w) {
    const { vma } = mapped(w)
    const block = metadataBlock(w)
    w.startJournal(Infinity)
    return [
      {
        id: 'M',
        comm: 'free-metadata',
        steps: inTurn(freeMetadata(w, block), commit(w)),
      },
      { id: 'F', comm: 'write-fault', steps: storeThenLoad(w, vma) },
      { id: 'D', comm: 'flusher', steps: writeBackDevice(w) },
    ]
  },
  scripts: [
    {
      title: 'the device writes back after the store',
      moves: [on('M'), on('J'), toEnd('M'), run('F', 'phase', 'user'), toEnd('D'), toEnd('F')],
    },
  ],
}
