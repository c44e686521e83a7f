/**
 * Commands of the timeline. Letters are physical keys; they work while the timeline is shown. What they do is in
 * stores/timeline-actions.ts, so that menus and buttons do the same. Finding a row or a time works from every page of a
 * trace: it goes there first.
 */
import { useTimelineStore } from '../stores/timeline.ts'
import { useTimelineActions, type TimelineActions } from '../stores/timeline-actions.ts'
import { commandGroup, type Command, type CommandContext } from './command.ts'

export const timeline = commandGroup({
  id: 'timeline',
  title: 'Timeline',
  order: 15,
  menu: 'Timeline',
  commands: (on) => {
    const act = useTimelineActions()
    const here = (): boolean => on.view.page === 'timeline' && on.view.overlay === undefined
    const local = [...moving(act), ...selecting(act), ...marking(act), ...arranging(act), ...finding(act)]
    return [
      ...local.map((command): Command => ({ ...command, when: () => here() && (command.when?.() ?? true) })),
      ...anywhere(on),
    ]
  },
  gestures: () => [
    { words: ['wheel'], what: 'Scroll the rows; Ctrl and wheel zoom at the pointer (Settings: the other way round)' },
    { words: ['Shift', 'wheel'], what: 'Move along the time axis' },
    { words: ['drag'], what: 'Choose an area from A to B; edges snap to spans. Drag A or B to change it' },
    { words: ['Shift', 'drag'], what: 'Move the view' },
    { words: ['↑', '↓'], what: 'Choose a row' },
    { words: ['←', '→'], what: 'Previous or next span on the row' },
    { words: ['Enter'], what: 'Zoom to the span; again: the whole trace' },
    { words: ['Alt', '↑'], what: 'Move the row up; with ↓ down. Or drag its name' },
    { words: ['double click'], what: 'Zoom to a span; on a name select the row on all pages' },
  ],
})

function moving(act: TimelineActions): Command[] {
  return [
    { id: 'timeline.zoom-in', title: 'Zoom in', keys: ['KeyW', 'Equal'], run: act.zoomIn },
    { id: 'timeline.zoom-out', title: 'Zoom out', keys: ['KeyS', 'Minus'], run: act.zoomOut },
    { id: 'timeline.left', title: 'Move to earlier', keys: ['KeyA'], run: act.left },
    { id: 'timeline.right', title: 'Move to later', keys: ['KeyD'], run: act.right },
    {
      id: 'timeline.focus',
      title: 'Zoom to the span or area; again: the whole trace',
      keys: ['KeyF'],
      status: 'focus',
      run: act.focus,
    },
    { id: 'timeline.fit', title: 'Show the whole trace', keys: ['Digit0'], when: () => !act.isWhole(), run: act.fit },
  ]
}

function selecting(act: TimelineActions): Command[] {
  return [
    { id: 'timeline.next', title: 'Next on the row', keys: ['Period'], icon: 'next', run: () => act.step(true) },
    {
      id: 'timeline.previous',
      title: 'Previous on the row',
      keys: ['Comma'],
      icon: 'prev',
      run: () => act.step(false),
    },
    {
      id: 'timeline.chain-next',
      title: 'Along the wait chain: towards the root',
      keys: ['BracketRight'],
      icon: 'next',
      status: 'next in wait chain',
      when: () => act.canChain(1),
      run: () => act.chainStep(1),
    },
    {
      id: 'timeline.chain-previous',
      title: 'Back along the wait chain',
      keys: ['BracketLeft'],
      icon: 'prev',
      when: () => act.canChain(-1),
      run: () => act.chainStep(-1),
    },
    {
      id: 'timeline.to-area',
      title: 'Selection to area: A and B around the span',
      keys: ['KeyR'],
      status: 'to area',
      run: act.toArea,
    },
    {
      id: 'timeline.clear',
      title: 'Clear: search, span, row filter, selection',
      keys: ['Escape'],
      when: act.canClear,
      run: act.clear,
    },
  ]
}

function marking(act: TimelineActions): Command[] {
  return [
    {
      id: 'timeline.mark',
      title: 'Mark the selection until the next mark',
      keys: ['KeyM'],
      icon: 'star',
      run: act.mark,
    },
    {
      id: 'timeline.keep-mark',
      title: 'Mark the selection and keep it in the file',
      keys: ['Shift+KeyM'],
      icon: 'star',
      run: act.keepMark,
    },
  ]
}

function arranging(act: TimelineActions): Command[] {
  return [
    {
      id: 'timeline.drawer',
      title: 'Details below the rows',
      keys: ['KeyQ'],
      checked: act.drawerOpen,
      run: act.toggleDrawer,
    },
    { id: 'timeline.pin', title: 'Pin or unpin the row', keys: ['KeyP'], run: act.pin },
    {
      id: 'timeline.idle',
      title: 'Hide rows in which nothing happens',
      keys: ['KeyH'],
      checked: act.hidesIdle,
      run: act.hideIdle,
    },
    {
      id: 'timeline.chain',
      title: 'Flow arrows: direct or whole chain',
      keys: ['KeyL'],
      checked: act.showsChain,
      run: act.toggleChain,
    },
    {
      id: 'timeline.compare',
      title: 'Compare: the next open trace below this one, then none',
      keys: ['KeyC'],
      icon: 'compare',
      when: act.canCompare,
      run: act.compareNext,
    },
    { id: 'timeline.wider', title: 'Wider row names', run: () => act.widen(40) },
    { id: 'timeline.narrower', title: 'Narrower row names', run: () => act.widen(-40) },
  ]
}

function finding(act: TimelineActions): Command[] {
  return [
    {
      id: 'timeline.search',
      title: 'Search names, arguments, tasks, locks',
      keys: ['Slash'],
      icon: 'search',
      status: 'search',
      run: act.search,
    },
    {
      id: 'timeline.like',
      title: 'Find all like the selected span',
      icon: 'search',
      when: act.canFindLike,
      run: act.findLike,
    },
    {
      id: 'timeline.hit-next',
      title: 'Next search hit',
      keys: ['F3'],
      when: act.searching,
      run: () => act.hit('next'),
    },
    {
      id: 'timeline.hit-previous',
      title: 'Previous search hit',
      keys: ['Shift+F3'],
      when: act.searching,
      run: () => act.hit('previous'),
    },
  ]
}

/** From every page of a trace. */
function anywhere({ view, files }: CommandContext): Command[] {
  const shown = useTimelineStore()
  const ask = (field: 'rows' | 'time') => (): void => {
    view.goTo('timeline')
    shown.asked = field
  }
  const when = (): boolean => files.current !== undefined && view.overlay === undefined
  return [
    {
      id: 'timeline.find-row',
      title: 'Find a row of the timeline…',
      keys: ['$mod+KeyP'],
      icon: 'filter',
      when,
      run: ask('rows'),
    },
    {
      id: 'timeline.go-to',
      title: 'Go to an exact time or range…',
      keys: ['$mod+KeyG'],
      icon: 'clock',
      when,
      run: ask('time'),
    },
  ]
}
