/** The parts an engine is put together from, as its handlers see them, and what a handler is. */

import type { Registry } from '#shared/base/registry.ts'
import type { AppInfo, EngineEvents, MethodName, MethodResult, ParsedParams } from '#shared/contract/methods.ts'
import type { Downloads } from './downloads.ts'
import type { Files } from './files.ts'
import type { Handles } from './handles.ts'
import type { Call } from './importing.ts'
import type { Jobs } from './jobs.ts'
import type { Kept } from './kept.ts'
import type { Opening } from './opening.ts'
import type { Reader } from './reader.ts'
import type { Recents } from './recent.ts'
import type { SampleFile } from './samples.ts'
import type { SqlRunner } from './sql.ts'
import type { Uploads } from './uploads.ts'

export interface Parts {
  readonly host: AppInfo['host']
  readonly version: string
  readonly samples: Registry<SampleFile>
  readonly files: Files
  readonly recents: Recents
  readonly kept: Kept
  readonly uploads: Uploads
  readonly downloads: Downloads
  readonly handles: Handles
  readonly opening: Opening
  readonly jobs: Jobs
  readonly reader: Reader
  readonly model: LazyModel
  readonly sql: SqlRunner
  readonly onRecent: () => void
  /** Folder of imports, kept runs and cuts. */
  readonly imports: string
  readonly onNotes: (changed: EngineEvents['annotations.changed']) => void
}

export type Handlers = {
  readonly [M in MethodName]: (params: ParsedParams<M>, call: Call) => Promise<MethodResult<M>>
}

/** Methods that need the simulated kernel. */
export type ModelMethod = Extract<
  MethodName,
  | `sim.${string}`
  | `race.${string}`
  | `verdicts.${string}`
  | `explore.${string}`
  | `schedule.${string}`
  | `strategy.${string}`
  | `crash.${string}`
  | `whatif.${string}`
>

export interface LazyModel {
  readonly handlers: Pick<Handlers, ModelMethod>
  close(): Promise<void>
}
