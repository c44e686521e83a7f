/** The timeline's calls on the router's thread: each is handed to the data thread, which has the trace in memory. */

import type { MethodName, MethodResult, ParsedParams } from '#shared/contract/methods.ts'
import type { AnnotationChanged } from '#shared/timeline/answers.ts'
import type { NoteChange } from './annotations.ts'
import type { Handlers, Parts } from './handlers.ts'
import type { Call } from './importing.ts'
import type { TimelineParams, TimelineQuestion } from './timeline-answers.ts'

export type TimelineMethod = Extract<MethodName, `timeline.${string}` | `annotations.${string}`>

export function timelineHandlers({ handles, reader, onNotes }: Parts): Pick<Handlers, TimelineMethod> {
  const ask =
    <Q extends TimelineQuestion>(name: Q) =>
    async (params: ParsedParams<`timeline.${Q}`>, { signal }: Call): Promise<MethodResult<`timeline.${Q}`>> => {
      const { file, trace, ...rest } = params
      const answer = await reader.call(
        'timeline',
        [handles.get(file).path, trace, name, rest as TimelineParams<Q>],
        signal,
      )
      return answer as MethodResult<`timeline.${Q}`>
    }
  const change = async (file: string, trace: number, what: NoteChange): Promise<AnnotationChanged> => {
    const changed = await reader.call('annotate', [handles.get(file).path, trace, what])
    onNotes({ file, trace })
    return changed
  }
  return {
    'annotations.list': ({ file, trace }, { signal }) => reader.call('notes', [handles.get(file).path, trace], signal),
    'annotations.add': ({ file, trace, ...note }) => change(file, trace, { change: 'add', note }),
    'annotations.update': ({ file, trace, id, ...note }) => change(file, trace, { change: 'update', id, note }),
    'annotations.remove': ({ file, trace, id }) => change(file, trace, { change: 'remove', id }),
    'timeline.rows': ask('rows'),
    'timeline.view': ask('view'),
    'timeline.span': ask('span'),
    'timeline.flow': ask('flow'),
    'timeline.path': ask('path'),
    'timeline.step': ask('step'),
    'timeline.statistics': ask('statistics'),
    'timeline.events': ask('events'),
    'timeline.anchor': ask('anchor'),
  }
}
