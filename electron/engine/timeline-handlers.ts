/** The timeline's calls on the router's thread: each is handed to the data thread, which has the trace in memory. */

import type { MethodName } from '#shared/contract/methods.ts'
import type { Handlers, Parts } from './handlers.ts'

export type TimelineMethod = Extract<MethodName, `timeline.${string}`>

export function timelineHandlers({ handles, reader }: Parts): Pick<Handlers, TimelineMethod> {
  return {
    async 'timeline.rows'({ file, trace, ...params }, { signal }) {
      return reader.call('rows', [handles.get(file).path, trace, params], signal)
    },
    async 'timeline.view'({ file, trace, ...params }, { signal }) {
      return reader.call('view', [handles.get(file).path, trace, params], signal)
    },
  }
}
