/** What is told of a `.faultline` file that is open, of the traces in it, and of the import that made it. */

import type { Diagnostic } from '../model/trace.ts'

export interface TraceInfo {
  readonly id: number
  readonly name: string
  readonly format: string
  readonly strategy: string | null
  readonly scenario: string | null
  readonly events: number
  readonly ops: number
  readonly lockSpans: number
  readonly tasks: number
  /** Of these the kernel's own of each CPU, pid 0: what a CPU does when there is nothing to do. */
  readonly idleTasks: number
  readonly lockClasses: number
  readonly locks: number
  /** null: a table or a report, which has no times. */
  readonly durationNs: number | null
  readonly lost: number | null
  readonly clock: string
  readonly clockUnit: 'ns' | 'tick'
  readonly startClock: string
  /** Wall-clock time at 0 in ns since 1970, decimal; null: the trace does not say. */
  readonly startUnixNs: string | null
  readonly kernel: string | null
  readonly cpus: number | null
  readonly diagnostics: readonly Diagnostic[]
  /** Can this trace show holds, waits, task states, operations? Unknown looks unknown. */
  readonly shows: { readonly holds: boolean; readonly waits: boolean; readonly states: boolean; readonly ops: boolean }
  readonly opKinds: readonly string[]
  readonly taskList: readonly { readonly id: number; readonly pid: number; readonly comm: string }[]
  readonly classList: readonly { readonly id: number; readonly name: string; readonly kind: string }[]
}

export interface OpenedFile {
  readonly file: string
  /** Base name for the tab. */
  readonly name: string
  /** Full path where the client may see paths, else the base name. */
  readonly path: string
  readonly bytes: number
  readonly traces: readonly TraceInfo[]
}

/** What `import` answers. */
export interface ImportSummary {
  readonly file: string
  readonly format: string
  readonly lines: number | null
  /** Of the input as it came: of a compressed one the compressed bytes, of several their sum. */
  readonly bytes: number
  readonly events: number
  readonly startNs: number | null
  readonly endNs: number | null
  readonly tasks: number
  readonly locks: number
  readonly lockClasses: number
  readonly ops: number
  readonly lockSpans: number
  /** `message`: what and where, in words. */
  readonly skipped: readonly {
    readonly reason: string
    readonly count: number
    readonly firstLine: number | null
    readonly message?: string
  }[]
  /** What makes answers about the trace doubtful although all of it was read, beside `lost` and `unmatched`. */
  readonly warnings: readonly {
    readonly code: string
    readonly message: string
    readonly count: number
    readonly firstLine: number | null
  }[]
  readonly lost: number | null
  readonly unmatched: number
  readonly wallMs: number
}
