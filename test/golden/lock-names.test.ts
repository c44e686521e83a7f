/**
 * Names of locks no event names: by behaviour, held against lockdep of the same recording whose events were taken away; by
 * the user, kept in the file.
 */

import { copyFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { contention } from '#shared/analysis/contention.ts'
import { NAMED_BY_BEHAVIOUR } from '#shared/model/kinds.ts'
import { workFolder } from './cli/run-cli.ts'
import { describeWithCorpus, fixturePath, readCorpus } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'

const LINE = /^ *(?:.*)-(\d+) +\[\d+\] \S+ +[\d.]+: (\w+): (.*)$/

/** What lockdep says of each contention address: the class that a task has just found contended when it begins to wait. */
function truth(lines: readonly string[]): Map<string, string> {
  const contended = new Map<string, string>()
  const votes = new Map<string, Map<string, number>>()
  for (const line of lines) {
    const [, pid, name, payload] = LINE.exec(line) ?? []
    if (name === 'lock_contended') contended.set(pid, payload.replace(/^\S+ /, ''))
    const known = contended.get(pid)
    if (name !== 'contention_begin' || known === undefined || !/READ|WRITE/.test(payload)) continue
    const [address] = payload.split(' ')
    const of = votes.get(address) ?? new Map<string, number>()
    votes.set(address, of.set(known, (of.get(known) ?? 0) + 1))
  }
  return new Map([...votes].map(([address, of]) => [address, [...of].sort((a, b) => b[1] - a[1])[0][0]] as const))
}

const TRACES = [
  'dax-ext4-full',
  'dax-ext4-medium',
  'dax-ext4-pmd-mapsync',
  'dax-ext4-small',
  'dax-ext4-faultheavy-lockstat',
  'dax-xfs-small',
  'dax-ext2-full',
  'dax-ext2-small',
]

describeWithCorpus('locks named by behaviour', () => {
  it.each(TRACES)('%s without its lockdep events: every name that is given is the one lockdep had', (name) => {
    const lines = readCorpus(`dax/${name}.trace.txt`).toString('latin1').split('\n')
    const names = truth(lines)
    const rest = lines.filter((line) => !/: lock_(acquire|acquired|contended|release): |: mmap_lock_/.test(line))
    const { trace } = importText(Buffer.from(rest.join('\n'), 'latin1'))
    const given = trace.locks.filter(({ label }) => label === NAMED_BY_BEHAVIOUR)
    for (const { address, lockClass } of given) {
      expect(`${address} ${trace.lockClasses[lockClass].name}`).toBe(`${address} ${names.get(address ?? '')}`)
    }
    expect(given.length).toBeGreaterThanOrEqual(1)
    // Whatever was deduced says so.
    const rows = contention.run(trace, contention.params.parse({ by: 'instance' })).rows
    expect(rows.filter(({ namedBy }) => namedBy === NAMED_BY_BEHAVIOUR).every(({ inferred }) => inferred)).toBe(true)
  })
})

const folder = workFolder()
const runCli = (args: readonly string[]) => folder.run(args)
beforeAll(() => copyFileSync(fixturePath('ftrace/contention-stacks.txt'), folder.file('stacks.txt')))
afterAll(() => folder.remove())

it('a name given to an address stays in the file, joins a class of that name, and can be taken away', async () => {
  const file = folder.file('named.faultline')
  await runCli(['import', folder.file('stacks.txt'), '--out', file])
  const rows = async (by: string) =>
    (JSON.parse((await runCli(['contention', file, '--by', by, '--json'])).stdout) as { rows: readonly { class: string; address?: string; namedBy?: string; inferred: boolean }[] }).rows // prettier-ignore
  const [{ address = '', ...guessed }] = await rows('instance')
  expect(guessed).toMatchObject({ namedBy: 'named by call stacks', inferred: true })
  const named = await runCli(['name', file, address, 'the big one', '--json'])
  expect(JSON.parse(named.stdout)).toMatchObject({
    address,
    name: 'the big one',
    names: [{ address, name: 'the big one' }],
  })
  expect((await rows('class')).map((row) => row.class)).toContain('the big one')
  expect((await rows('instance'))[0]).toMatchObject({
    class: 'the big one',
    namedBy: 'named by the user',
    inferred: false,
  })
  expect((await runCli(['check', file])).status).toBe(0)
  expect((await runCli(['name', file, address, '--remove'])).status).toBe(0)
  expect((await rows('class')).map((row) => row.class)).not.toContain('the big one')
  expect((await rows('instance'))[0]).toMatchObject({ address, inferred: true })
})

it('an address that is not there, or no name for it, is said', async () => {
  const file = folder.file('other.faultline')
  await runCli(['import', folder.file('stacks.txt'), '--out', file])
  const missing = await runCli(['name', file, 'ffff', 'x'])
  expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining('no lock of this trace is at ffff')])
  expect((await runCli(['name', file, 'ffff'])).status).toBe(2)
})
