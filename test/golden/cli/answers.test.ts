/** What the verbs print on two small real traces, for people and as JSON, word for word. */
import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFixture } from '../../support/corpus.ts'
import { writeDat } from '../../support/trace-dat.ts'
import { golden, NAMED, SMALL, steady, workFolder } from './run-cli.ts'

const folder = workFolder()
afterAll(folder.remove)

beforeAll(async () => {
  for (const [path, out] of [
    [NAMED, 'named.faultline'],
    [SMALL, 'small.faultline'],
  ]) {
    const imported = await folder.run(['import', path, '--out', out, '--json'])
    expect(imported.stderr).toBe('')
    expect(imported.status).toBe(0)
    golden(`import-${out.split('.')[0]}-json`, steady(imported.stdout, folder.path))
  }
})

const CASES: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['info-named', ['info', 'named.faultline']],
  ['contention-named', ['contention', 'named.faultline', '--top', '12']],
  ['contention-named-instance', ['contention', 'named.faultline', '--by', 'instance', '--top', '6']],
  ['contention-named-phase', ['contention', 'named.faultline', '--by', 'phase', '--top', '12']],
  [
    'contention-named-window',
    ['contention', 'named.faultline', '--from', '20000000', '--to', '60000000', '--top', '5'],
  ],
  ['contention-small-op', ['contention', 'small.faultline', '--by', 'op', '--top', '8']],
  ['contention-small-site', ['contention', 'small.faultline', '--by', 'site', '--top', '4']],
  ['lock-order-named', ['lock-order', 'named.faultline']],
  ['lock-order-small', ['lock-order', 'small.faultline']],
  ['doctor-small', ['doctor', 'small.faultline']],
  ['latency-named', ['latency', 'named.faultline']],
  ['latency-small-task', ['latency', 'small.faultline', '--by', 'task']],
  ['chain-named', ['chain', 'named.faultline', '--worst', '4']],
  [
    'query-named',
    [
      'query',
      'named.faultline',
      'SELECT kind, count(*) AS n, sum(duration_ns) AS ns FROM op GROUP BY kind ORDER BY kind',
    ],
  ],
  ['list-formats', ['list', 'formats']],
  ['list-analyses', ['list', 'analyses']],
  ['check-named', ['check', 'named.faultline']],
]

describe('for people', () => {
  it.each(CASES)('%s', async (name, args) => {
    const { status, stdout, stderr } = await folder.run(args)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    golden(name, steady(stdout, folder.path))
  })

  it('help VERB is what VERB --help is', async () => {
    const asked = await folder.run(['help', 'import'])
    expect(asked).toEqual(await folder.run(['import', '--help']))
    expect(asked.stdout).toMatch(/^Usage: faultline import /)
  })

  it('an order that cannot be seen is not acyclic', async () => {
    const wait = ['contention_begin: 0000000012345678 (flags=MUTEX)', 'contention_end: 0000000012345678 (ret=0)']
    const input = wait.map((event, i) => `  task-7   [000] .....   1.00000${i}: ${event}\n`).join('')
    await folder.run(['import', '-', '--out', 'waits.faultline'], { input })
    const { status, stdout } = await folder.run(['lock-order', 'waits.faultline', '--expect', 'acyclic'])
    expect(stdout).toContain('cannot show a lock order')
    expect(status).toBe(3)
  })

  it('where no lock was asked for under another nothing is shown to be acyclic', async () => {
    const acyclic = async (...more: readonly string[]) =>
      folder.run(['lock-order', 'named.faultline', '--expect', 'acyclic', ...more])
    expect((await acyclic('--to', '50000000')).status).toBe(0)
    const { status, stdout } = await acyclic('--from', '999999999999')
    expect(stdout).toContain('says nothing about circles')
    expect(status).toBe(3)
    expect((await acyclic('--from', '999999999999', '--json')).status).toBe(3)
  })

  it('a latency that was not measured is not 0', async () => {
    const enter = ' task-7   [000] .....   1.000001: sys_enter_fsync: fd: 0x1\n'
    await folder.run(['import', '-', '--out', 'open.faultline'], { input: enter })
    const { stdout } = await folder.run(['latency', 'open.faultline'])
    expect(stdout).toMatch(/^Not one operation here was seen to end: no duration is known\.\n/)
    expect(stdout).toMatch(/\nfsync +1 +1 +–[ –]+\n/)
    const none = await folder.run(['latency', 'small.faultline', '--from', '999999999999'])
    expect(none.stdout).toBe('No operation went on in this range of time.\n')
  })

  it('operations that were not seen to end are not in the time of those that were', async () => {
    const call = (name: string, at: string): string => ` task-7   [000] .....   1.00000${at}: sys_${name}\n`
    const input = [call('enter_fsync: fd: 0x1', '1'), call('exit_fsync: 0x0', '3'), call('enter_fsync: fd: 0x1', '5')]
    await folder.run(['import', '-', '--out', 'half.faultline'], { input: input.join('') })
    const { stdout } = await folder.run(['latency', 'half.faultline'])
    expect(stdout).toContain('2.00 µs in 1 operation (1 more were not seen to end)')
    expect(stdout).toContain('not ended')
  })

  it.each(['lock-stat/dax-ext4.txt', 'lockdep-report/circular.txt'])(
    'the length of %s is not known',
    async (fixture) => {
      await folder.run(['import', '-', '--out', 'untimed.faultline', '--force'], { input: readFixture(fixture) })
      const { stdout } = await folder.run(['info', 'untimed.faultline', '--json'])
      expect(JSON.parse(stdout)).toMatchObject({ traces: [{ durationNs: null }] })
      expect((await folder.run(['info', 'untimed.faultline'])).stdout).toMatch(/\n {2}length +not known\n/)
    },
  )

  it('a lock_stat table says what is not in it, and never that nothing waited or was held', async () => {
    const input = readFixture('lock-stat/dax-ext4.txt')
    await folder.run(['import', '-', '--out', 'table.faultline'], { input })
    const said = async (...args: readonly string[]) => (await folder.run([...args, 'table.faultline'])).stdout
    expect(await said('contention', '--by', 'task')).toBe('A table of locks has no tasks in it.\n')
    expect(await said('contention', '--by', 'op')).toBe('A table of locks has no operations in it.\n')
    expect(await said('contention', '--by', 'phase')).toMatch(/^A table of locks does not say what was done/)
    expect(await said('chain')).toBe('A table of locks has no single waits in it.\n')
    expect(await said('doctor')).toMatch(/^partly {2}Who waited .*\npartly {2}How long locks were held/)
    const part = await folder.run(['contention', 'table.faultline', '--from', '5'])
    expect(part.stderr).toContain('--from and --to do not apply')
    const none = await folder.run(['contention', 'open.faultline', '--against', 'table.faultline'])
    expect(none.stdout).toMatch(/^0 lock classes in both \(modes apart\); nothing to compare\.\n/)
  })

  it('import says what was read, how fast, and what to do next', async () => {
    const { status, stdout, stderr } = await folder.run(['import', SMALL, '--out', 'again.faultline'])
    expect(status).toBe(0)
    expect(stderr).toBe('next: faultline contention again.faultline\n')
    golden('import-small', steady(stdout, folder.path))
  })

  it.each([
    ['# tracer: nop\n#\n', 'doctor'],
    [readFixture('lockdep-report/circular.txt'), 'lock-order'],
    [readFixture('lock-stat/dax-ext4.txt'), 'contention'],
  ])('and what that is depends on what there is to see (%#)', async (input, verb) => {
    const { stderr } = await folder.run(['import', '-', '--out', `${verb}.faultline`], { input })
    expect(stderr).toBe(`next: faultline ${verb} ${verb}.faultline\n`)
  })
})

describe('as JSON', () => {
  // 21 and 190 kB that would show nothing the other JSON of these verbs does not.
  const long = ['latency-small-task', 'lock-order-named']
  const withJson = CASES.filter(([name]) => !long.includes(name)).map(
    ([name, args]) => [`${name}-json`, [...args, '--json']] as const,
  )

  it.each(withJson)('%s is exactly one document', async (name, args) => {
    const { status, stdout, stderr } = await folder.run(args)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(() => JSON.parse(stdout) as unknown).not.toThrow()
    golden(name, steady(stdout, folder.path))
  })
})

/** The fields that scripts rely on. */
const CONTENTION = [
  ...[
    'class',
    'mode',
    'acquisitions',
    'contended',
    'waitTotalNs',
    'waitMeanNs',
    'waitMinNs',
    'waitMaxNs',
    'waitP50Ns',
    'waitP99Ns',
  ],
  ...['holdTotalNs', 'holdMeanNs', 'holdMinNs', 'holdMaxNs', 'holdP50Ns', 'holdP99Ns', 'inferred'],
]
const FIELDS: readonly (readonly [args: readonly string[], list: string | undefined, fields: readonly string[]])[] = [
  [
    ['info', 'named.faultline'],
    'traces',
    ['id', 'name', 'format', 'strategy', 'scenario', 'events', 'ops', 'lockSpans', 'durationNs', 'lost'],
  ],
  [['contention', 'named.faultline'], 'rows', CONTENTION],
  [['contention', 'small.faultline'], 'rows', CONTENTION],
  [['contention', 'named.faultline', '--by', 'instance'], 'rows', [...CONTENTION, 'address']],
  [
    ['contention', 'named.faultline', '--by', 'phase'],
    'rows',
    ['class', 'mode', 'phase', 'op', 'holdNs', 'shareOfHold', 'spans'],
  ],
  [
    ['latency', 'named.faultline'],
    'rows',
    ['op', 'count', 'failed', 'minNs', 'meanNs', 'p50Ns', 'p90Ns', 'p99Ns', 'p999Ns', 'maxNs', 'waitNs', 'waitShare'],
  ],
  [['chain', 'named.faultline'], 'chains', ['waitId', 'task', 'op', 'class', 'waitNs', 'links', 'rootTask', 'rootOp']],
  [['list', 'formats'], 'formats', ['id', 'title']],
  [['list', 'analyses'], 'analyses', ['id', 'title']],
]

describe('a JSON document has every field it promises', () => {
  it.each(FIELDS)('%j', async (args, list, fields) => {
    const document = JSON.parse((await folder.run([...args, '--json'])).stdout)
    if (['contention', 'latency', 'chain'].includes(args[0])) expect(document).toHaveProperty('trace')
    const items = list === undefined ? [document] : document[list]
    expect(items.length).toBeGreaterThan(0)
    for (const item of items) expect(Object.keys(item)).toEqual(expect.arrayContaining([...fields]))
  })

  it('import', async () => {
    const { stdout } = await folder.run(['import', SMALL, '--out', 'fields.faultline', '--json'])
    expect(Object.keys(JSON.parse(stdout))).toEqual(
      expect.arrayContaining(
        'file format lines bytes events startNs endNs tasks locks lockClasses ops lockSpans skipped lost unmatched wallMs'.split(
          ' ',
        ),
      ),
    )
  })

  it('the bytes of an import: those of the input as it came, packed or not', async () => {
    const event = { ts: 1_000_000_000n, pid: 7, count: 3, address: 0x1000n, text: 'x' }
    const dat = writeDat(7, [{ pages: [{ events: [event] }] }], '7 a\n')
    const text = readFixture('ftrace/tgid.txt')
    for (const [name, bytes] of [
      ['plain.dat', dat],
      ['packed.dat.gz', gzipSync(dat)],
      ['packed.txt.gz', gzipSync(text)],
    ] as const) {
      writeFileSync(folder.file(name), bytes)
      const { stdout } = await folder.run(['import', name, '--out', `${name}.faultline`, '--json'])
      expect([name, JSON.parse(stdout).bytes]).toEqual([name, bytes.length])
    }
  })

  it('the links of a chain', async () => {
    const { chains } = JSON.parse((await folder.run(['chain', 'named.faultline', '--worst', '20', '--json'])).stdout)
    const links = chains.flatMap((chain: { links: unknown[] }) => chain.links)
    expect(links.length).toBeGreaterThan(0)
    for (const link of links) {
      expect(Object.keys(link)).toEqual(
        expect.arrayContaining(['task', 'op', 'phase', 'class', 'mode', 'heldNs', 'overlapNs']),
      )
    }
  })
})
