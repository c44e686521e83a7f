/**
 * `faultline doctor`: what a trace can and cannot answer, what is wrong with it, and the recording command that would
 * answer more.
 */

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
    const { answers, findings, record } = await open.analyse('doctor', {})
    if (asJson) {
      printJson({ trace: open.trace.id, answers, findings, record })
      return 0
    }
    for (const { level, question, why, record: command } of answers) {
      print(`${bold(MARK[level])}  ${printable(question)}${why === null ? '' : dim(`: ${printable(why)}`)}`)
      if (command !== null) print(dim(`          you also need: ${printable(command)}`))
    }
    print('')
    if (findings.length === 0) print('Nothing was skipped, lost or odd.')
    for (const { severity, message, count, firstLine, skipped, record: command } of findings) {
      const where = firstLine === null ? '' : `, first in line ${firstLine}`
      print(`${bold(severity)}  ${skipped ? 'skipped: ' : ''}${printable(message)} (${plural(count, 'time')}${where})`)
      if (command !== undefined) print(dim(`          next time: ${printable(command)}`))
    }
    for (const command of record) print(`\nTo answer the rest, record these too:\n  ${printable(command)}`)
    return 0
  },
})
