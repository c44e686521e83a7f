/**
 * How long KernelShark takes from its start until it has loaded a trace.dat and does nothing more, on a display of its own
 * (Xvfb), beside the time of `trace-cmd report` and of our import. By hand, where the three are installed
 * (`apt-get install kernelshark xvfb trace-cmd`): `node bin/run.mjs test/bench/kernelshark.ts [FILE.dat]`. What it took when
 * it was last measured is in docs/figures.md. It judges nothing.
 */

import { spawn, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { corpusPath, repoRoot } from '../support/corpus.ts'

const DISPLAY = ':77'
/** It is idle when it has used less than `IDLE_TICKS` in `QUIET_MS`; the kernel counts hundredths of a second. */
const QUIET_MS = 3000
const IDLE_TICKS = 3
const LOOK_MS = 50
const LONGEST_MS = 180_000

/** Hundredths of a second of processor time; NaN once it is gone. */
function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return NaN
  }
}

interface Took {
  readonly wallMs: number
  readonly cpuMs: number
}

/** Until the last moment it was busy before it rested. */
async function untilIdle(pid: number): Promise<Took> {
  const started = performance.now()
  const seen = [{ at: 0, ticks: 0 }]
  for (;;) {
    await sleep(LOOK_MS)
    const at = performance.now() - started
    const ticks = ticksOf(pid)
    if (ticks !== ticks) throw new Error('KernelShark ended before it was idle')
    seen.push({ at, ticks })
    const before = seen.findLast((look) => look.at <= at - QUIET_MS)
    const resting = before !== undefined && before.ticks > 0 && ticks - before.ticks < IDLE_TICKS
    if (resting) return { wallMs: before.at, cpuMs: before.ticks * 10 }
    if (at > LONGEST_MS) throw new Error(`KernelShark was not idle after ${LONGEST_MS} ms`)
  }
}

/** As root it asks a question before it begins: then it runs as nobody, with a home of its own. */
const NOBODY = 65_534

async function kernelShark(file: string, home: string): Promise<Took> {
  const screen = spawn('Xvfb', [DISPLAY, '-screen', '0', '1600x1000x24'], { stdio: 'ignore' })
  await sleep(1000)
  const root = process.getuid?.() === 0
  if (root) chownSync(home, NOBODY, NOBODY)
  const viewer = spawn('kernelshark', [file], {
    stdio: 'ignore',
    cwd: home,
    env: { PATH: process.env['PATH'], DISPLAY, HOME: home, XDG_RUNTIME_DIR: home },
    ...(root ? { uid: NOBODY, gid: NOBODY } : {}),
  })
  try {
    return await untilIdle(viewer.pid ?? 0)
  } finally {
    viewer.kill()
    screen.kill()
  }
}

function timed(command: string, args: readonly string[]): Took {
  const started = performance.now()
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: repoRoot })
  if (status !== 0) throw new Error(`${command}: ${String(stderr)}`)
  return { wallMs: performance.now() - started, cpuMs: NaN }
}

function say(what: string, { wallMs, cpuMs }: Took): void {
  const cpu = cpuMs === cpuMs ? `, ${(cpuMs / 1000).toFixed(2)} s of processor time` : ''
  process.stdout.write(`${what}: ${(wallMs / 1000).toFixed(2)} s${cpu}\n`)
}

const file = process.argv[2] ?? corpusPath('large/large-ext4.v7.dat')
const folder = mkdtempSync(join(tmpdir(), 'faultline-kernelshark-'))
try {
  say('kernelshark, start to idle', await kernelShark(file, folder))
  say('trace-cmd report', timed('trace-cmd', ['report', file]))
  const out = join(folder, 'out.faultline')
  say('faultline import', timed(process.execPath, ['bin/faultline.mjs', 'import', file, '--out', out]))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
