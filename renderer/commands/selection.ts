/** Commands about what is selected and what was shown before: undo, redo, clear. */
import { commandGroup } from './command.ts'

export const selection = commandGroup({
  id: 'selection',
  title: 'Selection',
  order: 20,
  menu: 'Edit',
  commands: ({ selection: chosen, history, view }) => [
    {
      id: 'selection.undo',
      title: 'Undo: selection and view',
      keys: ['$mod+KeyZ'],
      icon: 'undo',
      when: () => history.canUndo,
      run: history.undo,
    },
    {
      id: 'selection.redo',
      title: 'Redo: selection and view',
      keys: ['$mod+Shift+KeyZ', '$mod+KeyY'],
      icon: 'redo',
      when: () => history.canRedo,
      run: history.redo,
    },
    {
      id: 'selection.clear',
      title: 'Clear the selection: show the whole trace',
      keys: ['Escape'],
      icon: 'cross',
      status: 'whole trace',
      when: () => !chosen.isEmpty && view.overlay === undefined,
      run: chosen.clear,
    },
  ],
})
