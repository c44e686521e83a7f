/** Commands that save the open trace, or the chosen area of it, in formats of other programs. */
import { useTraceExportStore, type TraceFormat } from '../stores/trace-export.ts'
import { commandGroup } from './command.ts'

const FORMATS: readonly { readonly format: TraceFormat; readonly what: string }[] = [
  { format: 'ftrace', what: 'ftrace text' },
  { format: 'chrome-json', what: 'Chrome trace JSON' },
  { format: 'perfetto', what: 'a Perfetto trace' },
  { format: 'parquet', what: 'Parquet (lock spans)' },
  { format: 'html', what: 'a report page (HTML)' },
  { format: 'faultline', what: 'a .faultline file' },
]

export const exporting = commandGroup({
  id: 'export',
  title: 'Export',
  order: 15,
  menu: 'File',
  commands: ({ trace }) => {
    const exports = useTraceExportStore()
    const when = (): boolean => trace.info !== undefined
    return [
      ...FORMATS.map(({ format, what }) => ({
        id: `export.${format}`,
        title: `Export as ${what}`,
        icon: 'table' as const,
        when,
        run: () => exports.save(format),
      })),
      {
        id: 'export.faultline-rows',
        title: 'Export as a .faultline file with raw events as rows, for SQLite clients',
        icon: 'table',
        when,
        run: () => exports.save('faultline', { rawEvents: true }),
      },
      {
        id: 'export.stop',
        title: 'Stop the export',
        when: () => exports.running !== undefined,
        run: () => exports.running?.abort(),
      },
    ]
  },
})
