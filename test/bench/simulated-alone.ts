/** The process that `bestAlone` starts: one kind of run, repeated; its figures as JSON. */
import { best, type RunAsked } from './simulated.ts'

const { spec, recorded, runs } = JSON.parse(process.argv[2] ?? '') as RunAsked
const { events, cpuNs, rows, result } = best(spec, { recorded }, runs)
const { ops, opsPerSecond } = result
process.stdout.write(JSON.stringify({ events, cpuNs, rows, ops, opsPerSecond }))
