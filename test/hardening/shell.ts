/**
 * The command line in surroundings that give it less than usual: a shell runs something first (`ulimit`, `mount`) and becomes
 * it. As nobody where root would be allowed everything.
 */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bin } from '../golden/cli/run-cli.ts'

export interface ShellOptions {
  /** Where it runs, with a home of its own in it. */
  readonly folder: string
  readonly before?: string
  readonly as?: 'self' | 'nobody'
  readonly env?: Readonly<Record<string, string>>
  /** The shell is started by this: `unshare …`. */
  readonly inside?: readonly string[]
}

export interface Said {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function inShell(args: readonly string[], options: ShellOptions): Promise<Said> {
  const { folder, before = ':', as = 'self', inside = [] } = options
  const words = [...inside, 'sh', '-c', `${before}; exec "$0" "$@"`, process.execPath, bin, ...args]
  const child = spawn(words[0] ?? 'sh', words.slice(1), {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', FAULTLINE_HOME: join(folder, 'shell-home'), ...options.env },
    ...(as === 'nobody' && process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
  })
  let stderr = ''
  let stdout = ''
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { status, stdout, stderr }
}

/** Can this machine do that? What it says goes nowhere. */
export function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** `faultline: …` and nothing else but a second line of advice: no stack, no name of an error class. */
export const ONE_SENTENCE = /^faultline: [^\n]+\n(?:[^\n]+\n)?$/
