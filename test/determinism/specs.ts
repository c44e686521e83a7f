/** Runs whose digests are committed: every scenario under a few strategies, short. */
import { run, type RunSpec } from '../../shared/sim/run.ts'

const NS = 500_000

export const specs: readonly RunSpec[] = [
  { scenario: 'SC1', strategy: 'E', durationNs: NS },
  { scenario: 'SC1', strategy: 'F,tx=tx-before-locks', durationNs: NS },
  { scenario: 'SC1', strategy: 'K', durationNs: NS, seed: 7 },
  { scenario: 'SC1', strategy: 'K', durationNs: NS, fs: 'xfs' },
  { scenario: 'SC2', strategy: 'X', durationNs: NS },
  { scenario: 'SC2', strategy: 'K', durationNs: NS },
  { scenario: 'SC3', strategy: 'F', durationNs: NS },
  { scenario: 'SC4', strategy: 'A', durationNs: NS },
  { scenario: 'SC4', strategy: 'H2', durationNs: NS },
  { scenario: 'SC5', strategy: 'J,init=unwritten-convert', durationNs: NS },
  { scenario: 'SC6', strategy: 'K', durationNs: NS },
  { scenario: 'SC7', strategy: 'E', durationNs: NS },
  { scenario: 'SC8', strategy: 'H1', durationNs: NS },
  { scenario: 'SC9', strategy: 'C', durationNs: NS },
  { scenario: 'SC10', strategy: 'E,unmapLock=spin+lockbreak', durationNs: NS },
  { scenario: 'SC11', strategy: 'I', durationNs: NS },
  { scenario: 'SC12', strategy: 'J', durationNs: NS },
  { scenario: 'SC13', strategy: 'K', durationNs: NS },
  { scenario: 'SC14', strategy: 'Z', durationNs: NS },
  { scenario: 'SC15', strategy: 'G', durationNs: NS },
  { scenario: 'SC16', strategy: 'K', durationNs: NS },
]

export function nameOf(spec: RunSpec): string {
  const strategy = typeof spec.strategy === 'string' ? spec.strategy : spec.strategy.label
  return `${spec.scenario} ${strategy}${spec.fs === undefined ? '' : ` ${spec.fs}`} seed ${spec.seed ?? 1}`
}

export function digests(): Record<string, string> {
  return Object.fromEntries(specs.map((spec) => [nameOf(spec), run(spec).digest]))
}
