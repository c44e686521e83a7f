/** Commands about races: the film's steps while it is shown, the matrix, a schedule that somebody sent. */
import { useExplorationStore } from '../stores/exploration.ts'
import { useFilmStore } from '../stores/races-film.ts'
import { useRacesStore } from '../stores/races.ts'
import { commandGroup, type Command } from './command.ts'

export const races = commandGroup({
  id: 'races',
  title: 'Races',
  order: 55,
  menu: 'Go',
  commands: ({ view }) => {
    const matrix = useRacesStore()
    const film = useFilmStore()
    const here = (): boolean => view.page === 'races' && view.overlay === undefined
    const playable = (): boolean => here() && film.frames.length > 0
    return [
      ...filmCommands(film).map((command): Command => ({
        ...command,
        when: () => playable() && (command.when?.() ?? true),
      })),
      ...searchCommands(here),
      {
        id: 'races.compute',
        title: 'Compute the rest of the race matrix',
        icon: 'races',
        when: () => here() && matrix.missing,
        run: () => matrix.compute(),
      },
      {
        id: 'races.cancel',
        title: 'Stop computing the race matrix',
        keys: ['Escape'],
        icon: 'stop',
        status: 'stop',
        when: () => here() && matrix.view === 'matrix' && matrix.running !== undefined,
        run: matrix.cancel,
      },
    ]
  },
  gestures: () => [
    { words: ['↑', '↓', '←', '→'], what: 'In the race matrix: move from cell to cell' },
    { words: ['Enter'], what: 'In the race matrix: run the cell and show its film' },
  ],
})

function searchCommands(here: () => boolean): Command[] {
  const matrix = useRacesStore()
  const exploration = useExplorationStore()
  const there = (): boolean => here() && matrix.view === 'search'
  return [
    {
      id: 'races.search',
      title: 'Search the schedules that are filled in',
      keys: ['$mod+Enter'],
      icon: 'search',
      status: 'search',
      whileTyping: true,
      when: () => there() && exploration.running === undefined && exploration.problems.length === 0,
      run: exploration.run,
    },
    {
      id: 'races.search-cancel',
      title: 'Cancel the search of schedules',
      keys: ['Escape'],
      icon: 'stop',
      status: 'cancel',
      when: () => there() && exploration.running !== undefined,
      run: exploration.cancel,
    },
    {
      id: 'races.view',
      title: 'Races: matrix or search of schedules',
      keys: ['KeyX'],
      icon: 'races',
      when: here,
      run: () => void (matrix.view = matrix.view === 'matrix' ? 'search' : 'matrix'),
    },
  ]
}

function filmCommands(film: ReturnType<typeof useFilmStore>): Command[] {
  return [
    {
      id: 'races.next',
      title: 'Film: next frame',
      keys: ['ArrowRight', 'Period'],
      icon: 'next',
      status: 'next frame',
      run: () => film.step(1),
    },
    {
      id: 'races.previous',
      title: 'Film: previous frame',
      keys: ['ArrowLeft', 'Comma'],
      icon: 'prev',
      status: 'previous',
      run: () => film.step(-1),
    },
    { id: 'races.start', title: 'Film: to its start', keys: ['Home'], run: () => film.goTo(0) },
    { id: 'races.end', title: 'Film: to its end', keys: ['End'], run: () => film.goTo(film.frames.length - 1) },
    {
      id: 'races.violation',
      title: 'Film: to what is violated next',
      keys: ['KeyV'],
      status: 'violation',
      when: () => film.violation !== undefined,
      run: film.toViolation,
    },
    {
      id: 'races.play',
      title: 'Film: play or pause',
      keys: ['KeyP'],
      icon: 'simulate',
      status: 'play',
      checked: () => film.playing,
      run: film.togglePlay,
    },
    {
      id: 'races.trace',
      title: 'Film: open its schedule as a trace, in the timeline',
      keys: ['KeyT'],
      icon: 'timeline',
      when: () => film.film?.schedule !== null,
      run: film.openAsTrace,
    },
    {
      id: 'races.copy',
      title: 'Film: copy its schedule string',
      keys: ['KeyC'],
      icon: 'copy',
      when: () => film.film?.schedule !== null,
      run: film.copySchedule,
    },
  ]
}
