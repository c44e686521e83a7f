/**
 * The call site of a stack: the innermost function that is not locking code itself. Stacks are spelled in many ways
 * (`ext4_dax_huge_fault+0x61/0x3e0`, `ffffffff81a1 ext4_dax_huge_fault`, `fn ([kernel.kallsyms])`); the function's name is
 * all that is taken.
 */

/** The locking code, the tracer's own frames in front of it, and lockdep's. Read from Linux 6.1 sources. */
const LOCKING =
  /^(trace_event_|__traceiter_|__bpf_trace|perf_trace_|ftrace_|rwsem_|__?down_|down_|up_read|up_write|mutex_|__mutex_|ww_mutex_|_raw_|__raw_|queued_|native_queued_|__pv_queued_|pv_queued_|do_raw_|percpu_|__percpu_|__lock_text|rt_mutex_|rwlock_|lock_acquire|lock_release|lock_contended|lock_acquired|__lock_acquire|__sched_text_start)/

/** `ext4_dax_huge_fault+0x61/0x3e0` and `ffffffff81a ext4_dax_huge_fault` name the same function. */
export function functionOf(frame: string): string {
  return frame
    .trim()
    .replace(/^(0x)?[0-9a-f]{8,16} (?=\S)/, '')
    .replace(/[+ ].*$/, '')
}

/** The function a stack (innermost frame first, one per line) asked for the lock in; undefined: only locking code. */
export function callerOf(frames: string): string | undefined {
  return callersOf(frames.split('\n'), 1).at(0)
}

/** That function and those that called it, the first `most`. */
export function callersOf(frames: readonly string[], most: number): readonly string[] {
  const callers: string[] = []
  for (const frame of frames) {
    if (callers.length === most) break
    const name = functionOf(frame)
    if (name !== '' && (callers.length > 0 || !LOCKING.test(name))) callers.push(name)
  }
  return callers
}
