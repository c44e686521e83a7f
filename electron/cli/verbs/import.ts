/**
 * `faultline import`: a trace, from a file or standard input, into a `.faultline` file. The format is found out, not
 * asked; `--format` is for input that looks like two. An existing file is not touched without `--force`, and what was not
 * understood is said, with the line it began on.
 */

import { basename, resolve } from 'node:path'
import type { Source } from '#shared/contract/methods.ts'
import type { ImportSummary } from '#shared/contract/files.ts'
import { ApiError } from '#shared/base/errors.ts'
import { parseOffset } from '#shared/base/time.ts'
import { choice, force, json, many, pairs, refuse, target, text } from '../options.ts'
import { count, duration, note, plural, print, printable, printJson } from '../output.ts'
import { remarkLine } from '../remarks.ts'
import { assertReadableFile, naming, quoted, type Session } from '../session.ts'
import { verb } from './verb.ts'

const STDIN = '-'
/** Endings that say how a trace was written or packed, not what it is of. */
const ENDINGS = /\.(txt|text|log|trace|ftrace|report|perf|script|dat|data|json|html|gz|zst|zstd)$/i
/** Bytes of standard input per message to the engine. */
const PIECE = 1 << 20

export const importTrace = verb({
  id: 'import',
  about: 'read a trace, or several onto one time axis, and write a .faultline file',
  args: [
    { name: '<FILE>', about: 'a trace, plain or compressed with gzip or zstd; - reads standard input' },
    { name: '[MORE...]', about: 'further traces of the same machine: all events become one trace' },
  ],
  options: {
    format: text('FORMAT', 'read it as this format instead of finding out (`faultline list formats`)'),
    offset: many('FILE=TIME', 'move a trace on the axis, by +12ms, -3us, 1.5s'),
    align: choice({
      what: '--align',
      of: ['clock', 'start'],
      fallback: 'clock',
      about: 'bring several traces together by their clocks or by their first events',
    }),
    kallsyms: text('FILE', 'names of kernel functions for a recording without: a copy of its /proc/kallsyms'),
    out: target('F.faultline', 'where to write (default: NAME.faultline in the current directory)'),
    force,
    json,
  },
  async run(session, [path, ...more], options, given) {
    const out = options.out ?? defaultName(path)
    // Before anything is read; who names none need not wait for the registry.
    if (options.format !== undefined) (await import('#shared/formats/index.ts')).formats.get(options.format)
    const paths = [path, ...more]
    if (paths.filter((one) => one === STDIN).length > 1) {
      throw new ApiError('bad-request', 'standard input can be read only once', 'give the other traces as files')
    }
    if (more.length === 0) refuse(given, ['offset'], 'moves one trace against others, and there is only one')
    for (const one of paths) if (one !== STDIN) await assertReadableFile(one)
    const format = options.format === undefined ? {} : { format: options.format }
    const offsets = offsetsOf(options.offset, paths)
    if (options.kallsyms !== undefined) await assertReadableFile(options.kallsyms)
    const upload = paths.includes(STDIN) ? await uploadStdin(session) : undefined
    const sourceOf = (one: string): Source =>
      one === STDIN && upload !== undefined ? upload : { kind: 'path', path: resolve(one) }
    const joined = more.map((other, i) => ({
      source: sourceOf(other),
      // The first trace stays where it is: moving it is moving the others the other way.
      offsetNs: offsets[i + 1] - offsets[0],
    }))
    const summary = await session
      .call('trace.import', {
        source: sourceOf(path),
        more: joined,
        align: options.align,
        out: resolve(out),
        force: options.force,
        ...(options.kallsyms === undefined ? {} : { kallsyms: { kind: 'path', path: resolve(options.kallsyms) } }),
        ...format,
      })
      .catch(naming(path === STDIN ? 'standard input' : path, out))
    if (options.json) printJson(summary)
    else {
      print(describeImport(summary, out, 1 + joined.length))
      note(`next: ${nextOf(summary, out)}`)
    }
    return 0
  },
})

/** ns by file, in their order. A file is named as it was given, or by the end of its path. */
function offsetsOf(given: readonly string[], files: readonly string[]): readonly number[] {
  const out = files.map(() => 0)
  for (const [file, time] of Object.entries(pairs(given, '--offset'))) {
    const matches = files.flatMap((path, i) => (path === file || basename(path) === file ? [i] : []))
    if (matches.length !== 1) {
      const why = matches.length === 0 ? 'is none of the files' : 'is more than one of the files'
      throw new ApiError('bad-request', `--offset: ${file} ${why}`, `they are: ${files.join(', ')}`)
    }
    const ns = parseOffset(time)
    if (ns === undefined)
      throw new ApiError('bad-request', `--offset: '${time}' is no time`, 'such as +12ms, -3us, 1.5s')
    out[matches[0]] = ns
  }
  return out
}

/** `dir/run.trace.txt.zst` → `run.faultline` */
export function defaultName(path: string): string {
  if (path === STDIN) return 'stdin.faultline'
  let name = basename(path)
  while (ENDINGS.test(name) && name.replace(ENDINGS, '') !== '') name = name.replace(ENDINGS, '')
  return `${name}.faultline`
}

/** Standard input as an upload of this session: the engine needs to look at the beginning before it reads the rest. */
async function uploadStdin(session: Session): Promise<Source> {
  const { upload } = await session.call('upload.begin', { name: 'standard input' })
  let pieces: Uint8Array[] = []
  let size = 0
  const send = async () => {
    if (size === 0) return
    const bytes = Buffer.concat(pieces)
    ;[pieces, size] = [[], 0]
    await session.call('upload.chunk', { upload, bytes })
  }
  const stop = () => process.stdin.destroy()
  session.signal.addEventListener('abort', stop, { once: true })
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    pieces.push(piece)
    size += piece.length
    if (size >= PIECE) await send()
  }
  await send()
  session.signal.removeEventListener('abort', stop)
  return { kind: 'upload', upload }
}

/** The command that shows most of it: a report of lockdep's is about orders, and of no locks there is only what to record. */
export function nextOf({ format, lockClasses }: ImportSummary, out: string): string {
  const verb = format === 'lockdep-report' ? 'lock-order' : lockClasses === 0 ? 'doctor' : 'contention'
  return `faultline ${verb} ${quoted(out)}`
}

/** Of several files the summary's format is the first one's. */
export function describeImport(summary: ImportSummary, out: string, files = 1): string {
  const { events, wallMs, lines, skipped, warnings, lost, unmatched } = summary
  const rate = wallMs > 0 ? ` (${count((events / wallMs) * 1000)} events/s)` : ''
  const read = lines === null ? `${count(summary.bytes)} bytes` : plural(lines, 'line')
  const how = files > 1 ? `from ${plural(files, 'file')} with` : `as ${summary.format} from`
  const parts = [
    `${out}: ${plural(events, 'event')} read ${how} ${read} in ${duration(wallMs * 1e6)}${rate}`,
    `  ${plural(summary.ops, 'operation')}, ${plural(summary.lockSpans, 'lock span')} of ${plural(summary.locks, 'lock')} in ${plural(summary.lockClasses, 'class', 'classes')}, ${plural(summary.tasks, 'task')}`,
    ...skipped.map(({ reason, count: times, firstLine, message }) => {
      if (lines === null) return `  ${message ?? reason}${times === 1 ? '' : ` (${plural(times, 'time')})`}`
      const where = firstLine === null ? '' : `, first at line ${count(firstLine)}`
      return `  skipped ${plural(times, 'line')}: ${reason}${where}`
    }),
    ...(lost === null || lost === 0
      ? []
      : [`  lost while recording: ${plural(lost, 'event')}; waits and holds around them may be wrong`]),
    ...warnings.map((warning) => remarkLine({ severity: 'warning', ...warning })),
    ...(unmatched === 0 ? [] : [`  ${plural(unmatched, 'event')} whose begin is not in the trace`]),
  ]
  return parts.map(printable).join('\n')
}
