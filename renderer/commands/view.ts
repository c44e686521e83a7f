/** Commands about the window: pages, sidebar, theme, palette, help. */
import { pages } from '../pages/index.ts'
import { needsTrace } from '../stores/view.ts'
import { commandGroup } from './command.ts'

export const view = commandGroup({
  id: 'view',
  title: 'View',
  commands: ({ view: shown, settings, files }) => [
    ...pages.map((page, i) => ({
      id: `view.${page.id}`,
      title: `Go to ${page.title}`,
      keys: [`Alt+Digit${i + 1}`],
      icon: page.icon,
      when: () => !needsTrace(page.id) || files.current !== undefined,
      run: () => shown.goTo(page.id),
    })),
    {
      id: 'view.sidebar',
      title: 'Sidebar: full or rail',
      keys: ['$mod+KeyB'],
      icon: 'sidebar',
      run: settings.toggleSidebar,
    },
    { id: 'view.theme', title: 'Theme: light or dark', icon: 'sun', run: settings.toggleTheme },
    {
      id: 'view.theme-system',
      title: 'Theme: as the system',
      icon: 'sun',
      when: () => settings.theme !== 'system',
      run: () => void (settings.theme = 'system'),
    },
    {
      id: 'view.palette',
      title: 'All commands',
      keys: ['$mod+Shift+KeyP', 'F1'],
      icon: 'commands',
      run: () => void (shown.overlay = 'palette'),
    },
    {
      id: 'view.help',
      title: 'Keyboard help',
      keys: ['[Shift]+?'],
      icon: 'help',
      status: 'keys',
      run: () => void (shown.overlay = 'help'),
    },
  ],
})
