/** The bundled samples are there, and what each is said to teach is what its trace shows; the demo runs on the first. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repoRoot } from '../../support/corpus.ts'
import { samplePath, workFolder } from './run-cli.ts'

interface SampleEntry {
  readonly id: string
  readonly title: string
  readonly teaches: string
  readonly origin: string
  readonly file: string
}
const samples = JSON.parse(readFileSync(samplePath('samples.json'), 'utf8')) as SampleEntry[]
const folder = workFolder()
afterAll(folder.remove)

beforeAll(async () => {
  for (const { id, file } of samples) {
    expect((await folder.run(['import', samplePath(file), '--out', `${id}.faultline`])).status).toBe(0)
  }
})

const ask = async (...args: string[]) => JSON.parse((await folder.run([...args, '--json'])).stdout)
type Row = Record<string, unknown> & { op: string; class: string; mode: string; contended: number }
const rowsOf = async (...args: string[]) => (await ask('contention', ...args)).rows as Row[]
const I_RWSEM = '&sb->s_type->i_mutex_key'

describe('the samples', () => {
  it('are two or three, small, and complete', () => {
    expect(samples.length).toBeGreaterThanOrEqual(2)
    expect(samples.length).toBeLessThanOrEqual(3)
    for (const { file, ...texts } of samples) {
      expect(statSync(samplePath(file)).size).toBeLessThan(3_000_000)
      for (const text of Object.values(texts)) expect(text).not.toBe('')
    }
  })

  it('dax-ext4: write, truncate and punch hole queue for i_rwsem, faults wait for invalidate_lock', async () => {
    const [worst] = await rowsOf('dax-ext4.faultline', '--top', '1')
    expect([worst.class, worst.mode]).toEqual([I_RWSEM, 'exclusive'])
    const waiters = (await rowsOf('dax-ext4.faultline', '--by', 'op')).filter((row) => row.contended > 0)
    const waitingFor = (name: string, mode: string) =>
      waiters.filter((row) => row.class === name && row.mode === mode).map((row) => row.op)
    expect(waitingFor(I_RWSEM, 'exclusive').slice(0, 3).sort()).toEqual(['punch_hole', 'truncate', 'write'])
    expect(waitingFor('mapping.invalidate_lock', 'shared')[0]).toBe('write_fault')
    const phases = await rowsOf('dax-ext4.faultline', '--by', 'phase')
    const longest = phases.find((row) => row.class === 'mapping.invalidate_lock' && row.mode === 'exclusive')
    expect(longest).toMatchObject({ phase: 'unmap', op: 'truncate' })
  })

  it("dax-xfs: a write waits for i_rwsem, whose holder punches a hole and waits for XFS's lock, which an msync holds", async () => {
    const { chains } = await ask('chain', 'dax-xfs.faultline', '--worst', '1')
    expect(chains[0]).toMatchObject({ op: 'write', class: I_RWSEM })
    expect(chains[0].links).toMatchObject([
      { op: 'punch_hole', phase: 'wait:&xfs_nondir_ilock_class' },
      { op: 'msync', class: '&xfs_nondir_ilock_class' },
    ])
  })

  it('dax-ext4-no-lockdep: mmap_lock by name and with holders, all others named by behaviour at best, their holders inferred', async () => {
    const rows = await rowsOf('dax-ext4-no-lockdep.faultline')
    expect(rows.length).toBeGreaterThan(3)
    for (const row of rows) {
      if (row.class === 'mmap_lock') expect(row['holdTotalNs']).toBeGreaterThan(0)
      else expect(row).toMatchObject({ holdTotalNs: null })
      // What it behaves like is deduced, and says so.
      if (row.class !== 'mmap_lock' && !row.class.includes('unnamed')) expect(row.inferred).toBe(true)
    }
    const { chains } = await ask('chain', 'dax-ext4-no-lockdep.faultline', '--worst', '1000')
    const firstLinks = (chains as { class: string; links: { class: string; inferred: boolean }[] }[])
      .filter((chain) => chain.links.length > 0)
      .map((chain) => ({ named: chain.class === 'mmap_lock', inferred: chain.links[0].inferred }))
    expect(firstLinks.filter((link) => !link.named && !link.inferred)).toEqual([])
    expect(firstLinks.filter((link) => link.named && !link.inferred).length).toBeGreaterThan(0)
  })
})

describe('the demo', () => {
  it('tells the story of the first sample and leaves nothing behind', () => {
    const report = join(repoRoot, 'demo-report.html')
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('faultline-demo-'))
    const before = left()
    const { status, stdout, stderr } = spawnSync(process.execPath, [join('electron', 'cli', 'demo.ts')], {
      cwd: repoRoot,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', FAULTLINE_HOME: folder.file('home-of-the-user') },
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const heading of [
      '1. The locks',
      '2. What was done',
      '3. Who waited',
      '4. The longest wait',
      '5. The same recording under other locks',
      '6. The question behind it',
    ]) {
      expect(stdout).toContain(heading)
    }
    expect(stdout).toMatch(/^F: \d+ k\/s, 0\.\d+ × as fast as E/m)
    expect(stdout).toMatch(/^ +16 /m)
    expect(readFileSync(report, 'utf8')).toContain('What does it cost to move get_block()')
    rmSync(report)
    expect(stdout).toContain(`${I_RWSEM} (exclusive) was waited for longest`)
    // A p99 of so few is the longest.
    expect(stdout).toMatch(/^&mm->mmap_lock +exclusive +56 +0\.165 +– /m)
    expect(stdout).toMatch(/root: /)
    expect(left()).toEqual(before)
    expect(readdirSync(folder.path)).not.toContain('home-of-the-user')
  })
})
