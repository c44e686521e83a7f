/**
 * What happens when something dies. Dumps stay on this machine. A dead page is loaded again with a notice in it
 * and given up if it dies again at once; a dead engine is started again with growing pauses, three times, then the user is told.
 */

import type { App, CrashReporter, Dialog, WebContents } from 'electron'
import type { ShellNotice } from '#shared/contract/desktop.ts'

export const CRASH_REPORTER = { uploadToServer: false } as const

const ENGINE_RESTARTS = 3
const FIRST_PAUSE_MS = 250
/** An engine or a page that lived this long was healthy: counting starts anew. */
const HEALTHY_AFTER_MS = 60_000

export interface RestartPolicy {
  /** ms to wait before the next start; undefined: give up. */
  next(livedMs: number): number | undefined
}

export function restartPolicy(): RestartPolicy {
  let failures = 0
  return {
    next(livedMs) {
      if (livedMs >= HEALTHY_AFTER_MS) failures = 0
      if (failures === ENGINE_RESTARTS) return undefined
      return FIRST_PAUSE_MS * 2 ** failures++
    },
  }
}

/** Reasons of `render-process-gone` after which loading again makes sense; the user's own kill is not one. */
export function mayReload(reason: string, msSinceReload: number): boolean {
  return msSinceReload >= HEALTHY_AFTER_MS && ['crashed', 'oom', 'abnormal-exit', 'memory-eviction'].includes(reason)
}

const PAGE_CAME_BACK: ShellNotice = {
  title: 'The window had stopped working and was loaded again',
  detail: 'Traces that were open are open again. Nothing that was imported or kept is lost.',
}
export const ENGINE_CAME_BACK: ShellNotice = {
  title: 'The engine had stopped and was started again',
  detail: 'What was under way was cancelled: start it once more. Nothing that was imported or kept is lost.',
}

export function startCrashHandling({
  app,
  crashReporter,
  dialog,
  tell,
}: {
  app: App
  crashReporter: CrashReporter
  dialog: Dialog
  /** Show a notice in a page that has loaded. */
  tell: (page: WebContents, notice: ShellNotice) => void
}): void {
  crashReporter.start(CRASH_REPORTER)
  const reloadedAt = new WeakMap<WebContents, number>()
  app.on('render-process-gone', (_, contents, { reason }) => {
    const now = performance.now()
    if (mayReload(reason, now - (reloadedAt.get(contents) ?? -Infinity))) {
      reloadedAt.set(contents, now)
      contents.once('did-finish-load', () => tell(contents, PAGE_CAME_BACK))
      contents.reload()
    } else if (reason !== 'clean-exit' && reason !== 'killed') {
      dialog.showErrorBox(
        'Faultline',
        `The window has stopped working (${reason}). Start Faultline again; nothing that was imported is lost.`,
      )
    }
  })
  process.on('uncaughtException', (error) => {
    dialog.showErrorBox('Faultline', `Faultline has to close: ${error.message}`)
    app.exit(1)
  })
}
