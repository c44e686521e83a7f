/** Commands about the window: pages, sidebar, theme, palette, help. */
import { pages } from '../pages/index.ts'
import { worksWithoutTrace } from '../pages/page-ids.ts'
import { commandGroup } from './command.ts'

export const view = commandGroup({
  id: 'view',
  title: 'View',
  order: 90,
  menu: 'View',
  commands: ({ view: shown, settings, files }) => [
    ...pages.map((page) => ({
      id: `view.${page.id}`,
      title: `Go to ${page.title}`,
      keys: [page.key],
      icon: page.icon,
      menu: 'Go' as const,
      when: () => worksWithoutTrace(page.id) || files.current !== undefined,
      checked: () => shown.page === page.id,
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
      checked: () => settings.theme === 'system',
      run: () => void (settings.theme = 'system'),
    },
    {
      id: 'view.density',
      title: 'Rows: compact or relaxed',
      icon: 'table',
      run: () => void (settings.density = settings.density === 'compact' ? 'relaxed' : 'compact'),
    },
    {
      id: 'view.palette',
      title: 'All commands',
      keys: ['$mod+Shift+KeyP', 'F1'],
      icon: 'commands',
      status: 'commands',
      menu: 'Help',
      run: () => void (shown.overlay = 'palette'),
    },
    {
      id: 'view.keys',
      title: 'Keyboard help',
      keys: ['[Shift]+?'],
      icon: 'help',
      status: 'keys',
      menu: 'Help',
      run: () => void (shown.overlay = 'help'),
    },
  ],
  gestures: () => [
    { words: ['Tab'], what: 'Next panel or control; arrows move inside it' },
    { words: ['↑', '↓', 'Home', 'End'], what: 'Move in a table, list of bars or chart' },
    { words: ['←', '→'], what: 'In a table: the buttons of the row' },
    { words: ['Space'], what: 'Select what is focused' },
    { words: ['Enter'], what: 'Go to where it comes from' },
    { words: ['←', '→'], what: 'Move a time range; with Shift change its end' },
    { words: ['drag'], what: 'On any time axis: choose a range for every page' },
    { words: ['drop'], what: 'A file anywhere in the window: open it' },
  ],
})
