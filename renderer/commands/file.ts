/** Commands about files: open one, close the one that is shown, go to its neighbours. */
import { useLinksStore } from '../stores/links.ts'
import { useOpening } from '../stores/opening.ts'
import { useToastStore } from '../stores/toasts.ts'
import { copyText } from '../ui/save.ts'
import { commandGroup } from './command.ts'

/** The desktop's address means nothing to a browser. */
const WHERE_IT_LEADS =
  location.protocol === 'app:'
    ? 'Pasted into the palette (Ctrl Shift P) it leads back here.'
    : 'In an address bar or the palette it leads back here, while this host runs.'

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
    const links = useLinksStore()
    const opening = useOpening()
    const toasts = useToastStore()
    const copy = async (text: string, what: string, detail: string): Promise<void> => {
      const copied = await copyText(text)
      if (copied) toasts.show({ level: 'done', title: `Copied ${what}`, detail })
      else toasts.show({ level: 'warning', title: 'The clipboard cannot be written to', detail: text })
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
        run: () => {
          const tab = files.lastClosed()
          return tab?.source && opening.openAll([{ kind: 'source', source: tab.source, name: tab.name }])
        },
      },
      {
        id: 'file.copy-link',
        title: 'Copy link to this view',
        keys: ['Alt+KeyC'],
        icon: 'link',
        when: () => files.current !== undefined,
        run: () => copy(links.address(location), 'the link to this view', WHERE_IT_LEADS),
      },
      {
        id: 'file.copy-text',
        title: 'Copy what is shown as text',
        icon: 'copy',
        when: () => files.current !== undefined,
        run: () => copy(links.text(), links.text(), ''),
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
