/**
 * Files on their way into the window: named on the command line, given by the file manager, handed over by a second
 * start, chosen in the system's dialog, or dropped. Each becomes a source the engine made up a name for; the page never
 * sees or names a path.
 */

import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserWindow, Dialog } from 'electron'

/** For the open dialog; "all files" is there too, because traces have any name. */
const EXTENSIONS = ['faultline', 'txt', 'trace', 'ftrace', 'dat', 'gz', 'zst']

/** What Electron and Chromium add to a command line starts with a dash; so do options, and no file is named that way. */
export function filesOfCommandLine(args: readonly string[], cwd: string): string[] {
  return args.filter((arg) => arg !== '' && !arg.startsWith('-')).map((arg) => resolve(cwd, pathOf(arg)))
}

/** A Linux desktop hands over a path or a file: URL: the packed entry says `%U`, as Electron's packer writes it. */
function pathOf(arg: string): string {
  if (!arg.startsWith('file:') || !URL.canParse(arg)) return arg
  try {
    return fileURLToPath(arg)
  } catch {
    return arg // another machine's, or no path at all: it is told by the name it was given
  }
}

/** `npm start` names the sample to show when no file is named. */
export function sampleOfCommandLine(args: readonly string[]): string | undefined {
  return args.find((arg) => arg.startsWith('--sample='))?.slice('--sample='.length)
}

/** What a second start hands over; it comes from another process, so its shape is checked. */
export function filesOfSecondStart(data: unknown): string[] {
  if (typeof data !== 'object' || data === null || !('files' in data) || !Array.isArray(data.files)) return []
  return data.files.filter((file): file is string => typeof file === 'string' && isAbsolute(file))
}

export async function chooseFiles(dialog: Dialog, window: BrowserWindow): Promise<readonly string[]> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    properties: ['openFile', 'multiSelections'],
    filters: [
      { name: 'Traces', extensions: EXTENSIONS },
      { name: 'All files', extensions: ['*'] },
    ],
  })
  return canceled ? [] : filePaths
}
