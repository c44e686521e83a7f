/** Imports that run or failed: begun, told their progress, dismissed (which cancels what still runs). */

import { shallowRef } from 'vue'
import type { WireError } from '#shared/base/errors.ts'
import type { CallOptions, Progress, Source } from '#shared/contract/methods.ts'

/** A way to what is to be opened: something the host knows, or a file of the browser's that must be uploaded first. */
export type Openable =
  | { readonly kind: 'source'; readonly source: Source; readonly name: string; readonly bytes?: number }
  | { readonly kind: 'blob'; readonly blob: File }

/** Read it as this, with these: what a job that failed is tried again with. */
/** Files that become one trace with it, each at its offset. */
export interface Joined {
  readonly more: readonly { readonly what: Openable; readonly offsetNs: number }[]
  readonly align: 'clock' | 'start'
}

export interface HowToRead {
  readonly format?: string | undefined
  readonly joined?: Joined | undefined
  readonly kallsyms?: Openable | undefined
}

export function nameOf(what: Openable): string {
  return what.kind === 'blob' ? what.blob.name : what.name
}

export interface ImportJob {
  readonly id: number
  readonly name: string
  readonly what: Openable
  readonly how: HowToRead
  readonly progress: Progress | undefined
  readonly startedAt: number
  readonly error: WireError | undefined
}

export interface BegunJob {
  /** What the calls of this job are made with. */
  readonly options: Required<CallOptions> & { readonly signal: AbortSignal }
  /** It is done, or was cancelled: nothing more to show. */
  end(): void
  /** What was cancelled has nothing to show either. */
  failed(error: WireError): void
}

export function importJobs() {
  const jobs = shallowRef<readonly ImportJob[]>([])
  const aborts = new Map<number, AbortController>()
  let next = 1

  function change(id: number, part: Partial<ImportJob>): void {
    jobs.value = jobs.value.map((job) => (job.id === id ? { ...job, ...part } : job))
  }
  function dismiss(id: number): void {
    aborts.get(id)?.abort()
    aborts.delete(id)
    jobs.value = jobs.value.filter((job) => job.id !== id)
  }
  function begin(what: Openable, how: HowToRead): BegunJob {
    const id = next++
    const more = how.joined?.more.length ?? 0
    const name = more === 0 ? nameOf(what) : `${nameOf(what)} and ${more} more`
    const abort = new AbortController()
    aborts.set(id, abort)
    const startedAt = performance.now()
    const job: ImportJob = { id, name, what, how, progress: undefined, startedAt, error: undefined }
    jobs.value = [...jobs.value, job]
    return {
      options: { signal: abort.signal, onProgress: (progress) => change(id, { progress }) },
      end() {
        aborts.delete(id)
        dismiss(id)
      },
      failed(error) {
        aborts.delete(id)
        if (error.code === 'cancelled') dismiss(id)
        else change(id, { error })
      },
    }
  }
  return { jobs, begin, dismiss }
}
