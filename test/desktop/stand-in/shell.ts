/** The system around the windows: dialogs, menus, links, the clipboard of paths. What would be seen is kept to be asked. */

interface Template {
  readonly label?: string
  readonly role?: string
  readonly type?: string
  readonly enabled?: boolean
  readonly checked?: boolean
  readonly accelerator?: string
  readonly click?: () => void
  readonly submenu?: readonly Template[]
}

class MenuItem {
  readonly label: string
  readonly role: string | undefined
  readonly enabled: boolean
  readonly checked: boolean
  readonly accelerator: string | undefined
  readonly submenu: StandInMenu | undefined
  readonly click: () => void
  constructor(template: Template) {
    this.label = template.label ?? ''
    this.role = template.role
    this.enabled = template.enabled ?? true
    this.checked = template.checked ?? false
    this.accelerator = template.accelerator
    this.submenu = template.submenu && new StandInMenu(template.submenu)
    this.click = () => template.click?.()
  }
}

class StandInMenu {
  readonly items: readonly MenuItem[]
  constructor(templates: readonly Template[]) {
    this.items = templates.map((template) => new MenuItem(template))
  }
}

let applicationMenu: StandInMenu | null = null
export const Menu = {
  buildFromTemplate: (templates: readonly Template[]) => new StandInMenu(templates),
  setApplicationMenu: (menu: StandInMenu | null) => void (applicationMenu = menu),
  getApplicationMenu: () => applicationMenu,
}

export const dialog = {
  errors: [] as { title: string; text: string }[],
  showOpenDialog: () => Promise.resolve({ canceled: true, filePaths: [] as string[] }),
  showSaveDialog: () => Promise.resolve({ canceled: true, filePath: '' }),
  showMessageBox: () => Promise.resolve({ response: 0, checkboxChecked: false }),
  showErrorBox(title: string, text: string) {
    dialog.errors.push({ title, text })
    // As Electron does where there is no display yet; an app that cannot start ends right after it.
    process.stderr.write(`${title}: ${text}\n`)
  },
}

export const shell = {
  opened: [] as string[],
  revealed: [] as string[],
  openExternal: (url: string) => Promise.resolve(void shell.opened.push(url)),
  showItemInFolder: (path: string) => void shell.revealed.push(path),
}

export const nativeTheme = { shouldUseDarkColors: false, themeSource: 'system' }

export const crashReporter = {
  started: undefined as unknown,
  start: (options: unknown) => void (crashReporter.started = options),
}
