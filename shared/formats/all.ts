/** Every format Faultline reads: to add one, write its file and add its line here. */

export { chromeJson } from './chrome-json.ts'
export { ftrace } from './ftrace-text.ts'
export { functionGraph } from './function-graph.ts'
export { lockStat } from './lock-stat.ts'
export { lockdepReport } from './lockdep-report.ts'
export { perfData } from './perf-data/perf-data.ts'
export { perfLock } from './perf-lock.ts'
export { perfetto } from './perfetto/perfetto.ts'
export { perfScript } from './perf-script.ts'
export { systrace } from './systrace.ts'
export { traceCmdReport } from './trace-cmd-report.ts'
export { traceDat } from './trace-dat/trace-dat.ts'
