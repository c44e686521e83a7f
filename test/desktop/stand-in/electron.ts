/** What `import … from 'electron'` gives the unchanged main process when it runs over the stand-in. */
export { app } from './app.ts'
export { MessageChannelMain } from './ports.ts'
export { utilityProcess } from './processes.ts'
export { protocol, session } from './session.ts'
export { crashReporter, dialog, Menu, nativeTheme, shell } from './shell.ts'
export { BrowserWindow, ipcMain } from './window.ts'
