/** Commands about SQL: run, stop, queries. The examples are commands too, so that the palette finds them by their titles. */
import { EXAMPLE_QUERIES } from '../panels/sql/examples.ts'
import { useSqlStore } from '../stores/sql.ts'
import { commandGroup } from './command.ts'

export const sql = commandGroup({
  id: 'sql',
  title: 'SQL',
  order: 60,
  menu: 'SQL',
  commands: ({ view, files }) => {
    const store = useSqlStore()
    const here = (): boolean => view.page === 'sql'
    const ask = (text: string, name: string): void => {
      view.goTo('sql')
      store.show(text, name)
      store.caret = { from: 0, to: 0 }
      void store.run()
    }
    return [
      {
        id: 'sql.run',
        title: 'Run the statement',
        keys: ['$mod+Enter'],
        icon: 'simulate',
        status: 'run',
        when: here,
        run: store.run,
      },
      {
        id: 'sql.stop',
        title: 'Stop the running statement',
        keys: ['Escape'],
        icon: 'stop',
        status: 'stop',
        whileTyping: true,
        when: () => here() && store.running && view.overlay === undefined,
        run: store.stop,
      },
      { id: 'sql.new', title: 'New query', icon: 'plus', when: here, run: () => store.add() },
      {
        id: 'sql.close',
        title: 'Close this query',
        icon: 'cross',
        when: here,
        run: () => store.close(store.current.id),
      },
      ...EXAMPLE_QUERIES.map(({ id, title, sql: text }) => ({
        id: `sql.example.${id}`,
        title: `Query: ${title}`,
        icon: 'sql' as const,
        when: () => files.current !== undefined,
        run: () => ask(text, title),
      })),
    ]
  },
  gestures: () => [
    { words: ['Ctrl', 'Space'], what: 'In the editor: tables, columns, functions, saved queries' },
    { words: ['Ctrl', 'F'], what: 'In the editor: find and replace' },
    { words: ['Ctrl', 'C'], what: 'In the result: copy the cell, with Shift the row' },
    { words: ['Enter'], what: 'In the result: show the row on the timeline' },
  ],
})
