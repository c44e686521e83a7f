/** What the header of a perf.data file says, of a file as of a pipe. */

import type { TraceDat } from '../trace-dat/container.ts'
import type { PerfAttr, Place } from './parts.ts'

export interface PerfHeader {
  readonly little: boolean
  readonly attrs: readonly PerfAttr[]
  readonly attrOfId: ReadonlyMap<bigint, PerfAttr>
  readonly data: Place
  readonly tracing: TraceDat | undefined
  readonly kernel: string | undefined
  /** As `uname -m` says it. */
  readonly machine: string | undefined
  readonly cpus: number | undefined
  /** Hex digits. */
  readonly kernelBuildId: string | undefined
  /** Why what stands behind the data is not there. */
  readonly cut: string | undefined
}
