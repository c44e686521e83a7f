/** Commands about the selection: undo, redo, clear. */
import { commandGroup } from './command.ts'

export const selection = commandGroup({
  id: 'selection',
  title: 'Selection',
  commands: ({ selection: chosen, view }) => [
    {
      id: 'selection.clear',
      title: 'Clear the selection: show the whole trace',
      keys: ['Escape'],
      icon: 'cross',
      status: 'whole trace',
      when: () => !chosen.isEmpty && view.overlay === undefined,
      run: chosen.clear,
    },
    {
      id: 'selection.undo',
      title: 'Undo selection',
      keys: ['$mod+KeyZ'],
      icon: 'prev',
      when: () => chosen.canUndo,
      run: chosen.undo,
    },
    {
      id: 'selection.redo',
      title: 'Redo selection',
      keys: ['$mod+Shift+KeyZ'],
      icon: 'next',
      when: () => chosen.canRedo,
      run: chosen.redo,
    },
  ],
})
