/** Races through the engine: computed once, cancelled at once; and through the command line. */
import { afterAll, describe, expect, it } from 'vitest'
import { races } from '#shared/races/index.ts'
import { workFolder } from '../golden/cli/run-cli.ts'
import { verdictOf } from './support.ts'
import { useEngine } from '../support/use-engine.ts'

const cli = workFolder()
const { client } = useEngine('desktop')
afterAll(() => cli.remove())

describe('the engine', () => {
  it('computes the same as the model in this thread', async () => {
    const { schedule, outcome, why } = verdictOf('R03', 'F')
    expect(await client.call('race.run', { race: 'R03', strategy: 'F' })).toMatchObject({ schedule, outcome, why })
  })

  it('computes a cell once, and again when asked to', async () => {
    const some = { races: ['R06'], strategies: ['E', 'K'] }
    const first = await client.call('verdicts.run', some)
    const counts: number[] = []
    const onProgress = ({ done }: { done: number }) => void counts.push(done)
    const second = await client.call('verdicts.run', some, { onProgress })
    expect(second.rows).toEqual(first.rows)
    expect(counts).toContain(2)
    expect((await client.call('verdicts.run', { ...some, fresh: true })).rows).toEqual(first.rows)
  })

  it('stops when it is cancelled', async () => {
    const stop = new AbortController()
    const promise = client.call('verdicts.run', { fresh: true }, { signal: stop.signal })
    setTimeout(() => stop.abort(), 200)
    await expect(promise).rejects.toMatchObject({ code: 'cancelled' })
    expect((await client.call('race.run', { race: 'R05', strategy: 'K' })).outcome).toBe('held')
  })

  it('a group is decided by one of its parts, whose film it shows', async () => {
    const result = await client.call('race.run', { race: 'R13', strategy: 'I' })
    expect(result).toMatchObject({ race: 'R13', decidedBy: 'R13a', outcome: 'violated' })
    expect(result.schedule).toMatch(/^fl1:R13a:I:/)
    expect(result.steps.some(({ invariant }) => invariant === 'V12')).toBe(true)
  })

  it('films the same script under a strategy that stops it, and says where somebody had to wait', async () => {
    const bad = await client.call('race.run', { race: 'R03', strategy: 'F' })
    const good = await client.call('race.run', { race: 'R03', strategy: 'K', script: bad.script ?? 0 })
    expect([bad.outcome, good.outcome]).toEqual(['violated', 'held'])
    expect(bad.findings.map(({ invariant }) => invariant)).toContain('V1')
    expect(good.findings).toEqual([])
    expect(good.reached).toContain(false)
    expect(good.steps.map(({ action }) => action)).toContain('asks for mapping.invalidate_lock shared')
    await expect(client.call('race.run', { race: 'R03', strategy: 'K', script: 9 })).rejects.toMatchObject({
      code: 'unknown-id',
    })
  })

  it('a film says what each move changed, from a whole state on', async () => {
    const { steps, initialState } = await client.call('race.run', { race: 'R05', strategy: 'E' })
    expect(initialState['i_size']).toBe('10 pages')
    const changes = steps.flatMap(({ state = {} }) => Object.entries(state).map((change) => change.join(': ')))
    expect(changes).toContain('PTE of page 5 in mm 0: block 0, writable')
    expect(changes.some((change) => change.startsWith('fault-2 holds: '))).toBe(true)
  })
})

describe('the command line', () => {
  it('race --json is one document with the promised fields', async () => {
    const { status, stdout } = await cli.run([
      'race',
      'R05',
      '--strategy',
      'E',
      '--slot',
      'init=zero-in-alloc-tx',
      '--json',
    ])
    expect(status).toBe(0)
    const document = JSON.parse(stdout) as Record<string, unknown>
    expect(document).toMatchObject({
      race: 'R05',
      strategy: 'E,init=zero-in-alloc-tx',
      outcome: 'held',
      expected: null,
    })
    expect(document['slots']).toMatchObject({ guard: 'isize-recheck-under-immap', init: 'zero-in-alloc-tx' })
    expect(document['schedule']).toMatch(/^fl1:R05:E,init=zero-in-alloc-tx:/)
    expect((document['steps'] as object[])[0]).toMatchObject({ n: 1, task: 'fault-1' })
  })

  it('race in words names invariant, reason and schedule', async () => {
    const { status, stdout, stderr } = await cli.run(['race', 'R12', '--strategy', 'F'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/R12 i_mmap against transactions, under F on ext4: violated \(V11\)/)
    expect(stdout).toMatch(/write-fault waits for jbd2_handle and holds .*i_mmap_mutex/)
    expect(stderr).toMatch(/faultline replay 'fl1:R12:F:/)
  })

  it('verdicts --json has a row per race and preset asked for', async () => {
    const { status, stdout } = await cli.run([
      'verdicts',
      '--race',
      'R24',
      '--race',
      'R05',
      '--strategy',
      'H1',
      '--json',
    ])
    expect(status).toBe(0)
    const { rows, wallMs } = JSON.parse(stdout) as { rows: Record<string, unknown>[]; wallMs: number }
    expect(wallMs).toBeGreaterThanOrEqual(0)
    expect(rows).toMatchObject([
      { race: 'R24', strategy: 'H1', outcome: 'violated', expected: 'violated' },
      { race: 'R05', strategy: 'H1', outcome: 'held', expected: 'held' },
    ])
  })

  it('list races --json names every race with a title', async () => {
    const { stdout } = await cli.run(['list', 'races', '--json'])
    const listed = JSON.parse(stdout) as { races: { id: string; title: string }[] }
    expect(listed.races.map(({ id }) => id)).toEqual(races.ids)
    expect(listed.races.every(({ title }) => title.length > 5)).toBe(true)
  })

  it.each([
    [['race', 'R77', '--strategy', 'E'], 2, /unknown race 'R77'/],
    [['race', 'R05', '--strategy', 'Y'], 2, /unknown strategy 'Y'/],
    [['race', 'R05'], 2, /--strategy is missing/],
    [['race', 'R05', '--strategy', 'E', '--slot', 'init'], 2, /'init' is not NAME=VALUE/],
    [['race', 'R05', '--strategy', 'X,init=unwritten-convert'], 2, /ext2 has none/],
    [['verdicts', '--race', 'R77'], 2, /unknown race 'R77'/],
  ])('%j is wrong usage, in one line', async (args, status, says) => {
    const result = await cli.run(args)
    expect(result.status).toBe(status)
    expect(result.stderr).toMatch(says)
    expect(result.stdout).toBe('')
  })
})
