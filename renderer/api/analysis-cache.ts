/**
 * Answers of analyses, kept so that going back to a page shows it at once, and shared so that two panels that ask the
 * same thing ask once. A call nobody waits for any more is cancelled. Answers never go stale: a stored trace does not
 * change; closing its file drops them.
 */

import { limits } from '#shared/base/limits.ts'
import type { Client } from '#shared/contract/methods.ts'

export interface AnalysisQuestion {
  readonly file: string
  readonly trace: number
  readonly id: string
  readonly params: unknown
}

interface Running {
  readonly promise: Promise<unknown>
  readonly abort: AbortController
  users: number
}

export interface AnalysisCache {
  /** The answer, if it is there. */
  peek(question: AnalysisQuestion): unknown
  /** Ask, or join who is asking. `release` says that the answer is not wanted any more. */
  ask(question: AnalysisQuestion): { answer: Promise<unknown>; release: () => void }
  dropFile(file: string): void
}

function keyOf({ file, trace, id, params }: AnalysisQuestion): string {
  return `${file}|${trace}|${id}|${JSON.stringify(params)}`
}

export function analysisCache(client: Client): AnalysisCache {
  const answers = new Map<string, unknown>()
  const running = new Map<string, Running>()

  function remember(key: string, answer: unknown): void {
    answers.delete(key)
    answers.set(key, answer)
    if (answers.size > limits.cachedAnalyses) answers.delete(answers.keys().next().value ?? '')
  }

  function start(key: string, { file, trace, id, params }: AnalysisQuestion): Running {
    const abort = new AbortController()
    const promise = client
      .call('analysis.run', { file, trace, id, params }, { signal: abort.signal })
      .then((answer: unknown) => {
        remember(key, answer)
        return answer
      })
      .finally(() => {
        if (running.get(key)?.abort === abort) running.delete(key)
      })
    const started = { promise, abort, users: 0 }
    running.set(key, started)
    return started
  }

  return {
    peek: (question) => answers.get(keyOf(question)),
    ask(question) {
      const key = keyOf(question)
      const call = running.get(key) ?? start(key, question)
      call.users++
      let held = true
      const release = (): void => {
        if (!held) return
        held = false
        if (--call.users > 0 || running.get(key) !== call) return
        running.delete(key)
        call.abort.abort()
      }
      return { answer: call.promise, release }
    },
    dropFile(file) {
      for (const key of [...answers.keys()]) if (key.startsWith(`${file}|`)) answers.delete(key)
    },
  }
}
