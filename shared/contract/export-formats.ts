/** What a trace can be written as. Apart from the schemas: the window asks for its words without them. */

export const EXPORT_FORMATS = [
  'csv',
  'ndjson',
  'parquet',
  'ftrace',
  'chrome-json',
  'perfetto',
  'html',
  'faultline',
] as const
/** Those of one table; the others are of a whole trace. */
export const TABLE_FORMATS: readonly string[] = ['csv', 'ndjson', 'parquet'] satisfies (typeof EXPORT_FORMATS)[number][]
/** What the `rows` of an export are, one and several of them; of a report and of a file there is nothing to count. */
export const EXPORT_ROWS: Readonly<Record<(typeof EXPORT_FORMATS)[number], readonly [string, string] | null>> = {
  csv: ['row', 'rows'],
  ndjson: ['row', 'rows'],
  parquet: ['row', 'rows'],
  ftrace: ['event', 'events'],
  'chrome-json': ['event or span', 'events and spans'],
  perfetto: ['event or span', 'events and spans'],
  html: null,
  faultline: null,
}
