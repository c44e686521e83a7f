/**
 * Runs a built main process without Electron: `run.ts MAIN.js ARGS…`. `electron` is resolved to the stand-in; whoever
 * forked this may have a function evaluated with the module, as Playwright's Electron support does.
 */
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const STAND_IN = pathToFileURL(join(import.meta.dirname, 'electron.ts')).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: STAND_IN, shortCircuit: true } : next(specifier, context),
})

const [main = '', ...args] = process.argv.slice(2)
// As Electron starts an app that is not packaged: the executable, the entry, then what was asked for.
process.argv = [process.execPath, main, ...args]

const electron: unknown = await import(STAND_IN)
process.on('message', ({ id, text, arg }: { id: number; text: string; arg: unknown }) => {
  const run = (0, eval)(`(${text})`) as (electron: unknown, arg: unknown) => unknown
  Promise.resolve()
    .then(() => run(electron, arg))
    .then(
      (result) => process.send?.({ id, result }),
      (error: unknown) => process.send?.({ id, error: String(error) }),
    )
})
process.once('disconnect', () => process.exit(1))
await import(pathToFileURL(main).href)
const { app, becomeReady } = await import('./app.ts')
// As macOS does with a file that the app is started for.
const { STAND_IN_OPEN_FILE: opened } = process.env
if (opened !== undefined) app.emit('open-file', { preventDefault: () => undefined }, opened)
becomeReady()
