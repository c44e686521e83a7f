/** From a row of an answer to the timeline: the span's times and task are asked for where the row only names it. */

import { useClient } from '../../api/client.ts'
import { useSelectionStore } from '../../stores/selection.ts'
import { useTimelineStore } from '../../stores/timeline.ts'
import { useToastStore } from '../../stores/toasts.ts'
import { useTraceStore } from '../../stores/trace.ts'
import { spanSql, taskSql, type RowLink } from './links.ts'

export function useGoToRow(): (link: RowLink) => Promise<void> {
  const client = useClient()
  const trace = useTraceStore()
  const timeline = useTimelineStore()
  const selection = useSelectionStore()
  const toasts = useToastStore()

  const ask = async (sql: string): Promise<readonly (string | number | null)[] | undefined> =>
    trace.file === undefined ? undefined : (await client.call('query.run', { file: trace.file, sql })).rows[0]

  return async (link) => {
    if (link.kind === 'time') {
      const [traceId, task] = (link.task === undefined ? undefined : await ask(taskSql(link.task))) ?? []
      if (typeof traceId === 'number') trace.chooseTrace(traceId)
      const { fromNs, toNs } = link
      timeline.show({ fromNs, toNs, ...(typeof task === 'number' ? { row: `task:${task}` } : {}) })
      return
    }
    const found = await ask(spanSql(link))
    const [fromNs, toNs, name, traceId, id, task] = found ?? []
    if (typeof fromNs !== 'number' || typeof toNs !== 'number') {
      const title = found
        ? `${link.table} ${link.id} has no time in this trace`
        : `There is no ${link.table} ${link.id}`
      toasts.show({ level: 'info', title })
      return
    }
    if (typeof traceId === 'number') trace.chooseTrace(traceId)
    if (link.table === 'lock_span' && typeof id === 'number') selection.select({ wait: id })
    const family = link.table === 'op' ? 'op' : link.table === 'phase' ? 'phase' : undefined
    timeline.show({
      fromNs,
      toNs,
      row: `task:${task}`,
      ...(family && typeof id === 'number' ? { span: { family, id, name: String(name) } } : {}),
    })
  }
}
