/** Commands about races: the film's steps while it is shown, the matrix, a schedule that somebody sent. */
import { racesShown, type RacesShown } from '../stores/races-shown.ts'
import { commandGroup, type Command } from './command.ts'

export const races = commandGroup({
  id: 'races',
  title: 'Races',
  order: 55,
  menu: 'Go',
  commands: ({ view }) => {
    const here = (): RacesShown | undefined =>
      view.page === 'races' && view.overlay === undefined ? racesShown.value : undefined
    return [
      ...filmCommands().map((command): Command => ({
        ...command,
        when: () => (here()?.film.frames.length ?? 0) > 0 && (command.when?.() ?? true),
      })),
      {
        id: 'races.view',
        title: 'Races: matrix or search of schedules',
        keys: ['KeyX'],
        icon: 'races',
        when: () => here() !== undefined,
        run() {
          const matrix = here()?.matrix
          if (matrix) matrix.view = matrix.view === 'matrix' ? 'search' : 'matrix'
        },
      },
      {
        id: 'races.compute',
        title: 'Compute the rest of the race matrix',
        icon: 'races',
        when: () => here()?.matrix.missing === true,
        run: () => here()?.matrix.compute(),
      },
      {
        id: 'races.cancel',
        title: 'Stop computing the race matrix',
        keys: ['Escape'],
        icon: 'stop',
        status: 'stop',
        when: () => here()?.matrix.view === 'matrix' && here()?.matrix.running !== undefined,
        run: () => here()?.matrix.cancel(),
      },
    ]
  },
  gestures: () => [
    { words: ['↑', '↓', '←', '→'], what: 'In the race matrix: move from cell to cell' },
    { words: ['Enter'], what: 'In the race matrix: run the cell and show its film' },
  ],
})

function filmCommands(): Command[] {
  const film = (): RacesShown['film'] | undefined => racesShown.value?.film
  return [
    {
      id: 'races.next',
      title: 'Film: next frame',
      keys: ['ArrowRight', 'Period'],
      icon: 'next',
      status: 'next frame',
      run: () => film()?.step(1),
    },
    {
      id: 'races.previous',
      title: 'Film: previous frame',
      keys: ['ArrowLeft', 'Comma'],
      icon: 'prev',
      status: 'previous',
      run: () => film()?.step(-1),
    },
    { id: 'races.start', title: 'Film: to its start', keys: ['Home'], run: () => film()?.goTo(0) },
    {
      id: 'races.end',
      title: 'Film: to its end',
      keys: ['End'],
      run: () => film()?.goTo((film()?.frames.length ?? 1) - 1),
    },
    {
      id: 'races.violation',
      title: 'Film: to what is violated next',
      keys: ['KeyV'],
      status: 'violation',
      when: () => film()?.violation !== undefined,
      run: () => film()?.toViolation(),
    },
    {
      id: 'races.play',
      title: 'Film: play or pause',
      keys: ['KeyP'],
      icon: 'simulate',
      status: 'play',
      checked: () => film()?.playing === true,
      run: () => film()?.togglePlay(),
    },
    {
      id: 'races.trace',
      title: 'Film: open its schedule as a trace, in the timeline',
      keys: ['KeyT'],
      icon: 'timeline',
      when: () => typeof film()?.film?.schedule === 'string',
      run: () => film()?.openAsTrace(),
    },
    {
      id: 'races.copy',
      title: 'Film: copy its schedule string',
      keys: ['KeyC'],
      icon: 'copy',
      when: () => typeof film()?.film?.schedule === 'string',
      run: () => film()?.copySchedule(),
    },
  ]
}
