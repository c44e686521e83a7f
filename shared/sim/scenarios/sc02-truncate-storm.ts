/**
 * SC2: a block left behind when truncate wins between allocation and the size check, and whether that matters once the file
 * grows again (R01, R01b, R02). Faulters ignore SIGBUS and go on elsewhere. Leaks are counted where a fault ends in SIGBUS
 * with a block beyond the end; V3 itself is judged at rest.
 *
 * A leak needs a fault that is kept off its CPU between the size check and the allocation for as long as a whole truncate
 * takes; with a CPU for every task that does not happen in a run of this length, so there are more
 * faulters than CPUs.
 *
 * A run shows one more hole of i_size checks: a file that is cut and grown again while a fault is under way passes both, and
 * the fault maps a block that was freed in between (V1 in E, rare).
 */
import * as z from 'zod'
import { truncate } from '../ops/truncate.ts'
import { process, touchRandom, truncateLoop } from './actors.ts'
import { amount, commitEvery, count, duration, MS, scenario, startCommits } from './scenario.ts'

const params = z.object({
  faulters: amount({ label: 'Faulters', unit: '', min: 1, max: 64, default: 12 }),
  pages: amount({ label: 'File size', unit: 'pages', min: 1, max: 65_536, default: 1_024 }),
  truncateEveryUs: amount({ label: 'Truncate after', unit: 'µs', min: 1, max: 1_000_000, default: 200 }),
  cpus: amount({ label: 'CPUs', unit: '', min: 1, max: 64, default: 4 }),
  commitMs: commitEvery(5),
  durationMs: duration(100),
})

const LEAKED = 'blocks left beyond EOF'

export const truncateStorm = scenario({
  id: 'SC2',
  title: 'Truncate storm',
  question:
    'Does a block get left behind when truncate wins between allocation and the size check, and does it matter?',
  about: 'Write faults at random pages of a file that is truncated to nothing and back all the time.',
  params,
  strategies: ['X', 'E', 'E,init=unwritten-convert', 'F', 'J', 'K'],
  search: { faulters: 2, pages: 1, commitMs: 0 },
  machine: (p) => ({ cpus: p.cpus, blocks: p.pages * 2, durationNs: p.durationMs * MS }),
  setUp(w, p) {
    const inode = w.newFile({ dax: w.dax, pages: p.pages })
    for (let i = 0; i < p.faulters; i++) {
      w.k.spawn(`faulter-${i}`, touchRandom(w, process(w, inode), { actor: i, loads: 3 }))
    }
    w.k.spawn('truncater', truncateLoop(w, inode, p.truncateEveryUs * 1_000))
    startCommits(w, p.commitMs)
  },
  settle(w) {
    w.k.spawn('last-truncate', truncate(w, w.inode(1), 0))
  },
  expected: [
    { text: 'X maps freed blocks or pages beyond the end', holds: (run) => count(run('X'), 'V1', 'V2', 'V9') > 0 },
    { text: 'E leaves blocks beyond the end', holds: (run) => (run('E').counters[LEAKED] ?? 0) > 0 },
    { text: 'E as merged (written extents, zeroed later) exposes garbage', holds: (run) => count(run('E'), 'V5') > 0 },
    {
      text: 'E with unwritten extents leaks, and exposes nothing',
      holds: (run) => {
        const result = run('E,init=unwritten-convert')
        return (result.counters[LEAKED] ?? 0) > 0 && count(result, 'V5') === 0
      },
    },
    {
      text: 'F, J and K leave nothing behind',
      holds: (run) =>
        ['F', 'J', 'K'].every(
          (one) => run(one).counters[LEAKED] === undefined && count(run(one), 'V1', 'V2', 'V3') === 0,
        ),
    },
    { text: 'K is clean', holds: (run) => run('K').findings.length === 0 },
  ],
})
