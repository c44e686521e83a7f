/**
 * How a run ends early. The first Ctrl-C (or TERM, HUP) cancels what runs and lets it clean up after itself; one more,
 * later, ends the process at once. A reader that has gone away (`| head -1`) ends the run quietly: it has what it wanted.
 */

/** Exit statuses of a shell: 128 and the signal's number. */
const STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
/** A terminal and a parent process may each deliver the same Ctrl-C: within this time they count as one. */
const SAME_KEYPRESS_MS = 700

export interface Interrupts {
  readonly signal: AbortSignal
  /** Exit status of the run if it was ended early, else undefined. */
  status(): number | undefined
}

export function watchInterrupts(): Interrupts {
  const controller = new AbortController()
  let status: number | undefined
  let first = 0
  for (const [name, value] of Object.entries(STATUS) as [keyof typeof STATUS, number][]) {
    process.on(name, () => {
      if (status !== undefined && Date.now() - first > SAME_KEYPRESS_MS) endAs(name)
      if (status !== undefined) return
      first = Date.now()
      status = value
      controller.abort()
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Who reads has had enough: no failure. Anything else is one, and the answer is not whole.
    if (error.code !== 'EPIPE') {
      const full = error.code === 'ENOSPC' ? 'the disk is full' : error.message
      process.stderr.write(`faultline: standard output: ${full}\n`)
      process.exit(1)
    }
    status ??= 0
    controller.abort()
  })
  // Notes that nobody reads any more are no reason to fail.
  process.stderr.on('error', () => undefined)
  return { signal: controller.signal, status: () => status }
}

/** As if nobody had listened to the signal: an orderly exit waits for calls to the system, and one that opens a pipe may take for ever. */
function endAs(signal: keyof typeof STATUS): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
