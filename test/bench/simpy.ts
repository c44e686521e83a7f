/**
 * The same SC1 model in SimPy (sc1_simpy.py) and here, in one run: faults per simulated second and the rows of every table
 * they both record must agree before speeds are compared. The oracle and the lock order, which SimPy's model has not, are
 * off here. Speeds are happenings per CPU second, counted alike, once with both recording the same columns of events and
 * spans and once with both only simulating. Each runs in processes of its own; the quickest run counts.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Figure } from './measure.ts'
import { bestAlone, type Alone } from './simulated.ts'

const THREADS = 8
const DURATION_MS = 40
const COMMIT_MS = 50
/** Short runs: compilers need some of them, and Python has none. They do not count. */
const WARM_UP = 37
/** Of either; the quickest counts. */
const RUNS = 3
const STRATEGIES = ['E', 'F', 'K'] as const
/** Faults per simulated second of the two models, and rows per fault of what they record, may differ by this much. */
const AGREEMENT = 0.05
/** Debian's own Python has Debian's SimPy. */
const PYTHONS = ['/usr/bin/python3', 'python3']

interface Theirs {
  readonly strategy: string
  readonly recording: boolean
  readonly happenings: number
  readonly cpuSeconds: number
  readonly faultsPerSecond: number
  readonly rows: Readonly<Record<string, number>>
}

export function againstSimPy(): Figure[] {
  const python = PYTHONS.find(
    (one) => spawnSync(one, ['-c', 'import SimPy.Simulation'], { stdio: 'ignore' }).status === 0,
  )
  if (python === undefined) {
    console.log('  SimPy is not installed (Debian: apt-get install python3-simpy): not compared with it')
    return []
  }
  return STRATEGIES.flatMap((strategy) => compared(python, strategy))
}

function compared(python: string, strategy: string): Figure[] {
  const theirs = Array.from({ length: RUNS }, () => theirsOf(python, strategy))
  const spec = {
    scenario: 'SC1',
    strategy,
    params: { threads: THREADS, durationMs: DURATION_MS, commitMs: COMMIT_MS },
  }
  const figures: Figure[] = []
  for (const recorded of [true, false]) {
    const ours = bestAlone({ spec: { ...spec, checks: false }, recorded, runs: RUNS, warmUp: WARM_UP })
    const runs = theirs.flat().filter(({ recording }) => recording === recorded)
    const rate = Math.max(...runs.map(({ happenings, cpuSeconds }) => happenings / cpuSeconds))
    if (recorded) figures.push(...agreement(strategy, runs[0], ours))
    figures.push({
      what: `SC1 under ${strategy}, ${recorded ? 'recorded' : 'only simulated'}, against SimPy`,
      value: ours.events / (ours.cpuNs / 1e9) / rate,
      unit: 'x',
      bound: { kind: 'min', value: 8 },
    })
  }
  return figures
}

function agreement(strategy: string, theirs: Theirs, ours: Alone): Figure[] {
  const bound = { kind: 'max', value: AGREEMENT * 100 } as const
  const faults = theirs.rows.op
  const apart = Object.entries(theirs.rows).map(([table, rows]) => {
    const here = table === 'event' ? ours.events : (ours.rows[table] ?? 0)
    return Math.abs(here / ours.ops / (rows / faults) - 1)
  })
  const rates = { theirs: theirs.faultsPerSecond, ours: ours.opsPerSecond }
  return [
    { what: `SC1 under ${strategy}: faults per simulated second, SimPy`, value: rates.theirs / 1e3, unit: 'k/s' },
    { what: `SC1 under ${strategy}: faults per simulated second, here`, value: rates.ours / 1e3, unit: 'k/s' },
    { what: '  they differ by', value: Math.abs(rates.theirs / rates.ours - 1) * 100, unit: '%', bound },
    { what: '  rows a fault of any table differ by', value: Math.max(...apart) * 100, unit: '%', bound },
  ]
}

function theirsOf(python: string, strategy: string): Theirs[] {
  const args = [join(import.meta.dirname, 'sc1_simpy.py'), THREADS, DURATION_MS, COMMIT_MS, strategy].map(String)
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the SimPy model exited ${status}: ${stderr.slice(-1000)}`)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Theirs)
}
