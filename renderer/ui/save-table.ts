/**
 * The numbers of a view as CSV: named after what they are of, without its endings, and said where it went. Times in it are in ns
 * (or ticks), unrounded.
 */
import { useToastStore } from '../stores/toasts.ts'
import { useTraceStore } from '../stores/trace.ts'
import { counted } from './format.ts'
import { fileName, saveBlob, stemOf } from './save.ts'
import { toCsv, type TableSpec } from './table-spec.ts'

/** `source`: what the table is of, where that is not the open trace. */
export function useSaveTable(): (what: string, table: TableSpec, source?: string) => void {
  const trace = useTraceStore()
  const toasts = useToastStore()
  return (what, table, source = stemOf(trace.opened?.name)) => {
    const name = fileName(`${source}-${what}`, 'csv')
    saveBlob(new Blob([toCsv(table)], { type: 'text/csv' }), name)
    const unit = trace.clockUnit === 'tick' ? 'ticks' : 'ns'
    toasts.show({
      level: 'done',
      title: `Saved ${name}`,
      detail: `${counted(table.rows.length, 'row')}, times in ${unit}`,
    })
  }
}
