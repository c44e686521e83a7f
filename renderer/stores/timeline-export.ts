/**
 * Taking what the timeline shows somewhere else: a window as a file of its own, the view as text, the picture as PNG. Saving
 * takes the chosen area where there is one, else the window; it says which.
 */

import { toWireError } from '#shared/base/errors.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import { useClient } from '../api/client.ts'
import type { Timeline } from '../timeline/timeline.ts'
import { kindLook } from '../theme/kinds.ts'
import { bytesText, momentText, rangeText, timeText } from '../ui/format.ts'
import { EXPORT_SCALE, toPng } from '../ui/panel-export.ts'
import { copyText as copy, fileName, saveBlob, stemOf } from '../ui/save.ts'
import { useFilesStore } from './files.ts'
import { useSelectionStore } from './selection.ts'
import { useTimelineStore } from './timeline.ts'
import { useToastStore } from './toasts.ts'
import { useTraceStore } from './trace.ts'
import { useViewStore } from './view.ts'

function useCuts() {
  const client = useClient()
  const timeline = useTimelineStore()
  const selection = useSelectionStore()
  const toasts = useToastStore()
  const files = useFilesStore()
  const view = useViewStore()
  const trace = useTraceStore()

  async function cut(): Promise<void> {
    const { model } = timeline
    const range = selection.range ?? model?.window.value
    if (!model || !range) return
    const fromNs = Math.floor(range.fromNs)
    const toNs = Math.ceil(range.toNs)
    const words = rangeText(range, trace.durationNs, trace.clockUnit)
    try {
      const result = await client.call('export.run', {
        file: model.file,
        trace: model.info.id,
        format: 'faultline',
        fromNs,
        toNs,
      })
      const place = (ns: number) => (trace.clockUnit === 'tick' ? `${ns}ticks` : `${Math.round(ns / 1000)}us`)
      const name = fileName(`${stemOf(trace.opened?.name)}-${place(fromNs)}-${place(toNs - fromNs)}`, 'faultline')
      const blob = new Blob((await exportedBytes(client, result)) as BlobPart[])
      saveBlob(blob, name)
      toasts.show({
        level: 'done',
        title: `Saved ${name}`,
        detail: `${selection.range ? 'Area' : 'Window'} ${words}, ${bytesText(blob.size)}`,
      })
    } catch (thrown) {
      const error = toWireError(thrown)
      toasts.show({
        level: 'error',
        title: 'The window could not be saved',
        detail: [error.message, error.hint].filter((part) => part).join('. '),
      })
    }
  }

  /** The window as a trace of its own, opened beside this one. */
  async function openCut(): Promise<void> {
    const { model } = timeline
    const range = selection.range ?? model?.window.value
    if (!model || !range) return
    try {
      const times = { fromNs: Math.floor(range.fromNs), toNs: Math.ceil(range.toNs) }
      const opened = await client.call('timeline.cut', { file: model.file, trace: model.info.id, ...times })
      const tab = await files.adopt(opened)
      toasts.show({
        level: 'done',
        title: `Opened ${tab.name}`,
        action: { label: 'Show', run: () => view.showFile(tab.file) },
      })
    } catch (thrown) {
      toasts.show({ level: 'error', title: 'The window could not be opened', detail: toWireError(thrown).message })
    }
  }

  return { cut, openCut }
}

function useWords() {
  const timeline = useTimelineStore()
  const selection = useSelectionStore()
  const toasts = useToastStore()
  const trace = useTraceStore()

  /** The view in words: what a message to a colleague needs. */
  function viewText(): string {
    const { model } = timeline
    if (!model) return ''
    const { durationNs, clockUnit: clock } = model.info
    const lines = [`${trace.opened?.name ?? ''}, ${rangeText(model.window.value, durationNs, clock)}`]
    const { range, task, op, wait } = selection.current
    if (range)
      lines.push(`Area: ${rangeText(range, durationNs, clock)} (${timeText(range.toNs - range.fromNs, clock)})`)
    if (task !== undefined) lines.push(`Task: ${trace.taskName(task)}`)
    if (op !== undefined) lines.push(`Operation: ${kindLook(op).label}`)
    if (wait !== undefined) lines.push(`Wait: ${wait}`)
    const span = model.selected.value
    if (span) {
      const row = model.layout.value.rows[model.layout.value.indexOfId.get(span.row) ?? -1]
      lines.push(
        `Selected: ${row?.label ?? span.row}, ${span.family} ${span.name}, ${timeText(span.endNs - span.startNs, clock)} at ${momentText(span.startNs, durationNs, clock)}`,
      )
    }
    return lines.join('\n')
  }
  async function copyText(): Promise<void> {
    const done = await copy(viewText())
    toasts.show(
      done
        ? { level: 'done', title: 'Copied the view as text' }
        : {
            level: 'warning',
            title: 'The clipboard cannot be written',
            detail: 'Click into the window and try again.',
          },
    )
  }

  return { copyText, viewText }
}

export function useTimelineExport() {
  const toasts = useToastStore()
  const trace = useTraceStore()

  async function picture(canvas: Timeline | undefined): Promise<void> {
    const drawn = canvas?.picture(EXPORT_SCALE)
    if (!drawn) return
    const name = fileName(`${stemOf(trace.opened?.name)}-timeline`, 'png')
    saveBlob(await toPng(drawn), name)
    toasts.show({ level: 'done', title: `Saved ${name}`, detail: `${drawn.width} × ${drawn.height} pixels` })
  }
  return { ...useCuts(), ...useWords(), picture }
}
