/** The timeline's calls on the router's thread: each is handed to the data thread, which has the trace in memory. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { assert } from '#shared/base/assert.ts'
import type { MethodName, MethodResult, ParsedParams } from '#shared/contract/methods.ts'
import type { AnnotationChanged } from '#shared/timeline/answers.ts'
import type { NoteChange } from './annotations.ts'
import { makeOwnFolder } from './data-dir.ts'
import type { Handlers, Parts } from './parts.ts'
import type { Call } from './importing.ts'
import { stem } from './names.ts'
import type { TimelineParams, TimelineQuestion } from './timeline-answers.ts'

async function cutPath(folder: string, name: string): Promise<string> {
  await makeOwnFolder(folder)
  return join(folder, `${stem(name)}-cut-${randomBytes(4).toString('hex')}.faultline`)
}

export type TimelineMethod = Extract<MethodName, `timeline.${string}` | `annotations.${string}`>

export function timelineHandlers({
  handles,
  reader,
  jobs,
  files,
  opening,
  imports,
  onNotes,
}: Parts): Pick<Handlers, TimelineMethod> {
  const ask =
    <Q extends TimelineQuestion>(name: Q) =>
    async (params: ParsedParams<`timeline.${Q}`>, { signal }: Call): Promise<MethodResult<`timeline.${Q}`>> => {
      const { file, trace, ...rest } = params
      const answer = await reader.call(
        'timeline',
        [handles.get(file).path, trace, name, rest as TimelineParams<Q>],
        signal,
      )
      return answer as MethodResult<`timeline.${Q}`>
    }
  const change = async (file: string, trace: number, what: NoteChange): Promise<AnnotationChanged> => {
    const changed = await reader.call('annotate', [handles.get(file).path, trace, what])
    onNotes({ file, trace })
    return changed
  }
  const search: Handlers['timeline.search'] = async ({ file, trace, ...params }, { signal, onProgress }) => {
    const { path } = handles.get(file)
    const answer = await reader.call('search', [path, trace, params, undefined], signal)
    if (!('scan' in answer)) return answer
    const scanned = await jobs.run('search', { path, trace, ...answer.scan }, { signal, onProgress })
    const found = await reader.call('search', [path, trace, params, scanned], signal)
    assert(!('scan' in found), 'a scan answers what needed one')
    return found
  }
  /** Into the folder of kept runs and imports, and opened from there like any file. */
  const cut: Handlers['timeline.cut'] = async ({ file, trace, fromNs, toNs }, call) => {
    const { path, name } = handles.get(file)
    const out = await cutPath(imports, name)
    await jobs.run(
      'export',
      { path, out, force: false, format: 'faultline', table: 'lock_span', trace, fromNs, toNs },
      call,
    )
    return (await opening.open({ source: files.grant(out) }, call)).opened
  }
  return {
    'timeline.search': search,
    'timeline.cut': cut,
    'annotations.list': ({ file, trace }, { signal }) => reader.call('notes', [handles.get(file).path, trace], signal),
    'annotations.add': ({ file, trace, ...note }) => change(file, trace, { change: 'add', note }),
    'annotations.update': ({ file, trace, id, ...note }) => change(file, trace, { change: 'update', id, note }),
    'annotations.remove': ({ file, trace, id }) => change(file, trace, { change: 'remove', id }),
    'timeline.rows': ask('rows'),
    'timeline.view': ask('view'),
    'timeline.span': ask('span'),
    'timeline.flow': ask('flow'),
    'timeline.path': ask('path'),
    'timeline.step': ask('step'),
    'timeline.statistics': ask('statistics'),
    'timeline.events': ask('events'),
    'timeline.anchor': ask('anchor'),
  }
}
