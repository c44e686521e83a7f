/** The process that `bestAlone` starts: one kind of run, repeated; its figures as JSON. */
import { best, runOnce, type RunAsked } from './simulated.ts'

const { spec, recorded, runs, warmUp = 0 } = JSON.parse(process.argv[2] ?? '') as RunAsked
for (let i = 0; i < warmUp; i++) runOnce(spec, { recorded })
const { events, cpuNs, rows, result } = best(spec, { recorded }, runs)
const { ops, opsPerSecond } = result
process.stdout.write(JSON.stringify({ events, cpuNs, rows, ops, opsPerSecond }))
