/**
 * `faultline record`: the kernel's tracing of one command or of the whole machine for a time, imported at once. Ctrl-C ends
 * the recording, not the import: what was recorded until then is the trace.
 */

import { resolve } from 'node:path'
import { EVENT_SETS, type RecordResult } from '#shared/contract/record.ts'
import type { MethodParams } from '#shared/contract/methods.ts'
import { ApiError } from '#shared/base/errors.ts'
import { type OptionSpec, flag, force, json, target, text, whole } from '../options.ts'
import { count, duration, note, plural, print, printable, printJson } from '../output.ts'
import { progressLine } from '../progress.ts'
import { naming, type Session } from '../session.ts'
import { describeImport, nextOf } from './import.ts'
import { verb } from './verb.ts'

const SETS = EVENT_SETS.map(({ id, about }) => `${id} (${about})`).join('; ')

const seconds: OptionSpec<number | undefined> = {
  about: 'record for so long at most; without a command, exactly so long',
  value: 'N',
  fallback: undefined,
  parse(given) {
    const found = Number(given)
    if (given.trim() !== '' && found > 0 && found <= 86_400) return found
    throw new ApiError('bad-request', `'${given}' is not a number of seconds up to 86400`)
  },
}

export const record = verb({
  id: 'record',
  about: "record the kernel's events of a command, or of the machine for a time, and import them (Linux, root)",
  args: [{ name: '[COMMAND...]', about: 'behind --: what to run and record' }],
  options: {
    events: text('SET,…', `what to record: ${SETS}; or tracepoints as system:name (default: contention)`),
    seconds,
    'all-tasks': flag('record every task, not only those of the command'),
    buffer: whole({
      value: 'MIB',
      min: 1,
      max: 16_384,
      fallback: undefined,
      about: 'buffer per CPU (default: up to 64)',
    }),
    raw: target('F.dat', 'keep the recording itself too, as a trace.dat for trace-cmd or KernelShark'),
    out: target('F.faultline', 'where to write (default: record.faultline)'),
    force,
    json,
  },
  async run(session, command, options) {
    const out = options.out ?? 'record.faultline'
    const done = await recorded(session, {
      events: (options.events ?? 'contention').split(',').map((word) => word.trim()),
      command: [...command],
      // The answer has standard output for itself where a program reads it.
      output: options.json ? 'errors' : 'own',
      allTasks: options['all-tasks'],
      out: resolve(out),
      force: options.force,
      ...(options.seconds === undefined ? {} : { seconds: options.seconds }),
      ...(options.buffer === undefined ? {} : { bufferMiB: options.buffer }),
      ...(options.raw === undefined ? {} : { raw: resolve(options.raw) }),
    }).catch(naming(out))
    if (options.json) {
      const { opened: _, ...document } = done
      printJson(document)
    } else describe(done, out)
    return 0
  },
})

async function recorded(session: Session, params: MethodParams<'record.run'>): Promise<RecordResult> {
  const client = await session.client()
  if (session.signal.aborted) throw new ApiError('cancelled', 'the recording was cancelled before it began')
  const line = progressLine()
  // The first Ctrl-C ends the recording; the call itself goes on to its import.
  const stop = () => void client.call('record.stop', {}).catch(() => undefined)
  session.signal.addEventListener('abort', stop, { once: true })
  try {
    return await client.call('record.run', params, { onProgress: (progress) => line.show(progress) })
  } finally {
    session.signal.removeEventListener('abort', stop)
    line.clear()
  }
}

function describe(done: RecordResult, out: string): void {
  const { events, lost, lostPerCpu, cpus, seconds: took, bufferKiB, sets, tracepoints, exit, notes, raw } = done
  print(
    `${plural(events, 'event')} of ${plural(tracepoints, 'tracepoint')} (${sets.join(', ')}) on ${plural(cpus, 'CPU')} in ${duration(Math.round(took * 1e9))}, ${count(bufferKiB / 1024)} MiB of buffer each`,
  )
  if (lost > 0) {
    const where = lostPerCpu.map(({ cpu, lost: there }) => `${count(there)} on CPU ${cpu}`).join(', ')
    print(`  lost: ${where}; waits and holds around them may be wrong`)
  }
  if (exit !== null && (exit.status !== 0 || exit.signal !== null)) {
    note(`the command ended with ${exit.signal ?? `status ${String(exit.status)}`}`)
  }
  for (const sentence of notes) note(printable(sentence))
  print(describeImport(done.imported, out))
  if (raw !== null) note(`kept: ${printable(raw)}`)
  note(`next: ${nextOf(done.imported, out)}`)
}
