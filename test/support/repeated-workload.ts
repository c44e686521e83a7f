/** A workload made as long as a test or a measurement wants it: the same recording again and again. */
import { operations, type Workload, type WorkloadTask } from '#shared/whatif/workload.ts'

export function repeated(workload: Workload, ops: number): Workload {
  const times = Math.ceil(ops / operations(workload))
  const again = (task: WorkloadTask): WorkloadTask => ({
    ...task,
    ops: Array.from({ length: times }, () => task.ops).flat(),
    steps: Array.from({ length: times }, (_, i) =>
      task.steps.map((step) => (typeof step === 'number' ? step + i * task.ops.length : step)),
    ).flat(),
  })
  return { ...workload, durationNs: workload.durationNs * times, tasks: workload.tasks.map(again) }
}
