/**
 * Measuring whole commands: wall time and peak resident memory of a child process (Linux: VmHWM of /proc), and the
 * table benchmarks print. Ratios within one run are what counts; absolute figures depend on the machine.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Measured {
  readonly wallMs: number
  /** Peak resident set of the process, MiB; undefined where the system does not tell. */
  readonly peakMiB: number | undefined
  readonly stdout: string
}

export async function measure(
  command: string,
  args: readonly string[],
  options: { discard?: boolean } = {},
): Promise<Measured> {
  const started = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', options.discard === true ? 'ignore' : 'pipe', 'pipe'] })
  let peak: number | undefined
  const poll = setInterval(() => {
    peak = maximum(peak, residentPeak(child.pid))
  }, 20)
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  clearInterval(poll)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited ${status}: ${stderr.slice(-2000)}`)
  return { wallMs: performance.now() - started, peakMiB: peak, stdout }
}

/** Largest resident set of a process and its children so far, MiB. */
function residentPeak(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined
  try {
    const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    const own = match === null ? 0 : Number(match[1]) / 1024
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    const below = children === '' ? [] : children.split(' ').map((child) => residentPeak(Number(child)) ?? 0)
    return Math.max(own, ...below)
  } catch {
    return undefined // the process ended between two looks
  }
}

function maximum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** The bound the project holds itself to; undefined: for information. */
  readonly bound?: { readonly kind: 'min' | 'max'; readonly value: number }
}

export function printFigures(title: string, figures: readonly Figure[]): boolean {
  console.log(`\n${title}`)
  let ok = true
  for (const { what, value, unit, bound } of figures) {
    const met = bound === undefined || (bound.kind === 'min' ? value >= bound.value : value <= bound.value)
    if (!met) ok = false
    const goal =
      bound === undefined ? '' : `  ${bound.kind === 'min' ? '>=' : '<='} ${bound.value}${met ? '' : '  MISSED'}`
    console.log(`  ${what.padEnd(58)} ${format(value).padStart(10)} ${unit.padEnd(10)}${goal}`)
  }
  return ok
}

function format(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2)
}
