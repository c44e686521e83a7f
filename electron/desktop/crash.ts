/**
 * What happens when something dies. Dumps stay on this machine. A dead page is loaded again with a notice in it
 * and given up if it dies again at once; whether a page that does not answer is waited for, the user decides. A dead engine is
 * started again with growing pauses, three times, then the user is told.
 */

import type { App, CrashReporter, Dialog, MessageBoxOptions, WebContents } from 'electron'
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

/** Reasons of `render-process-gone` after which loading again makes sense. `killed` is what Linux, short of memory, does to a page. */
const RELOADED: readonly string[] = ['crashed', 'killed', 'oom', 'abnormal-exit', 'memory-eviction']

export function mayReload(reason: string, msSinceReload: number): boolean {
  return msSinceReload >= HEALTHY_AFTER_MS && RELOADED.includes(reason)
}

const PAGE_CAME_BACK: ShellNotice = {
  title: 'The window had stopped working and was loaded again',
  detail: 'Traces that were open are open again. Nothing that was imported or kept is lost.',
}
export const ENGINE_CAME_BACK: ShellNotice = {
  title: 'The engine had stopped and was started again',
  detail: 'What was under way was cancelled: start it once more. Nothing that was imported or kept is lost.',
}

const NO_ANSWER: MessageBoxOptions = {
  type: 'warning',
  message: 'The window does not answer',
  detail:
    'It may be busy with something large. Loading it again cancels what it is doing; nothing that was imported is lost.',
  buttons: ['Wait', 'Load again'],
  defaultId: 0,
  cancelId: 0,
}
const LOAD_AGAIN = 1

interface CrashHandling {
  readonly app: App
  readonly crashReporter: CrashReporter
  readonly dialog: Dialog
  /** Show a notice in a page that has loaded. */
  readonly tell: (page: WebContents, notice: ShellNotice) => void
}

export function startCrashHandling({ app, crashReporter, dialog, tell }: CrashHandling): void {
  crashReporter.start(CRASH_REPORTER)
  const say = (what: string): void => dialog.showErrorBox('Faultline', what)
  const reloadedAt = new WeakMap<WebContents, number>()
  app.on('render-process-gone', (_, contents, { reason }) => {
    const now = performance.now()
    if (mayReload(reason, now - (reloadedAt.get(contents) ?? -Infinity))) {
      reloadedAt.set(contents, now)
      contents.once('did-finish-load', () => tell(contents, PAGE_CAME_BACK))
      contents.reload()
    } else if (reason !== 'clean-exit') {
      say(`The window has stopped working (${reason}). Start Faultline again; nothing that was imported is lost.`)
    }
  })
  app.on('web-contents-created', (_, contents) => {
    let asking = false
    contents.on('unresponsive', () => {
      if (asking) return
      asking = true
      void dialog.showMessageBox(NO_ANSWER).then(({ response }) => {
        asking = false
        // Its end is told as `render-process-gone`, which loads it again.
        if (response === LOAD_AGAIN && !contents.isDestroyed()) contents.forcefullyCrashRenderer()
      })
    })
    contents.on('preload-error', (_, _path, { message }) =>
      say(
        `The window cannot reach its engine: ${message}. Install Faultline again; nothing that was imported is lost.`,
      ),
    )
    // Of a first load `openWindow` tells.
    contents.on('did-fail-load', (_, _code, why, _url, isMainFrame) => {
      if (isMainFrame && reloadedAt.has(contents))
        say(`The window cannot be loaded again (${why}). Start Faultline again.`)
    })
  })
  process.on('uncaughtException', (error) => {
    say(`Faultline has to close: ${error.message}`)
    app.exit(1)
  })
}
