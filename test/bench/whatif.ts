/**
 * How well replays under today's strategy match recorded traces, as a table. Run on `.faultline` files by hand:
 * `node test/bench/whatif.ts FILE…`; the figures say where the calibration is weak.
 */

import { loadTrace, listTraces } from '#electron/store/load.ts'
import { openFile } from '#electron/store/open.ts'
import { pilot, run } from '#electron/engine/whatif-run.ts'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import { workloadOf } from '#shared/whatif/workload.ts'

for (const path of process.argv.slice(2)) {
  const db = openFile(path)
  const [{ id }] = listTraces(db)
  const trace = loadTrace(db, id)
  const workload = workloadOf(trace)
  const ops = workload.tasks.reduce((sum, task) => sum + task.ops.length, 0)
  process.stdout.write(
    `${path}: ${ops} operations, ${workload.tasks.length} tasks, ${workload.cpus} CPUs, ${workload.fs}\n`,
  )
  const nominal = pilot({ workload, strategy: 'K' })
  const one = await run({ workload, pilot: nominal, strategy: 'K', seed: 1, demands: 'exact' })
  const fidelity = fidelityOf(trace, [one.figures])
  for (const { of, figure, count, recordedNs, replayedNs, error } of fidelity.rows) {
    const cells = [of, figure, count, recordedNs, replayedNs, error === null ? '-' : `${(error * 100).toFixed(1)} %`]
    process.stdout.write(`  ${cells.join('\t')}\n`)
  }
  const { medianErrorP50, medianErrorP99, medianErrorWaits } = fidelity
  process.stdout.write(`  median errors: p50 ${medianErrorP50}, p99 ${medianErrorP99}, waits ${medianErrorWaits}\n`)
  db.close()
}
