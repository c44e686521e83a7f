/**
 * `faultline doctor`: what a trace can and cannot answer, what is wrong with it, and the recording command that would
 * answer more.
 */

import { diagnosticWords } from '#shared/model/diagnostics.ts'
import { json, traceId } from '../options.ts'
import { bold, dim, plural, print, printable, printJson } from '../output.ts'
import { verb } from './verb.ts'

const MARK = { yes: 'yes   ', partly: 'partly', no: 'no    ' } as const

export const doctor = verb({
  id: 'doctor',
  about: 'what this trace can and cannot answer, and the recording command that would',
  args: [{ name: '<F>', about: 'a .faultline file' }],
  options: { trace: traceId, json },
  async run(session, [path], { trace: id, json: asJson }) {
    const open = await session.openTrace(path, id)
    const { answers, findings, record, recordings } = await open.analyse('doctor', {})
    if (asJson) {
      printJson({ trace: open.trace.id, answers, findings, record, recordings })
      return 0
    }
    for (const { level, question, why, record: command, maybeRecorded } of answers) {
      print(`${bold(MARK[level])}  ${printable(question)}${why === null ? '' : dim(`: ${printable(why)}`)}`)
      const when = maybeRecorded ? 'if they were not recorded' : 'you also need'
      if (command !== null) print(dim(`          ${when}: ${printable(command)}`))
    }
    print('')
    if (findings.length === 0) print('Nothing was skipped, lost or odd.')
    for (const { severity, code, message, count, firstLine, skipped, record: command } of findings) {
      const where = firstLine === null ? '' : `, first in line ${firstLine}`
      const words = printable(diagnosticWords({ code, message }))
      print(`${bold(severity)}  ${skipped ? 'skipped: ' : ''}${words} (${plural(count, 'time')}${where})`)
      if (command !== undefined) print(dim(`          next time: ${printable(command)}`))
    }
    if (record.length > 0) print('\nTo answer the rest, record these too:')
    // One event that a kernel does not have, and trace-cmd records none.
    for (const [i, { command, events, needs }] of recordings.entries()) {
      const told = i === 0 ? command : events.map((event) => `-e ${event}`).join(' ')
      print(`  ${needs === null ? '' : `on ${needs}${i === 0 ? '' : ' add'}: `}${printable(told)}`)
    }
    for (const command of record.slice(recordings.length)) print(`  in a recording of its own: ${printable(command)}`)
    return 0
  },
})
