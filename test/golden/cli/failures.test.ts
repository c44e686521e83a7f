/** Every way to fail: the exit status, and the one sentence on standard error that says what, why and what to do. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { zstdDecompressSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeDat } from '../../support/trace-dat.ts'
import { NAMED, SMALL, bin, workFolder, type Result } from './run-cli.ts'

const folder = workFolder()
afterAll(folder.remove)

beforeAll(async () => {
  expect((await folder.run(['import', SMALL, '--out', 't.faultline'])).status).toBe(0)
  writeFileSync(folder.file('empty'), '')
  writeFileSync(folder.file('photo.jpg'), Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb0043', 'hex'))
  mkdirSync(folder.file('dir'))
  const foreign = new Database(folder.file('foreign.faultline'))
  foreign.exec('CREATE TABLE t(a)')
  foreign.close()
  copyFileSync(folder.file('t.faultline'), folder.file('newer.faultline'))
  const newer = new Database(folder.file('newer.faultline'))
  newer.pragma('user_version = 9999')
  newer.close()
  copyFileSync(folder.file('t.faultline'), folder.file('cut.faultline'))
  copyFileSync(SMALL, folder.file('recording.zst'))
  linkSync(folder.file('t.faultline'), folder.file('linked.faultline'))
  execFileSync('mkfifo', [folder.file('pipe')])
  writeFileSync(folder.file('some.dat'), writeDat(7, [], '1 one\n'))
  truncateSync(folder.file('cut.faultline'), Math.floor(statSync(folder.file('t.faultline')).size / 2))
  copyFileSync(folder.file('t.faultline'), folder.file('hit.faultline'))
})

/** A comparison of hours. */
const ENDLESS = ['compare', '--scenario', 'SC1', '--set', 'durationMs=60000', '--seeds', '100']

/** Longer than any file system takes. */
const LONG = `${'x'.repeat(300)}.faultline`

/** args, exit status, what the sentence must say. */
const FAILURES: readonly (readonly [args: readonly string[], status: number, ...says: readonly string[]])[] = [
  // 1: could not do it
  [['info', 'nope.faultline'], 1, 'info: nope.faultline: no such file'],
  [['import', 'nope.txt'], 1, 'import: nope.txt: no such file'],
  [['import', 'dir'], 1, 'dir', 'folder'],
  [['info', 'dir'], 1, 'dir', 'folder'],
  [['import', 'photo.jpg'], 1, 'photo.jpg'],
  [['info', 'photo.jpg'], 1, 'photo.jpg: this is not a .faultline file', 'faultline import photo.jpg'],
  [['check', 'photo.jpg'], 1, 'photo.jpg: this is not a .faultline file'],
  [['contention', NAMED], 1, 'this is not a .faultline file', 'faultline import '],
  [['import', 'empty'], 1, 'empty'],
  [['info', 'empty'], 1, 'empty: the file is empty'],
  [['info', 'foreign.faultline'], 1, 'foreign.faultline'],
  [['info', 'newer.faultline'], 1, 'newer.faultline', 'newer'],
  [['contention', 'cut.faultline'], 1, 'cut.faultline'],
  [['import', SMALL, '--out', 't.faultline'], 1, 't.faultline', '--force'],
  [['import', SMALL, '--out', 'no/such/dir/x.faultline'], 1, 'x.faultline'],
  [['export', 't.faultline', '--format', 'csv', '--out', 'no/such/dir/x.csv'], 1, 'x.csv'],
  [['export', 't.faultline', '--format', 'csv', '--out', LONG], 1, 'the name is too long'],
  [['import', SMALL, '--out', LONG], 1, 'the name is too long'],
  [['simulate', '--scenario', 'SC1', '--out', LONG], 1, 'the name is too long'],
  [[...ENDLESS, '--html', LONG], 1, 'the name is too long'],
  // Before the runs, which would take hours.
  [[...ENDLESS, '--html', 'no/such/dir/x.html'], 1, 'x.html: there is no folder', 'make it'],
  [[...ENDLESS, '--text', 'empty'], 1, 'compare: empty exists already', '--force'],
  [[...ENDLESS, '--html', 'dir', '--force'], 1, 'compare: dir is a folder'],
  [[...ENDLESS, '--out', 't.faultline'], 1, 'compare: t.faultline exists already', '--force'],
  [[...ENDLESS, '--out', 'no/such/dir/x.faultline'], 1, 'x.faultline: there is no folder'],
  [['compare', '--trace', 't.faultline', '--strategy', 'K', '--strategy', 'F', '--out', 'empty'], 1, 'empty exists'],
  [['query', 't.faultline', 'SELECT nope FROM op'], 1, 'nope'],
  [['query', 't.faultline', 'DELETE FROM op'], 1, 'query'],
  [['query', 't.faultline', "ATTACH 'other.db' AS x"], 1, 'query'],
  [['query', 't.faultline', 'SELECT ?1'], 1, 'query: SQL: there is a parameter in it', 'write the value itself'],
  [['query', 't.faultline', 'SELECT :x'], 1, 'query: SQL: there is a parameter in it'],
  // What is read is not replaced by what is made of it, and a pipe's name is not taken from it.
  [
    ['export', 't.faultline', '--format', 'csv', '--out', 't.faultline', '--force'],
    1,
    't.faultline is the file that is',
  ],
  [['export', 't.faultline', '--format', 'csv', '--out', 'linked.faultline', '--force'], 1, 'is the file that is read'],
  [
    ['import', SMALL, 'recording.zst', '--out', 'recording.zst', '--force'],
    1,
    'recording.zst is the file that is read',
  ],
  [
    ['compare', '--trace', 't.faultline', '--strategy', 'K', '--html', 't.faultline', '--force'],
    1,
    't.faultline is the file that is read',
  ],
  [
    ['compare', '--trace', 't.faultline', '--strategy', 'K', '--out', 'linked.faultline', '--force'],
    1,
    'linked.faultline is the file that is read',
  ],
  [
    ['compare', '--trace', 't.faultline', '--against', 'hit.faultline', '--text', 'hit.faultline', '--force'],
    1,
    'hit.faultline is the file that is read',
  ],
  [['export', 't.faultline', '--format', 'csv', '--out', 'pipe', '--force'], 1, 'pipe is a device or a pipe', 'a file'],
  [['import', SMALL, '--out', 'pipe', '--force'], 1, 'pipe is a device or a pipe'],
  [['info', 'pipe'], 1, 'pipe: this is not a .faultline file', 'faultline import pipe'],
  // 2: wrong usage
  // One of two values would do nothing.
  [['compare', '--trace', 't.faultline', '--trace', 'hit.faultline'], 2, '--trace: it is there twice; give it once'],
  [[...ENDLESS, '--set', 'threads=1', '--set', 'threads=2'], 2, '--set threads is there twice; give it once'],
  [['simulate', '--scenario', 'SC1', '--seed', '1', '--seed', '2'], 2, '--seed: it is there twice'],
  // Two answers at one place, and files nobody means.
  [[...ENDLESS, '--text', '-', '--json'], 2, '--text - and --json exclude each other'],
  [[...ENDLESS, '--html', 'r.x', '--text', './r.x'], 2, '--html and --text name the same file', 'its own'],
  [[...ENDLESS, '--html', 'r.x', '--out', 'r.x', '--force'], 2, '--html and --out name the same file'],
  [[...ENDLESS, '--html', '-'], 2, 'compare: --html: it is written into a file', 'name one'],
  [['import', SMALL, '--out', '-'], 2, 'import: --out: it is written into a file'],
  [['import', '-', '-'], 2, 'standard input can be read only once'],
  [['import', SMALL, 'recording.zst', SMALL, '--out', 'x.faultline'], 2, 'is there twice; name each trace once'],
  [[], 2, 'Usage: faultline'],
  [['contentoin', 't.faultline'], 2, "unknown verb 'contentoin'", 'did you mean contention?'],
  [['contentoin', '--help'], 2, "unknown verb 'contentoin'", 'did you mean contention?'],
  [['help', 'contentoin'], 2, "unknown verb 'contentoin'", 'did you mean contention?'],
  [['explore', '--scenario', 'x'], 2, 'no strategy to explore x under', 'name one'],
  [['exlore', '--scenario', 'x'], 2, "unknown verb 'exlore'", 'explore'],
  [['query', 't.faultline', ''], 2, 'query: the word after t.faultline is empty', 'a variable of the shell'],
  [['compare', '--scenario', 'SC1', '--html', ''], 2, 'compare: the word after --html is empty'],
  [['export', 't.faultline', '--format', 'csv', '--out='], 2, 'export: nothing stands after --out='],
  [['record', '--seconds', '0'], 2, "record: --seconds: '0' is not a number of seconds"],
  [['simulate'], 2, '--scenario is missing', 'faultline list scenarios'],
  [['simulate', '--scenario', 'SC111'], 2, "unknown scenario 'SC111'", 'did you mean SC1'],
  [['simulate', '--scenario', 'SC1', '--strategy', 'G9'], 2, "unknown strategy 'G9'", 'known: A, B'],
  [['simulate', '--scenario', 'SC1', '--slot', 'inval'], 2, "--slot: 'inval' is not NAME=VALUE"],
  [['simulate', '--scenario', 'SC1', '--slot', 'guard=invall'], 2, "unknown guard 'invall'", 'did you mean inval?'],
  [['simulate', '--scenario', 'SC1', '--set', 'threads=0'], 2, 'threads=0 is not a whole number from 1'],
  [['simulate', '--scenario', 'SC1', '--out', 't.faultline'], 1, 't.faultline', '--force'],
  [['compare'], 2, 'neither --scenario nor --trace is there', 'faultline list scenarios'],
  [['compare', '--scenario', 'SC1', '--strategy', 'E', '--baseline', 'K'], 2, "unknown baseline 'K'", 'known: E'],
  [['scaling', '--scenario', 'SC1', '--cpus', '8,4,4'], 2, 'scaling: 4 CPUs are there twice', 'name each size once'],
  [[...ENDLESS, '--seed', '9007199254740991'], 2, '100 seeds from 9007199254740991 go beyond the last one'],
  [['compare', '--scenario', 'SC1', '--sweep', 'threads'], 2, "--sweep: 'threads' is not PARAM=VALUE"],
  [[...ENDLESS, '--sweep', 'readers=1,'], 2, "--sweep: 'readers=1,' is not PARAM=VALUE"],
  [[...ENDLESS, '--sweep', 'threads=2=4'], 2, "--sweep: 'threads=2=4' is not PARAM=VALUE"],
  [[...ENDLESS, '--sweep', 'threads=2,4,2'], 2, '--sweep: threads=2 is there twice', 'once'],
  [['info'], 2, 'info: missing required argument', '--help'],
  [['info', 't.faultline', 'x', 'y'], 2, 'too many arguments'],
  [['info', 't.faultline', '--jsn'], 2, "unknown option '--jsn'", 'did you mean --json?'],
  [['contention', 't.faultline', '--by', 'clas'], 2, "unknown --by 'clas'", 'did you mean class?', 'phase'],
  [['latency', 't.faultline', '--by', 'phase'], 2, "unknown --by 'phase'", 'op, task, inode'],
  [['contention', 't.faultline', '--top', 'many'], 2, "--top: 'many' is not a whole number"],
  [['contention', 't.faultline', '--from', '5', '--to', '5'], 2, '--from 5 is not before --to 5'],
  [['contention', 't.faultline', '--from', '-5'], 2, '--from'],
  [['contention', 't.faultline', '--trace', '9'], 2, "unknown trace '9'", 'known: 1'],
  [['chain', 't.faultline', '--wait', '99999999'], 2, "unknown wait '99999999'", 'the nearest waits are'],
  [['chain', 't.faultline', '--wait', '1', '--worst', '1'], 2, 'exclude each other'],
  [['import', SMALL, '--format', 'ftrase'], 2, "unknown format 'ftrase'", 'did you mean ftrace?'],
  [['export', 't.faultline'], 2, '--format is missing', 'csv'],
  [['export', 't.faultline', '--format', 'cvs'], 2, "unknown --format 'cvs'", 'did you mean csv?'],
  [['export', 't.faultline', '--format', 'csv', '--table', 'lock_spam'], 2, 'did you mean lock_span?'],
  // What would do nothing where it stands.
  [
    ['export', 't.faultline', '--format', 'html', '--table', 'lock_span'],
    2,
    'export: --table is for --format csv, ndjson, parquet',
    'html is of the whole trace',
  ],
  [['export', 't.faultline', '--format', 'csv', '--raw-events'], 2, '--raw-events is for --format faultline'],
  [['contention', 't.faultline', '--by', 'op', '--against', 'nope'], 2, '--by op does not go with --against'],
  [['name', 't.faultline', '--remove'], 2, 'name: --remove takes the name of one lock away', 'name F ADDRESS --remove'],
  [['import', SMALL, '--offset', `${SMALL}=3ms`], 2, '--offset moves one trace against others', 'there is only one'],
  [['compare', '--scenario', 'SC1', '--arrival', 'a=open'], 2, '--arrival goes with --trace', 'leave it out'],
  [['compare', '--scenario', 'SC1', '--against-id', '1'], 2, '--against-id goes with --against', 'leave it out'],
  [['compare', '--trace', 't.faultline', '--against-id', '1'], 2, '--against-id goes with --against'],
  [
    ['compare', '--trace', 't.faultline', '--against', 'linked.faultline', '--seeds', '3'],
    2,
    '--seeds does not go with --against',
    'recordings are compared as they are',
  ],
  [['compare', '--scenario', 'SC1', '--film', 'fl1:x'], 2, '--film is of a report', 'give --html or --text too'],
  [['sweep', 'run', 'jobs.ndjson', '--out', 'd', '--seeds', '3'], 2, '--seeds is of sweep plan, not of sweep run'],
  [['sweep', 'run', 'jobs.ndjson', '--out', 'd', '--force'], 2, '--force is of sweep merge, not of sweep run'],
  [['sweep', 'plan', '--scenario', 'SC1', '--out', 'd'], 2, '--out is of sweep run and sweep merge, not of sweep plan'],
  [['list', 'format'], 2, "unknown list 'format'", 'did you mean formats?'],
  [['query', 't.faultline'], 2, 'missing required argument'],
  [['query', 't.faultline', 'SELECT 1', '--json', '--csv'], 2, 'exclude each other'],
]

describe('a failure', () => {
  const cases = FAILURES.map(([args, expected, ...says]) => ({ args, expected, says }))

  it.each(cases)('$args exits with $expected', async ({ args, expected, says }) => {
    const { status, stdout, stderr } = await folder.run(args)
    expect({ status, stderr }).toEqual({ status: expected, stderr: expect.any(String) })
    expect(stdout).toBe('')
    for (const words of says) expect(stderr).toContain(words)
    if (args.length > 0) {
      expect(stderr).toMatch(/^faultline: [^\n]+\n$/)
      expect(stderr).not.toMatch(/fault of Faultline|\bat .*\.ts:\d+/)
    }
  })

  it('prints nothing on standard output with --json either', async () => {
    const { status, stdout } = await folder.run(['info', 'nope.faultline', '--json'])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  })

  it('shows control characters of a file name instead of sending them', async () => {
    const { stderr } = await folder.run(['info', 'a\u001b[31m\nb'])
    expect(stderr).toContain('a\\x1b[31m')
    expect(stderr.split('\n')).toHaveLength(2)
  })

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('names a file that may not be read', async () => {
    copyFileSync(folder.file('t.faultline'), folder.file('secret.faultline'))
    chmodSync(folder.file('secret.faultline'), 0)
    const { status, stderr } = await folder.run(['info', 'secret.faultline'])
    expect(status).toBe(1)
    expect(stderr).toContain('secret.faultline: not permitted')
  })
})

describe('check', () => {
  it('exits with 3 and the findings when a chunk of events was overwritten', async () => {
    const bytes = readFileSync(folder.file('t.faultline'))
    const chunk = bytes.indexOf(Buffer.from('28b52ffd', 'hex'))
    expect(chunk).toBeGreaterThan(0)
    bytes.fill(0xaa, chunk + 16, chunk + 64)
    writeFileSync(folder.file('hit.faultline'), bytes)
    const { status, stdout, stderr } = await folder.run(['check', 'hit.faultline', '--json'])
    expect({ status, stderr }).toEqual({ status: 3, stderr: '' })
    const document = JSON.parse(stdout)
    expect(document.ok).toBe(false)
    expect(document.findings.length).toBeGreaterThan(0)
  })
})

describe('standard input', () => {
  it('imports the same as the file, plain or compressed', async () => {
    const compressed = readFileSync(SMALL)
    const reference = JSON.parse((await folder.run(['import', SMALL, '--out', 'ref.faultline', '--json'])).stdout)
    const plain = zstdDecompressSync(compressed)
    const utf16 = Buffer.from(`\ufeff${plain.toString()}`, 'utf16le')
    for (const [name, input] of Object.entries({ zst: compressed, plain, utf16 })) {
      const { status, stdout, stderr } = await folder.run(['import', '-', '--out', `${name}.faultline`, '--json'], {
        input,
      })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      const { file: _file, bytes: _bytes, wallMs: _wall, ...rest } = JSON.parse(stdout)
      const { file: _f, bytes: _b, wallMs: _w, ...expected } = reference
      expect(rest).toEqual(expected)
    }
  })

  it('is one of several traces like any other, wherever it is named', async () => {
    const rest = ['--force', '--json', '--out', 'joined.faultline']
    const input = readFileSync(SMALL)
    const first = await folder.run(['import', '-', NAMED, ...rest], { input })
    const second = await folder.run(['import', NAMED, '-', ...rest], { input })
    expect([first.status, second.status]).toEqual([0, 0])
    const events = ({ stdout }: Result) => (JSON.parse(stdout) as { events: number }).events
    expect(events(second)).toBe(events(first))
  })

  it('that was a binary trace before a shell made text of it is refused with a way out', async () => {
    const input = Buffer.from(`\ufeff${writeDat(7, [], '1 one\n').toString('latin1')}`, 'utf16le')
    const { status, stderr } = await folder.run(['import', '-', '--out', 'text.faultline'], { input })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^faultline: import: [^\n]*written as text, which spoils bytes of it[^\n]*adb pull[^\n]*\n$/)
  })

  it('that is empty is one sentence', async () => {
    const { status, stderr } = await folder.run(['import', '-', '--out', 'nothing.faultline'])
    expect(status).toBe(1)
    expect(stderr).toMatch(/^faultline: import: [^\n]*empty[^\n]*\n$/)
    expect(readdirSync(folder.path)).not.toContain('nothing.faultline')
  })
})

describe('a run that ends early', () => {
  it('is quiet and done when its reader has gone', () => {
    const command = `"${process.execPath}" bin/faultline.mjs export "${folder.file('t.faultline')}" --format csv --table event | head -1`
    const shell = ['-c', `set -o pipefail; ${command}; echo "status \${PIPESTATUS[0]}" >&2`]
    const stdout = execFileSync('bash', shell, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FAULTLINE_HOME: folder.file('home') },
    })
    expect(stdout.split('\n')).toHaveLength(2)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s while it reads leaves nothing behind', async (signal) => {
    const before = readdirSync(folder.path)
    const { status, stderr } = await folder.run(['import', '-', '--out', 'never.faultline'], {
      whileRunning(child) {
        const text = zstdDecompressSync(readFileSync(SMALL))
        child.stdin?.write(text, () => setTimeout(() => child.kill(signal), 1500))
      },
    })
    expect(status).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(stderr).toMatch(/^faultline: import: .*was cancelled.*\n$/)
    expect(readdirSync(folder.path)).toEqual(before)
  })

  it('leaves nothing behind where it waits for somebody to write into a pipe', async () => {
    const before = readdirSync(folder.path)
    const { status, stderr } = await folder.run(['import', 'pipe', '--out', 'never.faultline'], {
      whileRunning: (child) => void setTimeout(() => child.kill('SIGINT'), 2500),
    })
    expect(status).toBe(130)
    expect(stderr).toMatch(/^faultline: import: .*was cancelled.*\n$/)
    expect(readdirSync(folder.path)).toEqual(before)
  })

  it('reads a pipe somebody writes into to its end', async () => {
    const writer = spawn('sh', ['-c', `sleep 1; cat "${SMALL}" > pipe`], {
      ...{ cwd: folder.path, stdio: 'ignore' },
    })
    const piped = await folder.run(['import', 'pipe', '--json', '--out', 'piped.faultline'])
    writer.kill()
    const named = await folder.run(['import', SMALL, '--json', '--out', 'unpiped.faultline'])
    const events = ({ stdout }: Result) => (JSON.parse(stdout) as { events: number }).events
    expect(events(piped)).toBe(events(named))
  })

  it('a second time ends it even where a thread stands still', async () => {
    const env = { ...process.env, FAULTLINE_HOME: folder.file('home') }
    const child = spawn(
      process.execPath,
      [bin, 'import', 'some.dat', '--kallsyms', 'pipe', '--out', 'never.faultline'],
      {
        ...{ cwd: folder.path, env, stdio: 'ignore' },
      },
    )
    const ended = once(child, 'exit')
    await pause(2_500)
    child.kill('SIGTERM')
    await pause(1_500)
    child.kill('SIGTERM')
    const how = await Promise.race([ended, pause(5_000, 'it does not end')])
    child.kill('SIGKILL')
    expect(how).toEqual([null, 'SIGTERM'])
  })

  it.skipIf(!existsSync('/dev/full'))('says in one sentence that its answer could not be written', () => {
    for (const verb of ['contention t.faultline', 'export t.faultline --format csv', '--help', 'list races']) {
      const script = `"${process.execPath}" "${bin}" ${verb} > /dev/full`
      const ran = spawnSync('sh', ['-c', script], { cwd: folder.path, encoding: 'utf8' })
      expect([verb, ran.status, ran.stderr.trim().split('\n')]).toEqual([
        verb,
        1,
        ['faultline: standard output: the disk is full'],
      ])
    }
  })

  it('by SIGINT while it writes leaves nothing behind', async () => {
    // Big enough that the import is still running when the signal comes.
    const text = zstdDecompressSync(readFileSync(NAMED))
    writeFileSync(folder.file('long.txt'), Buffer.concat(Array.from({ length: 40 }, () => text)))
    const before = readdirSync(folder.path)
    const { status } = await folder.run(['import', 'long.txt'], {
      whileRunning(child) {
        const poll = setInterval(() => {
          if (readdirSync(folder.path).length === before.length) return
          clearInterval(poll)
          child.kill('SIGINT')
        }, 5)
        child.on('exit', () => clearInterval(poll))
      },
    })
    expect(status).toBe(130)
    expect(readdirSync(folder.path)).toEqual(before)
  })
})

describe('help', () => {
  it('is an answer: standard output, exit 0', async () => {
    const { status, stdout, stderr } = await folder.run(['--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('Usage: faultline')
    expect(stdout).not.toContain(folder.path)
  })

  it('of a verb names its options', async () => {
    const { status, stdout } = await folder.run(['contention', '--help'])
    expect(status).toBe(0)
    for (const option of ['--by', '--from', '--to', '--top', '--json']) expect(stdout).toContain(option)
  })
})
