/** `faultline info`: what is in a file: its traces, where they come from, how long, how much, and what they lack. */

import type { TraceInfo } from '#shared/contract/files.ts'
import { json } from '../options.ts'
import { bold, count, duration, plural, print, printable, printJson } from '../output.ts'
import { remarkLine } from '../remarks.ts'
import { verb } from './verb.ts'

export const info = verb({
  id: 'info',
  about: 'what is in a .faultline file',
  args: [{ name: '<F>', about: 'a .faultline file' }],
  options: { json },
  async run(session, [path], options) {
    const { path: file, bytes, traces } = await session.openFile(path)
    if (options.json) {
      // The lists of tasks and classes can be long; `query` has them.
      printJson({ file, bytes, traces: traces.map(({ taskList: _tasks, classList: _classes, ...rest }) => rest) })
      return 0
    }
    print(`${printable(file)}: ${plural(traces.length, 'trace')}, ${count(bytes)} bytes`)
    for (const trace of traces) print(`\n${describeTrace(trace)}`)
    return 0
  },
})

function describeTrace(trace: TraceInfo): string {
  const length = trace.durationNs === null ? 'not known' : duration(trace.durationNs, trace.clockUnit)
  const lost = trace.lost === null ? 'not known' : trace.lost === 0 ? 'none' : plural(trace.lost, 'event')
  const shown = Object.entries({
    operations: trace.shows.ops,
    waits: trace.shows.waits,
    holds: trace.shows.holds,
    'task states': trace.shows.states,
  })
  const yes = shown.filter(([, can]) => can).map(([what]) => what)
  const no = shown.filter(([, can]) => !can).map(([what]) => what)
  const facts: [string, string][] = [
    ['format', trace.format],
    ['kernel', trace.kernel ?? 'not known'],
    ['CPUs', trace.cpus === null ? 'not known' : count(trace.cpus)],
    ['clock', trace.clock === 'unknown' ? 'not known' : trace.clock],
    ['length', length],
    ['events', count(trace.events)],
    ['lost', lost],
    ['operations', count(trace.ops)],
    ['lock spans', count(trace.lockSpans)],
    ['tasks', `${count(trace.tasks)}${trace.idleTasks === 0 ? '' : `, ${count(trace.idleTasks)} of them idle tasks`}`],
    ['locks', `${count(trace.locks)} of ${plural(trace.lockClasses, 'class', 'classes')}`],
    ['shows', yes.length === 0 ? 'nothing but events' : yes.join(', ')],
    ...(no.length === 0 ? [] : ([['cannot show', no.join(', ')]] as [string, string][])),
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  const lines = facts.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`)
  const noted = trace.diagnostics.map((diagnostic) => printable(remarkLine(diagnostic)))
  return [bold(`${trace.id}  ${printable(trace.name)}`), ...lines, ...noted].join('\n')
}
