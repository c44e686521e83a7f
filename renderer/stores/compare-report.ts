/**
 * The comparison on the screen as one file to send: what is shown goes back to the engine, which writes the page or the
 * text, with the films of the counterexamples it found, and what else was asked of it (sensitivity, scaling).
 */

import { defineStore } from 'pinia'
import { ref } from 'vue'
import { toWireError } from '#shared/base/errors.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import { useClient } from '../api/client.ts'
import { bytesText } from '../ui/format.ts'
import { fileName, saveBlob } from '../ui/save.ts'
import { useComparisonStore } from './comparison.ts'
import type { CompareRequest } from './comparison-setup.ts'
import { useExperimentsStore } from './experiments.ts'
import { useToastStore } from './toasts.ts'

export type ReportFormat = 'html' | 'text'

/** Counterexamples in one report; the table has all. */
const FILMS = 3

export const useCompareReportStore = defineStore('compare-report', () => {
  const client = useClient()
  const comparison = useComparisonStore()
  const experiments = useExperimentsStore()
  const toasts = useToastStore()
  const busy = ref(false)

  async function save(format: ReportFormat): Promise<void> {
    const { request, result } = comparison.compared ?? {}
    if (request === undefined || result === undefined || busy.value) return
    busy.value = true
    const sensitivity = experiments.sensitivity.result
    const scaling = experiments.scaling.result
    const films = result.strategies.flatMap(({ verdict }) => {
      const found = verdict.violations.find(({ schedule }) => schedule !== null)?.schedule
      return found ? [found] : []
    })
    try {
      const made = await client.call('report.compare', {
        format,
        result,
        films: films.slice(0, FILMS),
        traces: tracesOf(request),
        ...(sensitivity === undefined ? {} : { sensitivity }),
        ...(scaling === undefined ? {} : { scaling }),
      })
      const blob = new Blob((await exportedBytes(client, made)) as BlobPart[])
      const name = fileName(`faultline ${titleOf(result.workload)}`, format === 'html' ? 'html' : 'txt')
      saveBlob(blob, name)
      toasts.show({ level: 'done', title: `Saved ${name}`, detail: `${bytesText(blob.size)}, one file, no network` })
    } catch (thrown) {
      const { message, hint } = toWireError(thrown)
      const detail = [message, hint].filter((part) => part).join('. ')
      toasts.show({ level: 'error', title: 'The report could not be written', detail })
    } finally {
      busy.value = false
    }
  }
  return { busy, save }
})

function tracesOf({ kind, params }: CompareRequest): { readonly file: string; readonly trace: number }[] {
  if (kind === 'scenario') return []
  return kind === 'trace' ? [{ file: params.file, trace: params.trace }] : [...params.traces]
}

type Workload = NonNullable<ReturnType<typeof useComparisonStore>['compared']>['result']['workload']

function titleOf(workload: Workload): string {
  if (workload.kind === 'scenario') return workload.scenario
  return workload.kind === 'trace' ? workload.trace : workload.names.join(' ')
}
