/**
 * `faultline record` against the kernel of this machine: what it records is what the kernel counted, and nothing of the
 * tracing setup is different afterwards, however it ended. Where there is no tracefs or no root, it says so and is skipped.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { toWireError } from '#shared/base/errors.ts'
import type { RecordResult } from '#shared/contract/record.ts'
import { findTracefs } from '#electron/record/tracefs.ts'
import { matching, tracepointsOf } from '#electron/record/events.ts'
import { repoRoot } from '../support/corpus.ts'
import { tracingAlone } from '../support/tracing.ts'

function reason(): string | undefined {
  try {
    const known = tracepointsOf(findTracefs())
    return matching(known, 'lock:contention_begin').length > 0 ? undefined : 'this kernel has no lock:contention_begin'
  } catch (error) {
    const { message, hint } = toWireError(error)
    return `${message} (${hint ?? ''})`
  }
}
const why = reason()
if (why === undefined) tracingAlone()
else process.stderr.write(`recording is not tested on this machine: ${why}\n`)

const folder = mkdtempSync(join(tmpdir(), 'faultline-record-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const env = { ...process.env, FAULTLINE_HOME: join(folder, 'home') }
const CLI = join(repoRoot, 'bin', 'faultline.mjs')

interface Ran {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

function start(...args: readonly string[]): { child: ChildProcess; done: Promise<Ran> } {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (text: Buffer) => (out += String(text)))
  child.stderr.on('data', (text: Buffer) => (err += String(text)))
  const done = new Promise<Ran>((resolve) => child.once('close', (status) => resolve({ status, out, err })))
  return { child, done }
}
const faultline = (...args: readonly string[]) => start(...args).done
async function record(out: string, ...args: readonly string[]): Promise<RecordResult> {
  const ran = await faultline('record', '--json', '--out', out, ...args)
  expect(ran.err).not.toMatch(/^faultline: /m)
  return JSON.parse(ran.out) as RecordResult
}
async function query(file: string, sql: string): Promise<(string | number | null)[][]> {
  const { out } = await faultline('query', file, sql, '--json')
  return (JSON.parse(out) as { rows: (string | number | null)[][] }).rows
}
const sh = (script: string) => ['--', 'sh', '-c', script] as const

/** What is no setting, or changes by itself. */
const NO_SETTING = /^(?:trace|trace_pipe|trace_marker(?:_raw)?|free_buffer|snapshot|per_cpu|trace_stat|stats)$/

/** Every setting outside of instances, as it is: all files of tracefs that can be written, and which instances there are. */
function setup(root: string): Record<string, string> {
  const found: Record<string, string> = { instances: readdirSync(join(root, 'instances')).join() }
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (path === 'instances' || NO_SETTING.test(entry.name)) continue
      if (entry.isDirectory()) walk(path)
      else if ((statSync(join(root, path)).mode & 0o200) !== 0) found[path] = setting(join(root, path))
    }
  }
  walk('')
  return found
}

/** A setting that cannot be read says why. */
function setting(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  }
}

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; !what(); tries++) {
    if (tries > 4000) throw new Error('it did not happen within 100 s')
    await new Promise((next) => setTimeout(next, 25))
  }
}

describe.skipIf(why !== undefined)('recording', () => {
  const root = why === undefined ? findTracefs().root : ''
  const instances = () => readdirSync(join(root, 'instances')).filter((name) => name.startsWith('faultline-'))
  let before: Record<string, string>
  beforeAll(() => {
    before = setup(root)
  })
  afterEach(async () => {
    await until(() => instances().length === 0)
    expect(setup(root)).toEqual(before)
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('imports exactly the events the kernel counted, on the clock mono, from the command’s first call on', async () => {
    const done = await record('a.faultline', '--raw', 'a.dat', ...sh('echo written; cat /proc/self/stat > /dev/null'))
    expect(done).toMatchObject({ lost: 0, exit: { status: 0, signal: null }, raw: join(folder, 'a.dat') })
    expect(done.events).toBeGreaterThan(100)
    expect(done.imported).toMatchObject({ format: 'trace-dat', events: done.events, skipped: [] })
    // The kernel counts the call stacks of waits too.
    const [[stacks]] = await query('a.faultline', 'SELECT count(stack) FROM event')
    expect(done.records).toBe(done.events + Number(stacks))
    const [[clock, kernel, events]] = await query('a.faultline', 'SELECT clock, kernel, event_count FROM trace')
    expect([clock, events]).toEqual(['mono', done.events])
    expect(kernel).toBe(execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim())
    const execs = await query('a.faultline', "SELECT count(*) FROM event WHERE name = 'sched_process_exec'")
    expect(execs).toEqual([[2]])
    // The same recording, read by the kernel's own tool where it is here.
    if (existsSync('/usr/bin/trace-cmd')) {
      const report = execFileSync('trace-cmd', ['report', '-i', join(folder, 'a.dat')], {
        encoding: 'utf8',
        stdio: 'pipe',
      })
      const lines = report.split('\n').filter((line) => /\[\d{3}\]/.test(line))
      expect(lines).toHaveLength(done.records)
    }
  })

  it('records the command and what it forks only, unless told otherwise', async () => {
    const noise = spawn('sh', ['-c', 'while :; do cat /proc/self/stat > /dev/null; sleep 0.02; done'], {
      stdio: 'ignore',
    })
    try {
      const script = 'sh -c "sleep 0.2"; true'
      const pids = async (file: string) => {
        // A switch names both tasks; who ran is the event's own.
        const rows = await query(
          file,
          "SELECT DISTINCT task.comm FROM event JOIN task ON task.id = event.task_id WHERE name = 'sys_enter'",
        )
        return rows.flat().map(String)
      }
      await record('b.faultline', ...sh(script))
      expect((await pids('b.faultline')).filter((name) => name === 'cat')).toEqual([])
      expect(await pids('b.faultline')).toEqual(expect.arrayContaining(['sh', 'sleep']))
      await record('c.faultline', '--all-tasks', ...sh(script))
      expect(await pids('c.faultline')).toContain('cat')
    } finally {
      noise.kill('SIGKILL')
    }
  })

  it('counts what was lost, and the trace says as much', async () => {
    const script = 'for i in 1 2 3 4; do dd if=/dev/zero of=/dev/null bs=1 count=400000 2> /dev/null & done; wait'
    const done = await record('d.faultline', '--buffer', '1', ...sh(script))
    expect(done.events + done.lost).toBeGreaterThan(3_000_000)
    expect(done.imported.events).toBe(done.events)
    // Pages are full: half-empty ones would make the recording many times its size.
    expect(done.bytes).toBeLessThan(done.events * 100)
    expect(done.lostPerCpu.reduce((sum, { lost }) => sum + lost, 0)).toBe(done.lost)
    if (done.lost === 0) return
    expect(done.notes.join()).toContain('events were lost')
    // As many as the kernel counted, behind the last page as well.
    expect(await query('d.faultline', 'SELECT lost_events FROM trace')).toEqual([[done.lost]])
  })

  it('shows marks: its own, and those a program writes', async () => {
    await record(
      'e.faultline',
      ...sh(`echo from outside > ${root}/trace_marker; echo from inside > "$FAULTLINE_TRACE_MARKER"`),
    )
    const rows = await query(
      'e.faultline',
      "SELECT args FROM event WHERE name IN ('print', 'tracing_mark_write') ORDER BY ts_ns",
    )
    const text = rows.flat().join('\n')
    expect(text).toContain('recording begins')
    expect(text).toContain('from inside')
    if (
      existsSync(join(root, 'options')) &&
      readFileSync(join(root, 'trace_options'), 'utf8').includes('copy_trace_marker')
    )
      expect(text).toContain('from outside')
  })

  it('has the call stack of every wait, and so a call site and, where a function tells it, a name', async () => {
    // Writers of one file queue for its i_rwsem.
    const file = join(folder, 'contended')
    const writer = `dd if=/dev/zero of=${file} bs=256k count=400 conv=notrunc 2> /dev/null`
    const done = await record('w.faultline', ...sh(`${`${writer} & `.repeat(6)} wait`))
    const [[waits, stacks]] = await query(
      'w.faultline',
      "SELECT count(*), count(stack) FROM event WHERE name = 'contention_begin'",
    )
    expect(waits).toBe(stacks)
    expect(done.records).toBe(done.events + Number(stacks))
    if (waits === 0) return process.stderr.write('nothing waited: call sites of waits were not looked at\n')
    const { out } = await faultline('contention', 'w.faultline', '--by', 'site', '--json')
    const rows = (JSON.parse(out) as { rows: { site: string | null; contended: number }[] }).rows
    const sites = rows.filter(({ contended }) => contended > 0).map(({ site }) => site)
    expect(sites).not.toEqual([])
    expect(sites).not.toContain(null)
  })

  it('records the machine for a time', async () => {
    const done = await record('f.faultline', '--seconds', '0.3', '--events', 'sched:sched_switch')
    expect(done).toMatchObject({ exit: null, tracepoints: 1, sets: ['sched:sched_switch'] })
    expect(done.seconds).toBeGreaterThan(0.29)
    expect(done.imported.tasks).toBeGreaterThan(2)
  })

  it.each(['faults', 'journal', 'everything'])('records %s as far as this kernel has it', async (set) => {
    const file = join(folder, 'some-file')
    const ran = await faultline(
      'record',
      '--json',
      '--out',
      `set-${set}.faultline`,
      '--events',
      set,
      ...sh(`echo x > ${file}; sync ${file}`),
    )
    if (ran.status !== 0) return expect(ran.err).toMatch(/this kernel cannot record .*: /)
    const done = JSON.parse(ran.out) as RecordResult
    expect(done.imported.events).toBe(done.events)
    expect(done.imported.ops).toBeGreaterThan(0)
  })

  it('ends at Ctrl-C with what it has, and ends the command', async () => {
    const { child, done } = start('record', '--out', 'g.faultline', '--', 'sleep', '60')
    await until(() => instances().length === 1)
    await new Promise((next) => setTimeout(next, 500))
    child.kill('SIGINT')
    const ran = await done
    expect(ran.status).toBe(130)
    expect(ran.out).toContain('g.faultline')
    const [[events]] = await query('g.faultline', 'SELECT event_count FROM trace')
    expect(Number(events)).toBeGreaterThan(10)
  })

  it.each(['SIGTERM', 'SIGKILL'] as const)('leaves nothing behind after %s', async (signal) => {
    const { child, done } = start('record', '--out', `${signal}.faultline`, '--', 'sleep', '1')
    await until(
      () =>
        instances().length === 1 &&
        // The folder is there before its files are.
        setting(join(root, 'instances', instances()[0], 'tracing_on')) === '1\n',
    )
    child.kill(signal)
    await done
    await until(() => instances().length === 0)
    await until(() => readdirSync(folder).every((name) => !name.startsWith('.')))
    expect(existsSync(join(folder, 'SIGKILL.faultline'))).toBe(false)
  })

  it('leaves nothing behind when it is killed as soon as it has made something', async () => {
    const { child, done } = start('record', '--out', 'early.faultline', '--', 'sleep', '0.2')
    const begun = () => instances().length > 0 || readdirSync(folder).some((name) => name.startsWith('.'))
    // Not a poll by the clock: the first moment is the one that counts.
    while (!begun() && child.exitCode === null) await new Promise((next) => setImmediate(next))
    child.kill('SIGKILL')
    await done
    await until(() => instances().length === 0 && readdirSync(folder).every((name) => !name.startsWith('.')))
    expect(existsSync(join(folder, 'early.faultline'))).toBe(false)
  })

  it('removes what a dead recorder left behind, and nobody else’s', async () => {
    const dead = join(root, 'instances', 'faultline-999999999-1-0')
    const other = join(root, 'instances', 'somebody-else')
    mkdirSync(dead)
    mkdirSync(other)
    try {
      await record('h.faultline', '--', 'true')
      expect([existsSync(dead), existsSync(other)]).toEqual([false, true])
    } finally {
      execFileSync('rmdir', [other])
    }
  })

  it('runs twice at once without one seeing the other', async () => {
    const [one, two] = await Promise.all([
      record('i.faultline', ...sh('exec sleep 0.3')),
      record('j.faultline', '--events', 'sched:sched_switch', ...sh('exec sleep 0.3')),
    ])
    expect(one.imported.events).toBe(one.events)
    expect(two.imported.events).toBe(two.events)
  })

  it('says what is wrong with what was asked for, before anything is set up', async () => {
    const err = async (...args: readonly string[]) => (await faultline('record', ...args)).err
    expect(await err()).toContain('faultline: record: neither a command nor a time')
    expect(await err('--events', 'contentoin', '--', 'true')).toContain('did you mean contention')
    expect(await err('--events', 'nothing:here', '--', 'true')).toContain('no event nothing:here')
    writeFileSync(join(folder, 'there.faultline'), '')
    expect(await err('--out', 'there.faultline', '--', 'true')).toContain('exists already')
    expect(await err('--raw', 'no/such/x.dat', '--', 'touch', 'ran')).toContain('x.dat: there is no folder')
    expect(existsSync(join(folder, 'ran'))).toBe(false)
    if (matching(tracepointsOf(findTracefs()), 'lock:lock_acquire').length === 0) {
      const lockdep = await err('--events', 'holds', '--', 'true')
      expect(lockdep).toMatch(/cannot record holds: it was built without CONFIG_LOCKDEP.*here go: contention/)
    }
    expect(await err('--raw', 'k.faultline', '--out', 'k.faultline', '--', 'true')).toContain('cannot be both')
    for (const [command, why] of [
      ['/no/such/command', "there is no command '/no/such/command'"],
      ['no-such-command', "there is no command 'no-such-command'"],
      ['', "there is no command ''"],
      [join(folder, 'there.faultline'), 'may not be run'],
    ]) {
      const ran = await faultline('record', '--out', 'k.faultline', '--', command)
      expect([ran.status, ran.err]).toEqual([1, expect.stringContaining(why)])
    }
    expect(existsSync(join(folder, 'k.faultline'))).toBe(false)
  })

  it('says how the command ended, and makes nothing of a status it may well have by itself', async () => {
    const done = await record('k.faultline', ...sh('exit 127'))
    expect(done).toMatchObject({ exit: { status: 127, signal: null }, notes: [] })
  })

  it('keeps the recording though somebody has a file of the instance open, and removes the instance later', async () => {
    const done = await record(
      'open.faultline',
      ...sh('exec 9> "$FAULTLINE_TRACE_MARKER"; (exec sleep 3 > /dev/null 2>&1 < /dev/null) & exit 0'),
    )
    expect(done.imported.events).toBe(done.events)
    expect(done.notes.join()).toContain('has a file of the tracing instance open')
  })

  it('switches events off and gives memory back at once when it is killed and its instance is still in use', async () => {
    const { child, done } = start(
      'record',
      '--out',
      'held.faultline',
      ...sh('exec 9> "$FAULTLINE_TRACE_MARKER"; exec sleep 8'),
    )
    await until(
      () => instances().length === 1 && setting(join(root, 'instances', instances()[0], 'tracing_on')) === '1\n',
    )
    await new Promise((next) => setTimeout(next, 500))
    const instance = join(root, 'instances', instances()[0])
    child.kill('SIGKILL')
    await done
    const event = join(instance, 'events/sched/sched_switch/enable')
    await until(() => setting(event) !== '1\n' && /^[1-9]\d?\b/.test(setting(join(instance, 'buffer_size_kb'))))
    expect(setting(join(instance, 'tracing_on'))).toBe('0\n')
  })

  it('does not run the command when it is killed before it records', async () => {
    const ran = join(folder, 'ran-unrecorded')
    const held = `import { Workload } from '${join(repoRoot, 'electron/record/workload.ts')}'
      new Workload(['touch', '${ran}'], { output: 'none', cwd: undefined, env: {} })
      process.kill(process.pid, 'SIGKILL')`
    expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', held], { stdio: 'ignore' })).toThrow()
    await new Promise((next) => setTimeout(next, 300))
    expect(existsSync(ran)).toBe(false)
  })

  it('leaves the names of tasks to whoever else traces', async () => {
    const size = setting(join(root, 'saved_cmdlines_size'))
    const seen = new Set<string>()
    const { done } = start('record', '--out', 'names.faultline', ...sh('sleep 0.5'))
    const watch = setInterval(() => seen.add(setting(join(root, 'saved_cmdlines_size'))), 2)
    await done
    clearInterval(watch)
    expect([...seen]).toEqual([size])
  })

  it('ends at once, without a trace, when it is told to before it has begun', async () => {
    for (const after of [20, 80, 120, 160, 200]) {
      const began = performance.now()
      const { child, done } = start('record', '--out', `early-${after}.faultline`, '--', 'sleep', '60')
      await new Promise((next) => setTimeout(next, after))
      child.kill('SIGTERM')
      expect((await done).status).not.toBe(0)
      expect(performance.now() - began).toBeLessThan(30_000)
    }
  })

  it('says that the disk is full, and that tracing was switched off', async () => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk])
    } catch {
      return process.stderr.write('a full disk was not tried: nothing can be mounted here\n')
    }
    try {
      const busy = 'dd if=/dev/zero of=/dev/null bs=1 count=300000 2> /dev/null'
      const full = await faultline('record', '--out', join(disk, 'a.faultline'), ...sh(busy))
      expect([full.status, full.err]).toEqual([
        1,
        expect.stringContaining('a.faultline cannot be written: the disk is full'),
      ])
      expect(readdirSync(disk)).toEqual([])
      const kept = await record('kept.faultline', '--raw', join(disk, 'a.dat'), ...sh(busy))
      expect(kept).toMatchObject({ raw: null, imported: { events: kept.events } })
      expect(kept.notes.join()).toContain('a.dat cannot be written: the disk is full')
      expect(readdirSync(disk)).toEqual([])
    } finally {
      execFileSync('umount', [disk])
    }
    const { done } = start('record', '--json', '--out', 'off.faultline', ...sh('touch runs && sleep 3'))
    // Before that an instance traces too, as the kernel makes it, and is set up yet.
    await until(() => existsSync(join(folder, 'runs')))
    writeFileSync(join(root, 'instances', instances()[0], 'tracing_on'), '0')
    const told = JSON.parse((await done).out) as RecordResult
    expect(told.notes.join()).toContain('somebody switched the tracing off')
  })

  it('refuses to go by the numbers of a PID namespace', async () => {
    const inside = ['-p', '-f', '--mount-proc', process.execPath, CLI, 'record', '--out', 'ns.faultline']
    const run = (...args: readonly string[]) => {
      try {
        execFileSync('unshare', [...inside, ...args], { cwd: folder, env, stdio: 'pipe' })
        return ''
      } catch (error) {
        return String((error as { stderr?: Buffer }).stderr)
      }
    }
    const refused = run('--', 'true')
    if (/Operation not permitted|unshare: /.test(refused)) {
      return process.stderr.write('a PID namespace was not tried: none can be made here\n')
    }
    expect(refused).toContain('PID namespace of its own')
    // A recorder in there sees another's instance, whose process it cannot see: it lets it be.
    const { done } = start('record', '--json', '--out', 'outside.faultline', '--seconds', '4')
    await until(
      () => instances().length === 1 && setting(join(root, 'instances', instances()[0], 'tracing_on')) === '1\n',
    )
    expect(run('--all-tasks', '--', 'true')).not.toContain('faultline: record')
    const told = JSON.parse((await done).out) as RecordResult
    expect([told.notes, told.seconds > 3.9]).toEqual([[], true])
  })
})

const asNobody = (() => {
  try {
    execFileSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    process.stderr.write('recording without rights is not tested: there is no setpriv, or it is not allowed\n')
    return false
  }
})()

describe.skipIf(!asNobody || process.platform !== 'linux')('recording without rights', () => {
  it('refuses in one sentence that says what to do', () => {
    const home = join(folder, 'nobody')
    mkdirSync(home)
    chmodSync(home, 0o777)
    chmodSync(folder, 0o755)
    const args = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, CLI, 'record', '--', 'true']
    try {
      execFileSync('setpriv', args, { cwd: home, env: { ...process.env, FAULTLINE_HOME: home }, stdio: 'pipe' })
      expect.unreachable('nobody could record')
    } catch (error) {
      const { stderr, status } = error as { stderr: Buffer; status: number }
      expect(status).toBe(1)
      expect(String(stderr)).toMatch(/^faultline: record: .*recording needs root.*sudo/m)
    }
  })
})
