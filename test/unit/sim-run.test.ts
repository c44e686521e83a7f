/** Runs as values: bad input is one sentence, a deadlock is a finding, budgets hold, counts are conserved. */
import { describe, expect, it } from 'vitest'
import { ApiError } from '../../shared/base/errors.ts'
import { run } from '../../shared/sim/run.ts'
import { parseStrategy, policyOf, slots, SLOTS, strategies } from '../../shared/sim/strategies/index.ts'
import { switches } from '../../shared/sim/policies/switches.ts'

function refused(action: () => unknown): ApiError {
  try {
    action()
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('a strategy', () => {
  it('is a preset with overrides of slots and switches', () => {
    const strategy = parseStrategy('F,tx=tx-before-locks, init=zero-in-alloc-tx', ['secondUnmap=false'])
    expect(strategy.slots.tx).toBe('tx-before-locks')
    expect(strategy.slots.init).toBe('zero-in-alloc-tx')
    expect(strategy.switches.secondUnmap).toBe(false)
    expect(strategy.id).toBe('F')
  })

  it.each([
    ['Q', "unknown strategy 'Q'"],
    ['F,txx=tx-before-locks', "unknown slot 'txx'"],
    ['F,tx=tx-before-lock', "unknown tx 'tx-before-lock'"],
    ['F,secondUnmap=maybe', "unknown option of secondUnmap 'maybe'"],
    ['F,tx', "'tx' is no override"],
  ])('%s is refused by name', (text, message) => {
    const error = refused(() => parseStrategy(text))
    expect(error.message).toContain(message)
    expect(error.hint).toBeTruthy()
  })

  it('a list of strategies in one is told how to write it', () => {
    expect(refused(() => parseStrategy('K,F')).hint).toContain('--strategy K --strategy F')
  })

  it.each([
    ['E,cow=return-entry-locked', 'hands an entry lock over'],
    ['E,cow=return-range-locked', 'hands a range lock over'],
    ['H1,cow=return-range-locked', 'hands over the range'],
    ['E,enospc=retry-holding-handle', 'keeps a handle open'],
    ['A,immapMode=shared,unmapLock=spin', 'without a shared mode'],
  ])('%s cannot be, and says why', (text, why) => {
    const error = refused(() => parseStrategy(text))
    expect(error.code).toBe('bad-request')
    expect(error.message).toContain(why)
  })

  it('needs a filesystem that has what its options need', () => {
    const error = refused(() => run({ scenario: 'SC1', strategy: 'E,init=unwritten-convert', fs: 'ext2' }))
    expect(error.message).toContain('needs unwritten extents')
    expect(refused(() => run({ scenario: 'SC1', strategy: 'K,init=ordered-list', fs: 'xfs' })).message).toContain(
      'ordered data',
    )
  })

  it('follows 4.2a.2: E shared makes i_mmap an rwsem, guard inval makes readahead take it', () => {
    expect(parseStrategy('E,immapMode=shared').switches.unmapLock).toBe('rwsem-x')
    expect(parseStrategy('G3,guard=inval').switches.readaheadTakesInval).toBe(true)
    expect(parseStrategy('K,guard=fs-rwsem').switches.readaheadTakesInval).toBe(false)
    expect(parseStrategy('K,guard=fs-rwsem,readaheadTakesInval=true').switches.readaheadTakesInval).toBe(true)
  })

  it('is one of 16 presets, each of known options, and nothing else has a name', () => {
    expect(strategies.ids).toEqual('A B C D X E F I H1 H2 J G G2 G3 K Z'.split(' '))
    for (const preset of strategies.items) {
      for (const slot of SLOTS) expect(slots[slot].ids).toContain(preset.slots[slot])
      for (const [id, value] of Object.entries(preset.switches))
        expect(switches.get(id).options).toContain(String(value))
      expect(policyOf(parseStrategy(preset.id)).guard.id).toBe(preset.slots.guard)
    }
  })
})

describe('bad input is one clear sentence', () => {
  const sc1 = (spec: Partial<Parameters<typeof run>[0]>) => () => run({ scenario: 'SC1', strategy: 'K', ...spec })
  it.each([
    ['unknown scenario', () => run({ scenario: 'SC99', strategy: 'K' }), "unknown scenario 'SC99'"],
    ['parameter out of range', sc1({ params: { threads: 0 } }), 'parameter threads'],
    ['parameter of a wrong type', sc1({ params: { threads: 'many' } }), 'parameter threads'],
    ['unknown parameter', sc1({ params: { thread: 4 } }), 'thread'],
    ['unknown filesystem', sc1({ fs: 'btrfs' }), "unknown filesystem 'btrfs'"],
    ['unknown cost', sc1({ costs: { trapp: 3 } }), "unknown cost 'trapp'"],
    ['negative cost', sc1({ costs: { trap: -1 } }), 'cost trap=-1'],
    ['no CPUs', sc1({ cpus: 0 }), 'cpus=0'],
    ['endless time', sc1({ durationNs: 1e16 }), 'more simulated time'],
  ])('%s', (_what, action, message) => {
    const error = refused(action)
    expect(`${error.message} ${error.hint ?? ''}`).toContain(message)
    expect(error.message).not.toContain('\n')
  })
})

describe('a price of the catalogue changes what it is the price of', () => {
  const digestWith = (costs: Parameters<typeof run>[0]['costs']) =>
    run({ scenario: 'SC1', strategy: 'K', params: { durationMs: 1 }, ...(costs === undefined ? {} : { costs }) }).digest

  it('of an rwsem shared with other CPUs, too', () => {
    expect(digestWith({ sharedCacheLine: 60 })).toBe(digestWith(undefined))
    expect(digestWith({ sharedCacheLine: 0 })).not.toBe(digestWith(undefined))
  })
})

describe('a deadlock in simulated time', () => {
  const result = run({ scenario: 'SC14', strategy: 'H1,rangeGranularity=syscall', params: { cross: true } })

  it('is a finding with its circle, not a hang', () => {
    expect(result.deadlock?.cycle.length).toBe(2)
    expect(result.findings.some((one) => one.invariant === 'V11' && one.severity === 'hang')).toBe(true)
    expect(result.hung.length).toBeGreaterThan(0)
  })

  it('says who waits for what and holds what', () => {
    const finding = result.findings.find((one) => one.invariant === 'V11' && one.message.includes('waits for'))
    expect(finding?.message).toContain('and holds')
  })
})

describe('a run', () => {
  it('ends at its budget of happenings and says so', () => {
    const result = run({ scenario: 'SC1', strategy: 'K' }, undefined, { maxEvents: 10_000 })
    expect(result.truncated).toBe(true)
    expect(result.findings).toEqual([])
  })

  it('ends after the operations asked for', () => {
    const result = run({ scenario: 'SC1', strategy: 'K', ops: 100 })
    expect(result.ops).toBeGreaterThanOrEqual(100)
    expect(result.ops).toBeLessThan(120)
  })

  it('reports progress, and a throw there cancels it', () => {
    expect(() =>
      run({ scenario: 'SC1', strategy: 'K' }, undefined, {
        onProgress: () => {
          throw new ApiError('cancelled', 'enough')
        },
      }),
    ).toThrow('enough')
  })

  it('is the same with and without the oracle, findings aside', () => {
    const spec = { scenario: 'SC2', strategy: 'K', durationNs: 5_000_000 }
    expect(run({ ...spec, checks: false }).digest).toBe(run(spec).digest)
  })

  it('gives a different digest for another seed', () => {
    const spec = { scenario: 'SC1', strategy: 'K', durationNs: 2_000_000 }
    expect(run({ ...spec, seed: 2 }).digest).not.toBe(run({ ...spec, seed: 1 }).digest)
  })

  // XFS has no path with a page lock inside a transaction (fs/iomap/buffered-io.c): ext4's order is none of its own.
  it.each(['B', 'G', 'J'])('%s has no circle with the transactions of XFS writeback', (strategy) => {
    const { lockOrder, ops } = run({ scenario: 'SC3', strategy, fs: 'xfs', durationNs: 4_000_000 })
    expect(ops).toBeGreaterThan(100)
    expect(lockOrder.edges.map(({ from, to }) => `${from} → ${to}`)).not.toContain('sb_internal → folio')
    expect(lockOrder.cycles).toEqual([])
  })

  it.each(['ext2', 'ext4', 'xfs'])('K is clean on %s in the storms', (fs) => {
    for (const scenario of ['SC2', 'SC4', 'SC5']) {
      const result = run({ scenario, strategy: 'K', fs })
      expect(result.findings.map((one) => `${scenario}: ${one.invariant} ${one.message}`)).toEqual([])
    }
  })
})

describe('the end of a run', () => {
  it('is not put off by tasks that rest between two operations', () => {
    const params = { durationMs: 5, truncateEveryUs: 1_000_000 }
    const { simulatedNs, completed, opsPerSecond } = run({ scenario: 'SC2', strategy: 'K', params })
    expect(simulatedNs).toBeLessThan(20e6)
    expect(opsPerSecond).toBeCloseTo((completed * 1e9) / simulatedNs)
  })

  it('finds nobody hung who rests for long', () => {
    const params = { threads: 1, stallMs: 600, durationMs: 5 }
    const { findings, hung, simulatedNs } = run({ scenario: 'SC1', strategy: 'K', params })
    expect([findings, hung]).toEqual([[], []])
    expect(simulatedNs).toBeLessThan(20e6)
  })

  it.each([
    ['SC1', 'alloc'],
    ['SC2', 'freeExtent'],
    ['SC2', 'trap'],
    ['SC4', 'logWrite'],
  ])('%s finds nobody hung who is only slow: a second for %s', (scenario, cost) => {
    const costs = { [cost]: 1_000_000_000 }
    const { findings, hung } = run({ scenario, strategy: 'K', params: { durationMs: 5 }, costs })
    expect([findings, hung]).toEqual([[], []])
  })
})
