/** Commands about files: open one, close the one that is shown, go to its neighbours. */
import { commandGroup } from './command.ts'

export const file = commandGroup({
  id: 'file',
  title: 'File',
  order: 10,
  menu: 'File',
  commands: ({ files, view, browse }) => {
    const step = (by: number): void => {
      const at = files.tabs.findIndex((tab) => tab === files.current)
      const next = files.tabs[(at + by + files.tabs.length) % files.tabs.length]
      if (next) view.showFile(next.file)
    }
    return [
      { id: 'file.open', title: 'Open a trace…', keys: ['$mod+KeyO'], icon: 'open', status: 'open', run: browse },
      {
        id: 'file.close',
        title: 'Close this trace',
        keys: ['Alt+KeyW'],
        icon: 'cross',
        when: () => files.current !== undefined,
        run: () => (files.current ? files.close(files.current.file) : undefined),
      },
      {
        id: 'file.reopen-closed',
        title: 'Open the trace that was closed last',
        keys: ['Alt+Shift+KeyW'],
        icon: 'undo',
        when: () => files.closed.length > 0,
        run: async () => {
          const tab = await files.reopenClosed()
          if (tab) view.showFile(tab.file)
        },
      },
      {
        id: 'file.next',
        title: 'Next open trace',
        keys: ['Alt+PageDown'],
        icon: 'next',
        when: () => files.tabs.length > 1,
        run: () => step(1),
      },
      {
        id: 'file.previous',
        title: 'Previous open trace',
        keys: ['Alt+PageUp'],
        icon: 'prev',
        when: () => files.tabs.length > 1,
        run: () => step(-1),
      },
    ]
  },
})
