/** Reports as the contract has them: the client's comparison with what only the engine knows, as bytes or in a file. */

import { rm } from 'node:fs/promises'
import type { ExportResult, ParsedParams } from '#shared/contract/methods.ts'
import { replay } from './explore.ts'
import type { Parts } from './parts.ts'
import type { Call } from './importing.ts'
import { writablePath } from './rights.ts'

export async function report(
  { handles, opening, downloads, version }: Pick<Parts, 'handles' | 'opening' | 'downloads' | 'version'>,
  params: ParsedParams<'report.compare'>,
  call: Call,
): Promise<ExportResult> {
  const { comparisonOf } = await import('../report/input.ts')
  const { films: schedules, format, out, force, sensitivity, scaling } = params
  const result = comparisonOf(params.result)
  const traces = []
  for (const { file, trace: asked } of params.traces) {
    const handle = handles.get(file)
    const info = await opening.info(handle, call)
    const trace = info.traces.find(({ id }) => id === asked)
    if (trace !== undefined) traces.push({ ...trace, file: handle.name, alone: info.traces.length === 1 })
  }
  const films = []
  for (const schedule of schedules) films.push(await replay({ schedule }, call))
  const { commandOf } = await import('../report/command.ts')
  const beside = params.beside.map((other) => {
    return { result: comparisonOf(other), command: commandOf({ result: other }), version }
  })
  const command = params.command ?? commandOf({ result, traces })
  const input = { result, command, version, traces, films, sensitivity, scaling }
  const text =
    format === 'html'
      ? (await import('../report/report.ts')).compareReport(input, beside)
      : (await import('../report/text.ts')).compareText(input, beside)
  const name = format === 'html' ? 'faultline-report.html' : 'faultline-report.txt'
  const target = out === undefined ? await downloads.place() : writablePath(out, call.client.rights)
  const { writeReport } = await import('../report/write.ts')
  await writeReport(target, text, force)
  const written = { path: null, name, bytes: null, download: null, rows: null }
  if (out !== undefined) return { ...written, path: target }
  try {
    return { ...written, ...(await downloads.offer(call.client, target)) }
  } catch (error) {
    await rm(target, { force: true })
    throw error
  }
}
